use model::PinId;
use proptest::prelude::*;
use testkit::slack::violations;

use super::*;
use crate::{Action, ButtonValue};

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// Names of 200 characters, emoji, right-to-left, mentions, markup, and 40 kB.
fn extreme() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("n".repeat(200)),
        Just("👩‍👩‍👧‍👦".repeat(500)),
        Just("\u{202e}מזל טוב ".repeat(300)),
        Just("<!channel> <@U024BE7LH> <#C0DEPLOYS1> <https://evil.example|ok> & ".repeat(100)),
        Just("```*_~`\n".repeat(400)),
        Just("x & <y> ".repeat(5000)),
        "\\PC{0,400}",
        any::<String>(),
    ]
}

fn address() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("https://ci.example/a|b>c&d=<e>".to_owned())),
        Just(Some(format!("https://ci.example/{}", "p".repeat(4000)))),
        Just(Some("javascript:alert(1)".to_owned())),
        extreme().prop_map(Some),
    ]
}

fn any_button() -> impl Strategy<Value = Button> {
    (extreme(), extreme(), extreme(), extreme(), address(), any::<bool>()).prop_map(
        |(label, spoken, title, text, url, asks)| Button {
            action: if url.is_some() { Action::Details } else { Action::Approve },
            label: label.clone(),
            spoken,
            style: ButtonStyle::Danger,
            confirm: asks.then_some(Confirm { title, text, yes: label.clone(), no: label }),
            value: Some(ButtonValue { pin: PinId::from_random([1; 16]), nonce: "0".repeat(16) }),
            url,
        },
    )
}

fn any_message() -> impl Strategy<Value = Message> {
    let many = |most| proptest::collection::vec(extreme(), 0..most);
    let fields = proptest::collection::vec((extreme(), extreme(), address()), 0..14);
    let texts = (extreme(), extreme(), proptest::option::of(extreme()), proptest::option::of(extreme()));
    (texts, many(12), fields, many(101), many(30), proptest::option::of(any_button()), 0..3_usize).prop_map(
        |((header, summary, steps, footer), paragraphs, fields, commits, log, button, mood)| Message {
            mood: [Mood::Bad, Mood::Attention, Mood::Neutral][mood],
            header,
            summary,
            paragraphs,
            fields: fields.into_iter().map(|(label, value, url)| Field { label, value, url }).collect(),
            commits: commits.into_iter().map(|subject| CommitText { author: subject.clone(), subject }).collect(),
            log,
            steps,
            buttons: button.into_iter().collect(),
            footer,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_message_is_over_a_limit_or_mentions_anybody(message in any_message()) {
        let (text, blocks) = render(&message);
        prop_assert_eq!(violations(&blocks), Vec::<String>::new());
        prop_assert!(!text.is_empty() && units(&text) <= limits::TEXT);
        let mut found = vec![text];
        texts(&blocks, &mut found);
        for text in found {
            for mention in ["<!", "<@", "<#", "javascript:"] {
                let harmless = mention == "javascript:" && !text.starts_with(mention);
                prop_assert!(harmless || !text.contains(mention), "{} in {}", mention, text);
            }
            // Each link is one of ours: to a web address, closed, with nothing inside that ends it early.
            for link in text.split('<').skip(1) {
                prop_assert!(link.starts_with("http://") || link.starts_with("https://"), "{}", link);
                prop_assert_eq!(link.matches('>').count(), 1, "{}", link);
            }
        }
    }
}

#[test]
fn an_ask_of_a_hundred_commits_says_how_many_are_not_shown() {
    let commit = |n| CommitText { subject: format!("Change {n}\n<!channel>"), author: "cy".into() };
    let message = Message { commits: (0..100).map(commit).collect(), ..Message::text("A question") };
    let (_, blocks) = render(&message);
    let list = blocks[1]["text"]["text"].as_str().unwrap();
    assert!(list.ends_with("_and 95 more_"), "{list}");
    assert!(list.contains("• Change 0 (cy)"), "{list}");
}

#[test]
fn the_last_lines_of_a_long_log_are_shown() {
    let log = (0..400).map(|n| format!("line {n} {}", "x".repeat(50))).collect();
    let (_, blocks) = render(&Message { log, ..Message::text("It failed") });
    let shown = blocks[1]["text"]["text"].as_str().unwrap();
    assert!(shown.starts_with("```") && shown.ends_with("```"), "{shown}");
    assert!(shown.contains("line 399") && !shown.contains("line 0 "), "{shown}");
}

#[test]
fn a_block_id_changes_with_what_is_said() {
    let button = || Button {
        action: Action::Approve,
        label: "Approve".into(),
        spoken: "Approve".into(),
        style: ButtonStyle::Primary,
        confirm: None,
        value: None,
        url: None,
    };
    let id = |text: &str| {
        let (_, blocks) = render(&Message { buttons: vec![button()], ..Message::text(text) });
        blocks[1]["block_id"].clone()
    };
    assert_eq!(id("a"), id("a"));
    assert_ne!(id("a"), id("b"));
}

#[test]
fn every_state_of_a_pin_is_within_the_limits() {
    for (name, facts) in crate::wording::tests::lives() {
        let pin = crate::wording::tests::play(&facts);
        let message = crate::wording::tests::said(&pin, &model::InstanceState::default());
        assert_eq!(violations(&render(&message).1), Vec::<String>::new(), "{name}");
    }
}
