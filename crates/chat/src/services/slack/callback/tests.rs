use http::HeaderMap;

use super::*;
use crate::{Action, MessageRef};

const NOW: Timestamp = Timestamp(1_531_420_618_000);

fn secret() -> Token {
    Token::new("8f742231b10e8888abcd99yyyzzz85a5")
}

fn signed(body: &str, at: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-slack-request-timestamp", at.to_string().parse().unwrap());
    headers.insert("x-slack-signature", signature_of(&secret(), &at.to_string(), body.as_bytes()).parse().unwrap());
    headers
}

fn click() -> String {
    let value = format!("{}.0123456789abcdef", "07".repeat(16));
    let payload = serde_json::json!({
        "type": "block_actions", "user": {"id": "U1", "team_id": "T9"}, "team": {"id": "T1"},
        "container": {"channel_id": "C1", "message_ts": "1.2"},
        "actions": [{"action_id": "approve", "value": value, "action_ts": "3.4", "type": "button"}],
    });
    url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
}

#[test]
fn the_signature_is_the_one_that_slack_documents() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(
        signature_of(&secret(), "1531420618", body.as_bytes()),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

#[test]
fn a_signed_click_is_read() {
    let body = click();
    let read = verify_http(&secret(), &signed(&body, NOW.seconds()), body.as_bytes(), NOW).unwrap();
    let Callback::Click(click) = read else { panic!("{read:?}") };
    assert_eq!(click.action, Action::Approve);
    assert_eq!((click.user.as_str(), click.team.as_str()), ("U1", "T9"));
    assert_eq!(click.message, MessageRef { channel: "C1".into(), message: "1.2".into() });
}

#[test]
fn the_window_is_five_minutes_both_ways() {
    let body = click();
    for (seconds, passes) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let read = verify_http(&secret(), &signed(&body, NOW.seconds() + seconds), body.as_bytes(), NOW);
        match (read, passes) {
            (Ok(_), true) | (Err(CallbackError::OutsideWindow(301)), false) => {}
            (other, _) => panic!("{seconds}: {other:?}"),
        }
    }
}

#[test]
fn a_changed_body_time_or_signature_is_forged() {
    let body = click();
    let good = signed(&body, NOW.seconds());
    let refused = |headers: &HeaderMap, body: &str| {
        matches!(verify_http(&secret(), headers, body.as_bytes(), NOW), Err(CallbackError::Forged))
    };
    assert!(refused(&good, &format!("{body}x")));
    for (name, value) in [
        ("x-slack-request-timestamp", (NOW.seconds() + 1).to_string()),
        ("x-slack-request-timestamp", "now".to_owned()),
        ("x-slack-signature", "v0=".to_owned()),
        ("x-slack-signature", format!("v0={}", "0".repeat(64))),
    ] {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        assert!(refused(&headers, &body), "{name}: {value}");
    }
}

#[test]
fn an_unsigned_request_is_refused_before_it_is_read() {
    let read = verify_http(&secret(), &HeaderMap::new(), b"{", NOW);
    assert!(matches!(read, Err(CallbackError::Unsigned(_))));
}

#[test]
fn the_address_check_is_echoed() {
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#;
    let read = verify_http(&secret(), &signed(body, NOW.seconds()), body.as_bytes(), NOW).unwrap();
    assert_eq!(read, Callback::Challenge("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P".into()));
}

#[test]
fn what_is_not_a_click_of_ours_is_nothing() {
    let payload =
        |text: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", text).finish();
    for body in [
        String::new(),
        "a=b".to_owned(),
        r#"{"type":"event_callback"}"#.to_owned(),
        payload(r#"{"type":"view_submission","user":{"id":"U1"}}"#),
        payload(r#"{"type":"block_actions","user":{"id":"U1"},"actions":[]}"#),
        payload(r#"{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"details"}]}"#),
        payload(r#"{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"approve","value":"117"}]}"#),
    ] {
        let read = verify_http(&secret(), &signed(&body, NOW.seconds()), body.as_bytes(), NOW).unwrap();
        assert_eq!(read, Callback::Nothing, "{body}");
    }
    let broken = payload("{");
    let read = verify_http(&secret(), &signed(&broken, NOW.seconds()), broken.as_bytes(), NOW);
    assert!(matches!(read, Err(CallbackError::Unreadable(_))));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body: Vec<u8>) {
        let _ = read(&body);
    }
}
