use serde_json::json;

use super::*;

fn text(kind: &str, length: usize) -> Value {
    json!({"type": kind, "text": "x".repeat(length)})
}

fn section(length: usize) -> Value {
    json!({"type": "section", "text": text("mrkdwn", length)})
}

fn button(change: impl Fn(&mut Value)) -> Value {
    let mut button = json!({"type": "button", "action_id": "approve", "text": text("plain_text", 5)});
    change(&mut button);
    json!([{"type": "actions", "elements": [button]}])
}

fn confirm(key: &str, length: usize) -> Value {
    button(|button| {
        button["confirm"] = json!({"title": text("plain_text", 1), "text": text("plain_text", 1),
            "confirm": text("plain_text", 1), "deny": text("plain_text", 1)});
        button["confirm"][key] = text("plain_text", length);
    })
}

fn set(key: &'static str, length: usize) -> Value {
    button(|button| button[key] = json!("x".repeat(length)))
}

/// A payload with so many of something, and the most that Slack takes of it.
type Limit = (&'static str, usize, fn(usize) -> Value);

const LIMITS: [Limit; 18] = [
    ("blocks", 50, |n| json!(vec![section(1); n])),
    ("section text", 3000, |n| json!([section(n)])),
    ("fields", 10, |n| json!([{"type": "section", "fields": vec![text("mrkdwn", 1); n]}])),
    ("field text", 2000, |n| json!([{"type": "section", "fields": [text("mrkdwn", n)]}])),
    ("header", 150, |n| json!([{"type": "header", "text": text("plain_text", n)}])),
    ("context elements", 10, |n| json!([{"type": "context", "elements": vec![text("mrkdwn", 1); n]}])),
    ("context text", 3000, |n| json!([{"type": "context", "elements": [text("mrkdwn", n)]}])),
    ("actions", 25, |n| {
        let button = |i| json!({"type": "button", "action_id": format!("a{i}"), "text": text("plain_text", 1)});
        json!([{"type": "actions", "elements": (0..n).map(button).collect::<Vec<_>>()}])
    }),
    ("button text", 75, |n| button(|button| button["text"] = text("plain_text", n))),
    ("value", 2000, |n| set("value", n)),
    ("url", 3000, |n| button(|button| button["url"] = json!(format!("https://{}", "x".repeat(n - 8))))),
    ("action_id", 255, |n| set("action_id", n)),
    ("block_id", 255, |n| json!([{"type": "divider", "block_id": "x".repeat(n)}])),
    ("accessibility_label", 75, |n| set("accessibility_label", n)),
    ("confirm title", 100, |n| confirm("title", n)),
    ("confirm text", 300, |n| confirm("text", n)),
    ("confirm button", 30, |n| confirm("confirm", n)),
    ("deny button", 30, |n| confirm("deny", n)),
];

#[test]
fn each_limit_holds_at_it_and_is_refused_one_over() {
    for (what, most, payload) in LIMITS {
        assert_eq!(violations(&payload(most)), Vec::<String>::new(), "{what}");
        assert_eq!(violations(&payload(most + 1)).len(), 1, "{what}");
    }
}

#[test]
fn what_slack_does_not_know_is_refused() {
    for wrong in [
        json!({}),
        json!([{"type": "marquee"}]),
        json!([{"type": "section"}]),
        json!([{"type": "section", "fields": []}]),
        json!([{"type": "header", "text": text("mrkdwn", 3)}]),
        json!([section(0)]),
        json!([{"type": "actions", "elements": []}]),
        json!([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]),
        set("style", 3),
        button(|button| button["url"] = json!("javascript:alert(1)")),
        button(|button| button["colour"] = json!("red")),
    ] {
        assert!(!violations(&wrong).is_empty(), "{wrong}");
    }
}
