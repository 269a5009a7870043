//! Makes text of git and of remotes fit for people: no secrets, no userinfo in addresses, no control characters.

const LONGEST: usize = 4000;

/// Shorter "secrets" would tear holes into ordinary words.
const SHORTEST_SECRET: usize = 4;

/// Knows the values that must never be shown.
#[derive(Default)]
pub(crate) struct Scrubber {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} secrets)", self.secrets.len())
    }
}

impl Scrubber {
    pub(crate) fn new(secrets: Vec<String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|s| s.len() >= SHORTEST_SECRET).collect();
        // Longest first, so that a secret inside another does not leave the rest of the other standing.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    pub(crate) fn clean(&self, text: &str) -> String {
        let plain = without_controls(text);
        let hidden = self.secrets.iter().fold(plain, |text, secret| text.replace(secret.as_str(), "***"));
        let safe = without_userinfo(&hidden);
        let cut: String = safe.chars().take(LONGEST).collect();
        cut.trim().to_owned()
    }
}

/// Drops terminal escapes and every control character but the line feed.
fn without_controls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // A control sequence ends with its first letter.
                while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
            }
            '\n' => kept.push('\n'),
            '\r' | '\t' => kept.push(' '),
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
}

/// Turns `https://user:token@host/` into `https://host/`.
fn without_userinfo(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        kept.push_str(before);
        kept.push_str("://");
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'' || c == '"').unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        kept.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = tail;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_userinfo() {
        let scrubber = Scrubber::default();
        let said =
            scrubber.clean("fatal: unable to access 'https://bot:pass@host/x.git/': and ssh://git@h:22/y ok a@b");
        assert_eq!(said, "fatal: unable to access 'https://host/x.git/': and ssh://h:22/y ok a@b");
    }

    #[test]
    fn registered_secrets_are_starred_even_when_one_contains_another() {
        let scrubber = Scrubber::new(vec!["abcd".into(), "xabcdx".into(), "no".into()]);
        assert_eq!(scrubber.clean("no xabcdx, abcd"), "no ***, ***");
    }

    #[test]
    fn terminal_escapes_are_dropped() {
        assert_eq!(Scrubber::default().clean("\u{1b}[31mred\u{1b}[0m\u{7}\r\nnext\u{0}"), "red \nnext");
    }

    proptest::proptest! {
        #[test]
        fn no_registered_secret_is_left_whatever_stands_around_it(
            before in "[ -~\u{1b}\n\u{0}]{0,20}",
            secret in "[a-zA-Z0-9_-]{4,30}",
            after in "[ -~\u{1b}\n\u{0}]{0,20}",
        ) {
            let scrubber = Scrubber::new(vec![secret.clone()]);
            let cleaned = scrubber.clean(&format!("{before}{secret}{after}"));
            // What is left must not be the secret; only stars and what stood around.
            proptest::prop_assert!(!cleaned.contains(&secret), "{cleaned:?}");
        }
    }
}
