//! A unified diff as coloured lines; the sign stays, so that colour is not needed.

/// Lines that a page shows of one diff.
const MOST_LINES: usize = 400;

/// A diff, cut to what a page can carry.
pub(crate) struct Diff {
    pub lines: Vec<Line>,
    pub shown: usize,
    pub all: usize,
    pub added: usize,
    pub removed: usize,
}

/// One line of a diff.
pub(crate) struct Line {
    /// Its style.
    pub kind: &'static str,
    pub text: String,
}

impl Diff {
    /// Reads a unified diff. An empty one is none.
    pub(crate) fn of(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let kinds = || text.lines().map(kind);
        let lines: Vec<Line> =
            text.lines().take(MOST_LINES).map(|text| Line { kind: kind(text), text: text.to_owned() }).collect();
        Some(Self {
            shown: lines.len(),
            lines,
            all: text.lines().count(),
            added: kinds().filter(|kind| *kind == "d-added").count(),
            removed: kinds().filter(|kind| *kind == "d-removed").count(),
        })
    }
}

fn kind(line: &str) -> &'static str {
    if line.starts_with("+++") || line.starts_with("---") || line.starts_with("diff ") {
        "d-file"
    } else if line.starts_with("@@") {
        "d-place"
    } else if line.starts_with('+') {
        "d-added"
    } else if line.starts_with('-') {
        "d-removed"
    } else {
        "d-same"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_diff_says_what_was_cut() {
        let text = "@@ -1 +1 @@\n".to_owned() + &"+line\n".repeat(1000);
        let diff = Diff::of(&text).unwrap();
        assert_eq!((diff.shown, diff.all, diff.added, diff.removed), (400, 1001, 1000, 0));
        assert!(Diff::of(" \n").is_none());
    }
}
