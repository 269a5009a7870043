//! Texts from outside, made fit to be kept and shown: cut, on one line, without control characters.

use url::Url;

/// The first line without control and direction-changing characters, at most so many characters; `None` when empty.
pub(super) fn line(text: &str, longest: usize) -> Option<String> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let kept: String = first.chars().filter(|c| !steers_display(*c)).take(longest).collect();
    let kept = kept.trim_end();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Terminal escapes, and the marks that make a text read otherwise than it is.
fn steers_display(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

const LONGEST_LINK: usize = 2000;

/// An http or https address without credentials in it. An empty text is no address.
pub(super) fn link(text: &str) -> Result<Option<String>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST_LINK {
        return Err("it is longer than 2,000 characters");
    }
    let mut url = Url::parse(text).map_err(|_| "it is not an address")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http and https addresses are shown to people");
    }
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| "it has no host")?;
    let url = String::from(url);
    // Percent-encoding may have made it longer.
    if url.len() > LONGEST_LINK { Err("it is longer than 2,000 characters") } else { Ok(Some(url)) }
}
