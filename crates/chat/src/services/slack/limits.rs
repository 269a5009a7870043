//! Slack's documented limits, all in one place. Text is counted in UTF-16 units, the strictest reading of "characters".

/// Blocks in a message.
pub(super) const BLOCKS: usize = 50;
/// Text of a section.
pub(super) const SECTION: usize = 3000;
/// Fields of a section.
pub(super) const FIELDS: usize = 10;
/// Text of a field.
pub(super) const FIELD: usize = 2000;
/// Text of a header.
pub(super) const HEADER: usize = 150;
/// Elements of an actions block.
pub(super) const ACTIONS: usize = 25;
/// Text of an element of a context block.
pub(super) const CONTEXT: usize = 3000;
/// Text on a button.
pub(super) const BUTTON: usize = 75;
/// What a screen reader says of a button.
pub(super) const SPOKEN: usize = 75;
/// A button's address.
pub(super) const URL: usize = 3000;
/// Title of a question.
pub(super) const CONFIRM_TITLE: usize = 100;
/// Text of a question.
pub(super) const CONFIRM_TEXT: usize = 300;
/// Answer to a question.
pub(super) const CONFIRM_BUTTON: usize = 30;
/// The text of a message; Slack cuts at 40,000 and asks for 4,000.
pub(super) const TEXT: usize = 4000;

/// How many of them a text takes.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Plain text of at most `limit`: on one line, never empty, nothing in it that could be read as markup.
pub(super) fn plain(text: &str, limit: usize) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clip(&one_line, limit, |c| match c {
        '<' => Piece::Char('‹'),
        '>' => Piece::Char('›'),
        _ => Piece::Char(c),
    })
}

/// Text for Slack's markup of at most `limit`: escaped, so that nothing in it is a link or a mention.
pub(super) fn marked(text: &str, limit: usize) -> String {
    clip(text, limit, |c| match c {
        '&' => Piece::Entity("&amp;"),
        '<' => Piece::Entity("&lt;"),
        '>' => Piece::Entity("&gt;"),
        _ => Piece::Char(c),
    })
}

enum Piece {
    Char(char),
    Entity(&'static str),
}

impl Piece {
    fn units(&self) -> usize {
        match self {
            Self::Char(c) => c.len_utf16(),
            Self::Entity(entity) => entity.len(),
        }
    }

    fn push(&self, to: &mut String) {
        match self {
            Self::Char(c) => to.push(*c),
            Self::Entity(entity) => to.push_str(entity),
        }
    }
}

/// Whole pieces up to the limit, with an ellipsis where something is cut. A text is never empty, since Slack refuses that.
fn clip(text: &str, limit: usize, piece: fn(char) -> Piece) -> String {
    let (mut clipped, mut taken, mut fits_with_ellipsis) = (String::new(), 0, 0);
    for piece in text.trim().chars().filter(|&c| !is_invisible(c)).map(piece) {
        taken += piece.units();
        if taken > limit {
            clipped.truncate(fits_with_ellipsis);
            clipped.push('…');
            return clipped;
        }
        piece.push(&mut clipped);
        if taken < limit {
            fits_with_ellipsis = clipped.len();
        }
    }
    if clipped.is_empty() { "–".to_owned() } else { clipped }
}

/// Control characters, and those that turn the direction of the text around them: they change what people read elsewhere.
fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_the_limit_stays_and_one_over_is_cut() {
        assert_eq!(marked(&"a".repeat(10), 10), "a".repeat(10));
        assert_eq!(marked(&"a".repeat(11), 10), format!("{}…", "a".repeat(9)));
        assert_eq!(units(&plain(&"🦀".repeat(11), 10)), 9);
    }

    #[test]
    fn an_entity_is_never_cut_in_half() {
        for limit in 1..20 {
            let text = marked("<!channel> & <@U1>", limit);
            assert!(units(&text) <= limit, "{text}");
            assert!(!text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "").contains('&'), "{text}");
        }
    }

    #[test]
    fn nothing_is_left_that_mentions_turns_or_hides() {
        assert_eq!(marked("<!channel>", 100), "&lt;!channel&gt;");
        assert_eq!(plain("<!here>\nnow", 100), "‹!here› now");
        assert_eq!(plain("a\u{202e}b\u{0}c", 100), "abc");
        assert_eq!(plain(" \u{202e} ", 100), "–");
    }
}
