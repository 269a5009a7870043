//! Whatever arrives, each parser answers; it never panics, and never lets in what was not signed.

use model::Timestamp;
use proptest::prelude::*;
use webhooks::{Headers, SenderKeys, SigningKey, authenticate, formats, parse, sign, token_hash};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn keys() -> SenderKeys {
    let key = SigningKey::parse("a secret of enough bytes").expect("it is long enough");
    SenderKeys { signing: vec![key], bearer_hashes: vec![token_hash("the token of this project")] }
}

/// JSON of any shape, with the fields that formats look for among its keys.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z.]{1,12}(/[a-z]{1,8}){0,3}(:[a-z0-9.]{1,9})?".prop_map(Into::into),
        "(https?|javascript|data)://?[a-z:@/\\[\\]]{0,20}".prop_map(Into::into),
    ];
    const FIELDS: [&str; 10] =
        ["image", "tag", "digest", "commit", "branch", "author", "message", "build_url", "buildUrl", "events"];
    let name = prop_oneof![prop::sample::select(&FIELDS[..]).prop_map(str::to_owned), any::<String>()];
    leaf.prop_recursive(4, 64, 10, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..10)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

const NAMES: [&str; 8] = [
    "x-hub-signature-256",
    "X-Gitea-Signature",
    "x-gitlab-token",
    "webhook-id",
    "Webhook-Timestamp",
    "webhook-signature",
    "Authorization",
    "x-other",
];

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "(v1,|v2,|Bearer |bearer  |Basic |whsec_)?[A-Za-z0-9+/=. ]{0,90}".prop_map(String::into_bytes),
        "[+-]?[0-9]{0,25}".prop_map(String::into_bytes),
        Just(b"1700000000".to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_body_is_answered(body in prop::collection::vec(any::<u8>(), 0..2000)) {
        for format in formats::ALL {
            let _ = parse(format, &body);
        }
    }

    #[test]
    fn any_json_is_answered_and_what_comes_out_is_in_its_limits(json in json()) {
        for format in formats::ALL {
            let Ok(build) = parse(format, json.to_string().as_bytes()) else { continue };
            prop_assert!(build.tag.is_some() || build.digest.is_some());
            for (text, longest) in [(&build.commit, 64), (&build.branch, 200), (&build.author, 200), (&build.message, 500), (&build.build_url, 2000)] {
                let text = text.as_deref().unwrap_or("x");
                prop_assert!((1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control));
            }
            prop_assert!(build.build_url.is_none_or(|url| url.starts_with("http://") || url.starts_with("https://")));
        }
    }

    #[test]
    fn a_sample_with_one_byte_changed_is_answered(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for format in formats::ALL {
            let mut body = format.sample.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            let _ = parse(format, &body);
        }
    }

    #[test]
    fn headers_of_any_kind_let_nobody_in(
        headers in prop::collection::vec((prop::sample::select(&NAMES[..]), header_value()), 0..7),
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let view: Headers<'_> = headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        prop_assert!(authenticate(&view, &body, &keys(), NOW).is_err());
    }

    #[test]
    fn what_is_signed_is_let_in_whatever_the_body(
        id in "[!-\\-/-~]{1,200}",
        off in -300_i64..=300,
        body in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let keys = keys();
        let signed = sign(&keys.signing[0], &id, Timestamp(NOW.0 + off * 1000), &body);
        let view: Headers<'_> = signed.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        prop_assert_eq!(authenticate(&view, &body, &keys, NOW).unwrap().id, id);
    }

    #[test]
    fn one_bit_flipped_anywhere_is_refused(
        body in prop::collection::vec(any::<u8>(), 1..100),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let keys = keys();
        let signed = sign(&keys.signing[0], "m1", NOW, &body);
        let mut parts = [signed[0].1.clone().into_bytes(), signed[1].1.clone().into_bytes(), signed[2].1.clone().into_bytes(), body];
        let flipped = at.index(parts.iter().map(Vec::len).sum());
        let mut left = flipped;
        for part in &mut parts {
            if left < part.len() {
                part[left] ^= 1 << bit;
                break;
            }
            left -= part.len();
        }
        let view: Headers<'_> = (0..3).map(|i| (signed[i].0, parts[i].as_slice())).collect();
        prop_assert!(authenticate(&view, &parts[3], &keys, NOW).is_err());
    }
}
