//! Numbers of things in words.

/// `1 file`, `2 files`.
pub(super) fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// How many of so many files were changed, as a sentence.
pub(super) fn changed(changed: usize, all: usize) -> String {
    match changed {
        0 => "no file was changed".to_owned(),
        1 if all == 1 => "1 file was changed".to_owned(),
        1 => format!("1 of {} was changed", files(all)),
        changed if changed == all => format!("{} were changed", files(all)),
        changed => format!("{changed} of {} were changed", files(all)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_more_are_more() {
        assert_eq!([files(0), files(1), files(2)], ["0 files", "1 file", "2 files"]);
        let all = [(0, 3), (1, 1), (1, 3), (2, 2), (2, 3)].map(|(some, all)| changed(some, all));
        let want = [
            "no file was changed",
            "1 file was changed",
            "1 of 3 files was changed",
            "2 files were changed",
            "2 of 3 files were changed",
        ];
        assert_eq!(all, want);
    }
}
