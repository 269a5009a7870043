//! What looks like a secret wherever it comes from: tokens with a known beginning, credentials in headers and URLs,
//! settings named like passwords, private keys.

use super::REDACTED;

/// Where a secret is in a text, as bytes from and to.
type Span = (usize, usize);

/// The text with all patterns taken out; none when there was nothing to take out.
pub(super) fn redact(text: &str) -> Option<String> {
    let mut spans: Vec<Span> = FINDERS.iter().flat_map(|find| find(text)).filter(|(from, to)| from < to).collect();
    if spans.is_empty() {
        return None;
    }
    spans.sort_unstable();
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to) in spans {
        if from >= done {
            clean.push_str(&text[done..from]);
            clean.push_str(REDACTED);
        }
        done = done.max(to);
    }
    clean.push_str(&text[done..]);
    Some(clean)
}

/// Each finds one kind of secret. Spans begin and end at character boundaries.
const FINDERS: &[fn(&str) -> Vec<Span>] = &[tokens, web_tokens, headers, urls, settings, private_keys];

/// Where something stands that is a secret whatever is around it, with what it is.
pub(crate) fn surely_secret(text: &str) -> Vec<(usize, &'static str)> {
    let tokens = tokens(text).into_iter().map(|(from, _)| (from, kind_of_token(text.get(from..).unwrap_or_default())));
    let web_tokens = web_tokens(text).into_iter().map(|(from, _)| (from, "a token"));
    let kind_of_key = |from: usize| match text.get(from..).and_then(|key| key.lines().next()) {
        Some(head) if head.contains(" ENCRYPTED ") => "a private key, behind a passphrase only",
        _ => "a private key",
    };
    let keys = private_keys(text).into_iter().map(|(from, _)| (from, kind_of_key(from)));
    tokens.chain(web_tokens).chain(keys).collect()
}

fn kind_of_token(token: &str) -> &'static str {
    const KINDS: [(&str, &str); 5] = [
        ("AGE-SECRET-KEY-", "a private key of age"),
        ("hooks.slack.com/", "an address of Slack that anybody could post to"),
        ("AKIA", "an access key of AWS"),
        ("ASIA", "an access key of AWS"),
        ("AIza", "an API key of Google"),
    ];
    KINDS.iter().find(|(begin, _)| token.starts_with(begin)).map_or("a token", |(_, kind)| kind)
}

/// A token's beginning, and how many characters at least follow it.
const TOKENS: &[(&str, usize)] = &[
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("gldt-", 16),
    ("xoxa-", 8),
    ("xoxb-", 8),
    ("xoxe.", 8),
    ("xoxe-", 8),
    ("xoxp-", 8),
    ("xoxr-", 8),
    ("xoxs-", 8),
    ("xapp-", 8),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("sk_live_", 12),
    ("rk_live_", 12),
    ("whsec_", 12),
    ("npm_", 30),
    ("pypi-", 30),
    ("dckr_pat_", 16),
    ("hvs.", 16),
    ("AGE-SECRET-KEY-", 20),
    ("hooks.slack.com/services/", 8),
];

fn tokens(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (prefix, least) in TOKENS {
        for (at, _) in text.match_indices(prefix) {
            let begins = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let end = at + prefix.len() + run(&text[at + prefix.len()..], |c| in_token(c) || c == '/');
            if begins && end - at - prefix.len() >= *least {
                spans.push((at, end));
            }
        }
    }
    spans
}

/// `eyJ...` and two more parts: a JSON web token.
fn web_tokens(text: &str) -> Vec<Span> {
    let in_jwt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    text.match_indices("eyJ")
        .map(|(at, _)| (at, at + run(&text[at..], in_jwt)))
        .filter(|(from, to)| to - from >= 20 && text[*from..*to].matches('.').count() >= 1)
        .collect()
}

/// `Authorization: ...`, whole; `Bearer ...` and `Basic ...` anywhere when what follows isn't plainly a word.
fn headers(text: &str) -> Vec<Span> {
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    for name in ["authorization:", "authorization\":", "private-token:", "x-api-key:", "set-cookie:", "cookie:"] {
        for (at, _) in lower.match_indices(name) {
            let from = at + name.len();
            let from = from + run(&text[from..], |c| c == ' ' || c == '"');
            spans.push((from, from + run(&text[from..], |c| !matches!(c, '\n' | '\r' | '"' | '\''))));
        }
    }
    for scheme in ["bearer ", "basic "] {
        for (at, _) in lower.match_indices(scheme) {
            let from = at + scheme.len();
            let to = from + run(&text[from..], |c| in_token(c) || matches!(c, '+' | '/' | '=' | '~'));
            let token = &text[from..to];
            let no_word = token.contains(|c: char| c.is_ascii_digit() || matches!(c, '=' | '_' | '+' | '/'))
                || token.chars().skip(1).any(|c| c.is_ascii_uppercase());
            if token.len() >= 8 && (no_word || token.len() > 24) {
                spans.push((from, to));
            }
        }
    }
    spans
}

/// `scheme://user:password@host`; for the web also `scheme://token@host`.
fn urls(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices("://") {
        let from = at + 3;
        let authority = &text[from..from + run(&text[from..], |c| !c.is_whitespace() && !"/?#\"'<>`".contains(c))];
        // The last `@` parts them: a password may hold others. One with a slash in it is a broken URL; take it too.
        let Some(end) = authority.rfind('@').or_else(|| broken_userinfo(&text[from..])) else { continue };
        let web =
            text[..at].to_ascii_lowercase().ends_with("http") || text[..at].to_ascii_lowercase().ends_with("https");
        if web || text[from..from + end].contains(':') {
            spans.push((from, from + end));
        }
    }
    spans
}

/// `user:pa/ss@host`: a password that should have been encoded.
fn broken_userinfo(rest: &str) -> Option<usize> {
    let word = &rest[..run(rest, |c| !c.is_whitespace() && !"\"'<>`".contains(c))];
    let colon = word.find(':')?;
    let at = word.rfind('@')?;
    let first_slash = word.find('/')?;
    // `host:8080/path@2` has a port: digits only up to the slash.
    let port = colon < first_slash && word[colon + 1..first_slash].bytes().all(|byte| byte.is_ascii_digit());
    (colon < first_slash && first_slash < at && !port).then_some(at)
}

/// Names of settings whose value is taken out, when they end like this.
const SETTINGS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "accesskey",
    "private_key",
    "credentials",
    "sig",
    "signature",
    "pwd",
];

/// `DB_PASSWORD=...`, `?sig=...`, `"token": "..."`
fn settings(text: &str) -> Vec<Span> {
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    for name in SETTINGS {
        for (at, _) in lower.match_indices(name) {
            // `sig` and `pwd` are also parts of words.
            if name.len() == 3 && lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            if let Some(span) = value_after(text, at + name.len()) {
                spans.push(span);
            }
        }
    }
    spans
}

/// The value behind `=` or `": `, in quotes or bare.
fn value_after(text: &str, at: usize) -> Option<Span> {
    let rest = &text[at..];
    let skip = if rest.starts_with('=') {
        1
    } else {
        let quoted = rest.strip_prefix("\\\"").map(|rest| (2, rest)).or_else(|| rest.strip_prefix('"').map(|r| (1, r)));
        let (quote, rest) = quoted?;
        let colon = run(rest, |c| c == ' ');
        rest[colon..].strip_prefix(':')?;
        quote + colon + 1
    };
    let from = at + skip;
    let from = if skip == 1 { from } else { from + run(&text[from..], |c| c == ' ') };
    let rest = &text[from..];
    for quote in ["\\\"", "\"", "'"] {
        if let Some(inside) = rest.strip_prefix(quote) {
            let end = inside.find(quote).unwrap_or(inside.len());
            return Some((from + quote.len(), from + quote.len() + end));
        }
    }
    Some((from, from + run(rest, |c| !c.is_whitespace() && !"&\"';,)}]".contains(c))))
}

fn private_keys(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, begin) in text.match_indices("-----BEGIN ") {
        let head = &text[at + begin.len()..];
        let Some(dashes) = head.find("-----") else { continue };
        if !head[..dashes].ends_with("PRIVATE KEY") && !head[..dashes].ends_with("PRIVATE KEY BLOCK") {
            continue;
        }
        let end = head[dashes..].find("-----END ").map(|end| dashes + end);
        // Cut off: whatever follows may still be the key.
        let to = end.and_then(|end| {
            let close = end + "-----END ".len();
            head[close..].find("-----").map(|dashes| close + dashes + "-----".len())
        });
        spans.push((at, to.map_or(text.len(), |to| at + begin.len() + to)));
    }
    spans
}

fn in_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// How many bytes at the beginning are of characters that fit.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}
