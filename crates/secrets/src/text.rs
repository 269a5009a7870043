//! Texts of others, made fit to be shown.

/// Takes out what a terminal or a page would obey instead of show: escape sequences, control characters, and marks
/// that turn the direction of writing. Line ends become `\n`; tabs stay.
pub fn clean_terminal(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_until(&mut rest, |c| ('@'..='~').contains(&c)),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() || turns_direction(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// A text or bytes with every character in it, and what a terminal or a page would obey as `\u{1b}`; bytes that are no text as `\xff`.
pub fn escape_terminal(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' => shown.push(c),
                c if c.is_control() || turns_direction(c) => shown.extend(c.escape_unicode()),
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// What stands where a text was cut: the redactor looks before it for what is left of a secret.
pub(crate) const CUT: char = '…';

/// A text as it may stand in any part of an address: all but what RFC 3986 calls unreserved is written as `%2F` is.
pub fn in_address(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Cuts a text to at most `max` characters, the last of them `…` when something is missing.
pub fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) if max == 0 => String::new(),
        Some(_) => text.chars().take(max - 1).chain([CUT]).collect(),
    }
}

/// The text itself if it is a link that may be put on a page or into a chat: http or https, with a host, without
/// credentials, and of characters that no reader takes for the end of it.
pub fn safe_url(text: &str) -> Option<&str> {
    const LONGEST: usize = 2048;
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let (start, rest) = (text.get(..scheme.len())?, text.get(scheme.len()..)?);
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || turns_direction(c) || "<>\"'`\\|^{}".contains(c);
    if text.len() > LONGEST || text.chars().any(odd) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    (!host.is_empty() && !authority.contains('@')).then_some(text)
}

/// After ESC: `[` starts a control sequence, `]`, `P`, `X`, `^` and `_` start a text up to BEL or ESC `\`.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_until(rest, |c| ('@'..='~').contains(&c)),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(rest),
        // Two more characters belong to sequences like ESC ( B.
        Some(' '..='/') => skip_until(rest, |c| ('0'..='~').contains(&c)),
        _ => {}
    }
}

fn skip_until(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, ends: impl Fn(char) -> bool) {
    // A line end is never part of a sequence: one left open must not swallow the lines after it.
    while let Some(c) = rest.next_if(|c| *c != '\n') {
        if ends(c) {
            return;
        }
    }
}

fn skip_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = rest.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_out_clean_and_not_longer(text in any::<String>(), max in 0..50_usize) {
            let clean = clean_terminal(&text);
            prop_assert!(!clean.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(clean_terminal(&clean), clean);
            prop_assert!(clip(&text, max).chars().count() <= max);
            let _ = safe_url(&text);
        }

        #[test]
        fn escapes_never_come_through(parts in prop::collection::vec(prop_oneof![
            Just("\u{1b}"), Just("["), Just("]"), Just("0;1m"), Just("\u{9b}"), Just("\u{7}"), Just("\n"), Just("\\"), Just("x"),
        ], 0..20)) {
            let clean = clean_terminal(&parts.concat());
            let obeyed = clean.contains(['\u{1b}', '\u{9b}', '\u{7}']);
            prop_assert!(!obeyed);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        let table = [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\u{8}\u{8}b\u{0}", "ab"),
            ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("\u{1b}]never closed\nnext line", "\nnext line"),
            ("\u{1b}(Bplain\ttab", "plain\ttab"),
            ("größe ✔", "größe ✔"),
            ("\u{1b}", ""),
        ];
        for (from, to) in table {
            assert_eq!(clean_terminal(from), to, "{from:?}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_nothing_is_left_out() {
        assert_eq!(
            escape_terminal("a\u{1b}[31mb\r\n\tc \u{202e}größe".as_bytes()),
            "a\\u{1b}[31mb\\u{d}\n\tc \\u{202e}größe"
        );
        assert_eq!(escape_terminal(b"\xff\x00x"), "\\xff\\u{0}x");
    }

    #[test]
    fn a_cut_text_says_so_and_is_never_longer() {
        assert_eq!(clip("shop", 4), "shop");
        assert_eq!(clip("shops", 4), "sho…");
        assert_eq!(clip("äöü", 2), "ä…");
        assert_eq!(clip("ab", 0), "");
        assert_eq!(clip("", 0), "");
    }

    #[test]
    fn only_plain_web_links_are_links() {
        for good in ["https://ci.example/1?a=b#c", "HTTP://ci.example", "https://ci.example:8443/x"] {
            assert_eq!(safe_url(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "text|javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///path",
            "https://user:pass@ci.example",
            "https://ci.example/a b",
            "https://ci.example/\u{202e}",
            "https://ci.example/<script>",
            "//ci.example",
            " https://ci.example",
            "https://ci.example\\@evil",
            "ö",
            "",
        ] {
            assert_eq!(safe_url(bad), None, "{bad:?}");
        }
    }
}
