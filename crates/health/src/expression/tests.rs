use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(source: &str) -> Expression {
    Expression::parse(source).expect("it can be read")
}

fn holds(source: &str, object: &Value) -> Result<bool, NoAnswer> {
    read(source).holds(object)
}

fn refused(source: &str) -> String {
    Expression::parse(source).expect_err("it can't be read").to_string()
}

fn widget() -> Value {
    json!({"metadata": {"name": "a", "generation": 2}, "spec": {"replicas": 3, "ratio": 0.5},
        "status": {"phase": "Ready", "ready": 3, "conditions": [{"type": "Ready", "status": "True"}, {"type": "Old", "status": "False"}]}})
}

#[test]
fn fields_lists_and_numbers_can_be_asked_about() {
    for (source, expected) in [
        ("status.phase == 'Ready' && object.status.phase == status.phase", true),
        ("status.ready >= spec.replicas", true),
        ("status.ready + 1 < spec.replicas", false),
        ("spec.ratio > 0.4", true),
        ("has(status.phase) && !has(status.message)", true),
        ("status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", true),
        ("status.conditions.all(c, c.status == 'True')", false),
        ("status.conditions.filter(c, c.status == 'True').size() == 1", true),
        ("status.conditions.map(c, c.type) == ['Ready', 'Old']", true),
        ("status.conditions.exists_one(c, c.type == 'Old')", true),
        ("'Ready' in ['Ready', 'Done'] ? status.phase.startsWith('Re') : false", true),
        ("int(string(spec.replicas)) % 2 == 1", true),
        ("status.phase.contains('ead') && status.phase.endsWith('y')", true),
        ("'name' in metadata && metadata['name'] == 'a'", true),
    ] {
        assert_eq!(holds(source, &widget()), Ok(expected), "{source}");
    }
    let message = read("'phase ' + status.phase");
    assert_eq!(message.text(&widget()), Ok("phase Ready".to_owned()));
}

#[test]
fn a_field_that_is_not_there_is_an_error_and_no_answer() {
    for source in ["status.message == ''", "status.conditions[7].type == 'a'", "spec.replicas > 'a'"] {
        let answer = holds(source, &widget());
        assert!(matches!(answer, Err(NoAnswer::Error(_))), "{source}: {answer:?}");
    }
    assert!(matches!(holds("status.phase != 'Failed'", &json!({})), Err(NoAnswer::Error(_))));
    assert!(holds("spec.replicas", &widget()).unwrap_err().to_string().contains("not true or false"));
}

#[test]
fn what_can_not_be_read_names_the_place() {
    let error = Expression::parse("status.phase ==\n  'a' ) 'b'").unwrap_err();
    assert_eq!(error.at.map(|(line, _)| line), Some(2), "{error}");
    assert!(Expression::parse("").is_err());
}

#[test]
fn what_is_not_known_is_refused_when_it_is_read() {
    assert!(refused("self.phase == 'a'").contains("`self`, which is not there: use `object`"));
    assert!(refused("status.phase.matches('a+')").contains("`matches`, which is not there"));
    assert!(refused("status.phase.replace('a', 'b') == ''").contains("`replace`"));
    assert!(refused("status.items.exists(c, d.type == 'a')").contains("`d`, which is not there"));
    assert!(refused("Widget{name: 'a'}.name == 'a'").contains("not supported"));
    let deep = "[1].exists(a, [1].exists(b, [1].exists(c, [1].exists(d, a == b))))";
    assert!(refused(deep).contains("3 deep"));
}

#[test]
fn long_and_deep_expressions_are_refused_at_once() {
    let hostile = [
        "(".repeat(LONGEST),
        "[".repeat(190),
        "!".repeat(190) + "true",
        "-".repeat(190) + "1",
        "(".repeat(150) + "1" + &")".repeat(150),
        "(".repeat(20) + "1" + &")".repeat(20),
        "[".repeat(20) + &"]".repeat(20),
        "[".repeat(20),
        "{1:".repeat(20),
        "size(".repeat(20) + "status" + &")".repeat(20),
        "1".to_owned() + &"+1".repeat(190),
        "true".to_owned() + &"&&true".repeat(90),
        "a".to_owned() + &".a".repeat(190),
        "a".to_owned() + &"[0]".repeat(190),
        "true?".repeat(90) + "1" + &":1".repeat(90),
        "{".repeat(190),
        "a(".repeat(190),
        "x".repeat(LONGEST + 1),
        "'".to_owned(),
        "\u{0}".to_owned(),
    ];
    for source in hostile {
        let begun = Instant::now();
        let parsed = Expression::parse(&source);
        assert!(parsed.is_err() || operators(&source) <= MOST_OPERATORS, "{source}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?} for {source}", begun.elapsed());
    }
}

/// Lists of a thousand, objects of a megabyte: answered in time, or said to be too much.
#[test]
fn hostile_objects_and_expressions_end_in_time() {
    let items: Vec<Value> = (0..1_000).map(|n| json!({"n": n, "tags": ["a", "b"]})).collect();
    let long: Vec<Value> = (0..20_000).map(|_| json!("x".repeat(60))).collect();
    let large = json!({"status": {"items": items, "long": long, "text": "x".repeat(100_000)}});
    let sources = [
        "status.items.all(a, status.items.all(b, status.items.all(c, a != b || b != c)))",
        "status.items.all(a, status.items.exists(b, a == b))",
        "status.items.map(a, status.items).map(b, b.map(c, object)).size() > 0",
        "status.items.map(a, object + object).size() > 0",
        "status.items.filter(a, status == status).size() > 0",
        "status.long.map(a, status.text + status.text).size() > 0",
        "status.long.all(a, status.long.contains(a))",
        "(status.long + status.long + status.long).all(a, a in status.long)",
        "status.items.map(a, status.text).map(a, a + a + a + a).map(a, a + a + a + a).map(a, a + a + a).size() == 0",
    ];
    for source in sources {
        let begun = Instant::now();
        assert_eq!(holds(source, &large), Err(NoAnswer::TooMuchWork), "{source}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{source}: {:?}", begun.elapsed());
    }
    let begun = Instant::now();
    assert_eq!(holds("status.items.exists(a, a.n == 999)", &large), Ok(true));
    assert_eq!(holds("status.items.size() == 1000 && status.text.size() == 100000", &large), Ok(true));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

fn any_source() -> impl Strategy<Value = String> {
    let words = [
        "status",
        "object",
        ".items",
        ".exists(a, ",
        ".map(b, ",
        ")",
        "a",
        "b",
        " + ",
        " == ",
        " && ",
        "1",
        "'x'",
        "[",
        "]",
        "{",
        "}",
        "?",
        ":",
        "!",
        "-",
        "(",
        "size",
        "has(",
        ", ",
        ".all(c, ",
        "9223372036854775807",
        "0",
        " / ",
        " % ",
        "@",
        "\\",
        "\"",
        "é",
        "in ",
        ".?",
        "[?",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..25).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_any_expression_ends(source in any_source()) {
        if let Ok(expression) = Expression::parse(&source) {
            let object = json!({"status": {"items": [1, "x", {"a": [1, 2]}, [[]]]}});
            let _ = (expression.holds(&object), expression.text(&json!(null)));
        }
    }
}
