//! What is said about differences from git that are left so.

use model::{InstanceId, LeftDrift};

use super::{drifted, place};
use crate::{Message, Mood};

/// So many objects are named.
const MOST_NAMED: usize = 5;

/// The message about it.
pub fn left_drift_message(instance: &InstanceId, left: &LeftDrift, url: &str) -> Message {
    let now = if left.is_over { "is equal to git again" } else { "differs from git" };
    let header = format!("{}: {now}", place(instance));
    let more = left.found.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("And {more} more."));
    let paragraphs: Vec<String> = left.found.iter().take(MOST_NAMED).map(drifted).chain(more).collect();
    Message {
        mood: if left.is_over { Mood::Good } else { Mood::Attention },
        summary: format!("{header}: {}", paragraphs.join("; ")),
        header,
        paragraphs: if left.is_over { Vec::new() } else { paragraphs },
        buttons: vec![super::head::details(instance, url)],
        ..Message::default()
    }
}

/// What a second message about the same is edited into.
pub fn left_drift_pointer(instance: &InstanceId) -> String {
    format!("This was posted twice. What differs in {} is in its other message.", place(instance))
}

#[cfg(test)]
mod tests {
    use model::{DriftDone, DriftFound, Timestamp};

    use super::*;

    #[test]
    fn what_differs_is_named_until_it_is_over() {
        let object = |n: usize| DriftFound {
            object: format!("ConfigMap/c{n}"),
            what: vec!["data.A by kubectl-edit at 14:02".to_owned()],
            done: DriftDone::GivenUp,
            fields: Vec::new(),
        };
        let instance = "shop/prod".parse().unwrap();
        let found: Vec<DriftFound> = (0..7).map(object).collect();
        let left = LeftDrift { since: Timestamp(0), found, is_over: false };
        let message = left_drift_message(&instance, &left, "https://x/i/shop/prod");
        assert_eq!(message.header, "shop → prod: differs from git");
        assert_eq!((message.paragraphs.len(), message.paragraphs[5].as_str()), (6, "And 2 more."));
        assert!(message.paragraphs[0].ends_with("is left to people now"), "{:?}", message.paragraphs);
        let over = left_drift_message(&instance, &LeftDrift { is_over: true, ..left }, "https://x/i/shop/prod");
        assert_eq!((over.header.as_str(), over.paragraphs.len()), ("shop → prod: is equal to git again", 0));
    }
}
