//! What is said when a commit that people pushed does not work.

use model::{CommitId, FailedHead, InstanceId};

use super::{DETAILS, place};
use crate::{Action, Button, ButtonStyle, Message, Mood};

/// Lines of the failing container that are shown; the page has more.
const LOG_LINES: usize = 10;

/// The message about it. `ended` is the commit that was proven since.
pub fn head_message(
    instance: &InstanceId,
    failed: &FailedHead,
    ended: Option<&CommitId>,
    url: &str,
    show_log: bool,
) -> Message {
    let header = match ended {
        Some(_) => format!("{}: what was pushed works again", place(instance)),
        None => format!("{}: a pushed commit does not work", place(instance)),
    };
    let works = failed.head.held_on.is_some() && failed.back.as_ref().is_none_or(|back| back.healthy);
    let over = ended.map(|commit| format!("Commit {} was proven since.", commit.short()));
    let sentence = failed_head(failed);
    let lines = failed.head.failure.log.iter().rev().take(LOG_LINES).rev().cloned();
    Message {
        mood: match ended {
            Some(_) => Mood::Good,
            None if works => Mood::Bad,
            None => Mood::Attention,
        },
        summary: format!("{header}: {sentence}"),
        header,
        paragraphs: std::iter::once(sentence).chain(over).collect(),
        log: if show_log && ended.is_none() { lines.collect() } else { Vec::new() },
        buttons: vec![details(instance, url)],
        ..Message::default()
    }
}

/// What a second message about the same commit is edited into.
pub fn head_pointer(instance: &InstanceId) -> String {
    format!("This was posted twice. What was pushed to {} goes on in its other message.", place(instance))
}

/// Where it can be tried again and reverted.
pub(super) fn details(instance: &InstanceId, url: &str) -> Button {
    Button {
        action: Action::Details,
        label: DETAILS.to_owned(),
        spoken: format!("{DETAILS}: {instance}"),
        style: ButtonStyle::Plain,
        confirm: None,
        value: None,
        url: Some(url.to_owned()),
    }
}

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
    fn the_message_says_when_it_is_over() {
        let instance = "shop/prod".parse().unwrap();
        let held = failed(true, true, None);
        let message = head_message(&instance, &held, None, "https://x/i/shop/prod", true);
        assert_eq!((message.mood, message.header.as_str()), (Mood::Bad, "shop → prod: a pushed commit does not work"));
        let commit = "d".repeat(40).parse().unwrap();
        let message = head_message(&instance, &held, Some(&commit), "https://x/i/shop/prod", true);
        assert_eq!((message.mood, message.header.as_str()), (Mood::Good, "shop → prod: what was pushed works again"));
        assert_eq!(message.paragraphs[1], "Commit dddddddd was proven since.");
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
