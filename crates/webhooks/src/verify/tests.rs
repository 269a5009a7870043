use super::*;
use crate::{SigningKey, sign, token_hash};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp(1_614_265_330_500);
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const TOKEN: &str = "a-token-of-the-project";

fn key(text: &str) -> SigningKey {
    SigningKey::parse(text).unwrap()
}

fn keys() -> SenderKeys {
    SenderKeys { signing: vec![key(SECRET)], bearer_hashes: vec![token_hash("another"), token_hash(TOKEN)] }
}

fn ask(headers: &[(&str, &str)], keys: &SenderKeys) -> Result<Delivery, Rejection> {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    authenticate(&headers, BODY, keys, NOW)
}

fn signed_by(secret: &str, id: &str, at: Timestamp) -> Vec<(&'static str, String)> {
    sign(&key(secret), id, at, BODY).into()
}

fn ask_owned(headers: &[(&'static str, String)]) -> Result<Delivery, Rejection> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(&headers, &keys())
}

/// Of the reference implementations' own tests.
#[test]
fn the_published_example_of_standard_webhooks_is_let_in() {
    let delivery = ask(
        &[
            ("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("Webhook-Timestamp", "1614265330"),
            ("Webhook-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        &keys(),
    );
    assert_eq!(delivery, Ok(Delivery { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), sender: SenderKind::Signed }));
}

#[test]
fn what_we_sign_we_let_in_with_both_kinds_of_secret() {
    for secret in [SECRET, "a raw secret, long enough"] {
        let [id, at, signature] = sign(&key(secret), "m1", NOW, BODY);
        let headers = [id, at, signature];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let keys = SenderKeys { signing: vec![key("another secret of ours"), key(secret)], ..SenderKeys::default() };
        assert_eq!(ask(&headers, &keys).unwrap().id, "m1");
    }
}

#[test]
fn one_fitting_signature_of_several_is_enough() {
    let mut headers = signed_by(SECRET, "m1", NOW);
    let other = &signed_by("the secret before this one", "m1", NOW)[2].1;
    headers[2].1 = format!("v1a,abc {other} {}", headers[2].1);
    assert!(ask_owned(&headers).is_ok());
}

#[test]
fn five_minutes_off_is_taken_and_a_second_more_is_not() {
    for (seconds, taken) in [(-300, true), (300, true), (-301, false), (301, false)] {
        let at = Timestamp(NOW.0 + seconds * 1000);
        let answer = ask_owned(&signed_by(SECRET, "m1", at));
        assert_eq!(answer.is_ok(), taken, "{seconds}: {answer:?}");
        if !taken {
            assert_eq!(answer, Err(Rejection::OutsideWindow { seconds_off: seconds }));
        }
    }
}

#[test]
fn every_change_to_a_signed_request_is_refused() {
    let good = signed_by(SECRET, "m1", NOW);
    let changed = |index: usize, value: &str| {
        let mut headers = good.clone();
        headers[index].1 = value.to_owned();
        ask_owned(&headers)
    };
    let cut = &good[2].1[..good[2].1.len() - 4];
    assert_eq!(changed(0, "m2"), Err(Rejection::WrongSignature));
    assert_eq!(changed(0, ""), Err(Rejection::BadId));
    assert_eq!(changed(0, "m.1"), Err(Rejection::BadId));
    assert_eq!(changed(0, &"m".repeat(201)), Err(Rejection::BadId));
    assert_eq!(changed(1, "1614265331"), Err(Rejection::WrongSignature));
    for time in ["+1614265330", "-1", "", "1e9", "1614265330.5", "99999999999999999999", "\u{0}"] {
        assert!(matches!(changed(1, time), Err(Rejection::BadTimestamp | Rejection::Header(_))), "{time:?}");
    }
    assert_eq!(changed(2, cut), Err(Rejection::NoKnownSignature));
    assert_eq!(changed(2, &good[2].1.replace("v1,", "sha1=")), Err(Rejection::NoKnownSignature));
    assert_eq!(changed(2, ""), Err(Rejection::NoKnownSignature));
}

#[test]
fn another_body_with_the_same_headers_is_refused() {
    let headers = sign(&key(SECRET), "m1", NOW, BODY);
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    assert_eq!(authenticate(&headers, b"{}", &keys(), NOW), Err(Rejection::WrongSignature));
}

#[test]
fn headers_that_come_twice_are_refused_even_when_equal() {
    for repeated in 0..3 {
        let mut headers = signed_by(SECRET, "m1", NOW);
        headers.push(headers[repeated].clone());
        assert!(matches!(ask_owned(&headers), Err(Rejection::Header(HeaderFault::Repeated(_)))), "{repeated}");
    }
    let twice = ("authorization", "Bearer a-token-of-the-project");
    assert!(matches!(ask(&[twice, twice], &keys()), Err(Rejection::Header(_))));
}

#[test]
fn a_token_beside_a_bad_signature_does_not_help() {
    let mut headers = signed_by("a secret that is not ours", "m1", NOW);
    headers.push(("authorization", format!("Bearer {TOKEN}")));
    assert_eq!(ask_owned(&headers), Err(Rejection::WrongSignature));
}

#[test]
fn a_bearer_token_is_let_in_and_named_by_its_id_or_its_body() {
    let delivery = ask(&[("Authorization", &format!("bearer {TOKEN}")), ("webhook-id", "run.812")], &keys()).unwrap();
    assert_eq!(delivery, Delivery { id: "run.812".into(), sender: SenderKind::Bearer });
    let delivery = ask(&[("Authorization", &format!("Bearer {TOKEN}"))], &keys()).unwrap();
    assert_eq!(delivery.id, "sha256:ae858931f67887e8150d6f96c9fe03062c1df36b4464c4ddc8e002c084d5d198");
}

#[test]
fn other_tokens_and_other_ways_to_authorise_are_refused() {
    for (value, why) in [
        ("Bearer x", Rejection::WrongToken),
        ("Bearer a-token-of-the-project2", Rejection::WrongToken),
        ("Bearer", Rejection::NotBearer),
        ("Bearer ", Rejection::NotBearer),
        ("Basic YTpi", Rejection::NotBearer),
        (TOKEN, Rejection::NotBearer),
        ("", Rejection::NotBearer),
    ] {
        assert_eq!(ask(&[("authorization", value)], &keys()), Err(why), "{value}");
    }
    assert_eq!(ask(&[("authorization", &format!("Bearer {}", "x".repeat(1025)))], &keys()), Err(Rejection::NotBearer));
}

#[test]
fn nothing_and_no_keys_let_nobody_in() {
    let none = SenderKeys::default();
    assert_eq!(ask(&[], &keys()), Err(Rejection::NoProof));
    assert_eq!(ask(&[("webhook-id", "m1"), ("webhook-timestamp", "1614265330")], &keys()), Err(Rejection::NoProof));
    assert_eq!(ask(&[("authorization", "Bearer x")], &none), Err(Rejection::NoBearerToken));
    let signed = signed_by(SECRET, "m1", NOW);
    let signed: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(ask(&signed, &none), Err(Rejection::NoSigningKey));
}

#[test]
fn guessable_secrets_are_refused_and_none_is_ever_printed() {
    use crate::InvalidSigningKey as Invalid;
    assert_eq!(SigningKey::parse("").unwrap_err(), Invalid::TooShort(0));
    assert_eq!(SigningKey::parse("whsec_").unwrap_err(), Invalid::TooShort(0));
    assert_eq!(SigningKey::parse("whsec_c2hvcnQ=").unwrap_err(), Invalid::TooShort(5));
    assert_eq!(SigningKey::parse("whsec_%").unwrap_err(), Invalid::NotBase64);
    let printed = format!("{:?}", keys());
    assert!(printed.contains("SigningKey(hidden)") && !printed.contains("MfKQ"), "{printed}");
}

#[test]
fn the_sender_is_told_the_same_for_every_reason_and_the_log_says_which() {
    assert!(Rejection::public().contains("not authenticated"));
    assert_ne!(Rejection::WrongSignature.to_string(), Rejection::NoSigningKey.to_string());
    let off = Rejection::OutsideWindow { seconds_off: -301 }.to_string();
    assert!(off.contains("-301 s") && off.contains("at most 300 s"), "{off}");
}
