//! What is said when a commit that people pushed does not work.

use model::FailedHead;

/// What failed, whose it is, why, and what runs meanwhile: in one sentence.
pub fn failed_head(failed: &FailedHead) -> String {
    let by = &failed.head.by;
    let what = format!("commit {} by {} (\u{201c}{}\u{201d})", by.commit.short(), by.author, by.subject);
    let why = failed.head.failure.sentence.trim_end_matches('.');
    let on = match (&failed.head.held_on, &failed.back) {
        (None, _) => "it stays there, as the rule `follow` says, and is looked at again".to_owned(),
        (Some(on), None) if failed.head.touched => format!("going back to commit {}", on.short()),
        (Some(on), None) => format!("nothing was touched, and commit {} runs on", on.short()),
        (Some(on), Some(back)) if back.healthy => format!("held on commit {}, which {}", on.short(), back.seen),
        (Some(on), Some(back)) => format!("commit {} does not work again either: {}", on.short(), back.seen),
    };
    format!("{what} does not work: {why}; {on}")
}

#[cfg(test)]
mod tests {
    use model::{CommitLine, FailureReport, HeadFailure, HeldBack, Timestamp};

    use super::*;

    fn failed(touched: bool, held: bool, back: Option<HeldBack>) -> FailedHead {
        let commit = |digit: char| digit.to_string().repeat(40).parse().unwrap();
        let failure = FailureReport {
            sentence: "web starts and stops again.".to_owned(),
            technical: String::new(),
            object: "Deployment/web".to_owned(),
            log: Vec::new(),
        };
        let by = CommitLine { commit: commit('b'), author: "Bob".to_owned(), subject: "Prices".to_owned() };
        let held_on = held.then(|| commit('a'));
        let head = HeadFailure { head: commit('c'), by, render_hash: None, failure, touched, held_on };
        FailedHead { head, at: Timestamp(0), back }
    }

    #[test]
    fn each_way_that_a_pushed_commit_fails_is_told_in_these_words() {
        let back = |healthy, seen: &str| Some(HeldBack { healthy, seen: seen.to_owned() });
        let said = "commit bbbbbbbb by Bob (\u{201c}Prices\u{201d}) does not work: web starts and stops again; ";
        let cases = [
            (failed(true, true, None), "going back to commit aaaaaaaa"),
            (failed(true, true, back(true, "runs as before")), "held on commit aaaaaaaa, which runs as before"),
            (failed(true, true, back(false, "x")), "commit aaaaaaaa does not work again either: x"),
            (failed(false, true, None), "nothing was touched, and commit aaaaaaaa runs on"),
            (failed(true, false, None), "it stays there, as the rule `follow` says, and is looked at again"),
        ];
        for (failed, ends) in cases {
            assert_eq!(failed_head(&failed), format!("{said}{ends}"));
        }
    }
}
