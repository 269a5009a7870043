//! What is said when objects of a pushed commit are left out.

use model::{CommitId, InstanceId, Quarantine};

use super::place;
use crate::{Message, Mood};

/// So many objects are named.
const MOST_NAMED: usize = 5;

/// What is left out, whose it is, and why: in one sentence.
pub fn quarantined(quarantine: &Quarantine) -> String {
    let by = &quarantine.by;
    let what = format!("commit {} by {} (\u{201c}{}\u{201d})", by.commit.short(), by.author, by.subject);
    let one = |object: &model::QuarantinedObject| {
        format!("{} ({}): {}", object.label(), object.place, object.why.trim_end_matches('.'))
    };
    let named: Vec<String> = quarantine.objects.iter().take(MOST_NAMED).map(one).collect();
    let more = quarantine.objects.len().saturating_sub(MOST_NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{what} is applied without {}{more}; it is tried again with the next commit", named.join("; "))
}

/// The message about it. `ended` is the commit that was proven since, with all of its objects.
pub fn quarantine_message(
    instance: &InstanceId,
    quarantine: &Quarantine,
    ended: Option<&CommitId>,
    url: &str,
) -> Message {
    let header = match ended {
        Some(_) => format!("{}: nothing that was pushed is left out any more", place(instance)),
        None => format!("{}: a part of what was pushed is left out", place(instance)),
    };
    let sentence = quarantined(quarantine);
    let over = ended.map(|commit| format!("Commit {} was proven since.", commit.short()));
    Message {
        mood: if ended.is_some() { Mood::Good } else { Mood::Attention },
        summary: format!("{header}: {sentence}"),
        header,
        paragraphs: std::iter::once(sentence).chain(over).collect(),
        buttons: vec![super::head::details(instance, url)],
        ..Message::default()
    }
}

/// What a second message about the same commit is edited into.
pub fn quarantine_pointer(instance: &InstanceId) -> String {
    format!("This was posted twice. What is left out of {} is in its other message.", place(instance))
}

#[cfg(test)]
mod tests {
    use model::{CommitLine, QuarantinedObject, Timestamp};

    use super::*;

    #[test]
    fn what_is_left_out_is_named_with_its_place() {
        let commit = |digit: char| digit.to_string().repeat(40).parse::<CommitId>().unwrap();
        let by = CommitLine { commit: commit('b'), author: "Bob".to_owned(), subject: "Prices".to_owned() };
        let object = |kind: &str, name: &str| QuarantinedObject {
            group: String::new(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            place: "apps/shop/prod/x.yaml:3".to_owned(),
            why: "no such field.".to_owned(),
        };
        let objects = vec![object("Service", "web"), object("", "")];
        let quarantine = Quarantine { commit: commit('c'), by, objects, at: Timestamp(0) };
        assert_eq!(
            quarantined(&quarantine),
            "commit bbbbbbbb by Bob (\u{201c}Prices\u{201d}) is applied without Service/web (apps/shop/prod/x.yaml:3): no such field; an object (apps/shop/prod/x.yaml:3): no such field; it is tried again with the next commit"
        );
        let instance = "shop/prod".parse().unwrap();
        let message = quarantine_message(&instance, &quarantine, None, "https://x/i/shop/prod");
        assert_eq!(message.header, "shop \u{2192} prod: a part of what was pushed is left out");
        let message = quarantine_message(&instance, &quarantine, Some(&commit('d')), "https://x");
        assert_eq!((message.mood, message.paragraphs.len()), (Mood::Good, 2));
    }
}
