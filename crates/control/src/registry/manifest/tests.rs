use serde_json::{Value, json};

use super::*;

const OTHER: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn image(digest: Option<&str>) -> ImageRef {
    let digest = digest.map_or_else(String::new, |digest| format!("@{digest}"));
    format!("r.example/acme/shop:1.42{digest}").parse().unwrap()
}

fn answer(content_type: &str, body: &Value) -> Answer {
    Answer { content_type: Some(content_type.to_owned()), said: None, link: None, body: body.to_string().into_bytes() }
}

fn index() -> Value {
    let entry = |os: &str, architecture: &str, variant: Option<&str>| {
        json!({"mediaType": OCI_MANIFEST, "digest": OTHER, "size": 1,
               "platform": {"os": os, "architecture": architecture, "variant": variant}})
    };
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        entry("linux", "amd64", None), entry("linux", "arm", Some("v7")), entry("unknown", "unknown", None)]})
}

fn single(config: &str) -> Value {
    json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {"mediaType": config}, "layers": []})
}

fn not_an_image(content_type: &str, body: &Value) -> String {
    match resolved(&image(None), answer(content_type, body)) {
        Err(ResolveError::NotAnImage { media_type, .. }) => media_type,
        other => format!("{other:?}"),
    }
}

#[test]
fn an_index_gives_its_own_digest_and_its_platforms() {
    let build = resolved(&image(None), answer(OCI_INDEX, &index())).unwrap();
    assert_eq!(build.platforms, ["linux/amd64", "linux/arm/v7"]);
    assert_eq!((build.media_type.as_str(), build.digest), (OCI_INDEX, digest_of(index().to_string().as_bytes())));
}

#[test]
fn a_single_image_is_taken_with_the_media_type_of_the_header_where_the_body_has_none() {
    let mut body = single(RUNNABLE[1]);
    body.as_object_mut().unwrap().remove("mediaType");
    let build = resolved(&image(None), answer(&format!("{DOCKER_MANIFEST}; charset=utf-8"), &body)).unwrap();
    assert_eq!((build.media_type.as_str(), build.platforms), (DOCKER_MANIFEST, Vec::new()));
}

#[test]
fn charts_signatures_and_oddities_are_named_for_what_they_are() {
    let chart = "application/vnd.cncf.helm.config.v1+json";
    assert_eq!(not_an_image(OCI_MANIFEST, &single(chart)), chart);
    let mut sbom = single("application/vnd.oci.empty.v1+json");
    sbom["artifactType"] = "application/spdx+json".into();
    assert_eq!(not_an_image(OCI_MANIFEST, &sbom), "application/spdx+json");
    assert_eq!(not_an_image(OCI_INDEX, &json!({"mediaType": OCI_INDEX, "manifests": []})), OCI_INDEX);
    let old = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    assert_eq!(not_an_image(old, &json!({"schemaVersion": 1})), old);
    assert_eq!(not_an_image("", &json!({})), "something without a media type");
    assert_eq!(not_an_image("text/html", &json!("<html>")), "text/html");
    assert_eq!(not_an_image(DOCKER_LIST, &index()), format!("{OCI_INDEX} sent as {DOCKER_LIST}"));
    let mut both = index();
    both["config"] = json!({"mediaType": RUNNABLE[0]});
    assert_eq!(not_an_image(OCI_INDEX, &both), RUNNABLE[0]);
}

#[test]
fn another_digest_than_said_says_both_and_what_that_usually_means() {
    let moved = resolved(&image(Some(OTHER)), answer(OCI_MANIFEST, &single(RUNNABLE[0]))).unwrap_err().to_string();
    let found = digest_of(single(RUNNABLE[0]).to_string().as_bytes());
    assert!(moved.contains(&format!("said to be {OTHER}, the registry gives {found}: the tag was moved")), "{moved}");
    let of_one_platform = resolved(&image(Some(OTHER)), answer(OCI_INDEX, &index())).unwrap_err().to_string();
    assert!(of_one_platform.contains("announce the digest of the whole (the index)"), "{of_one_platform}");
    let lying = Answer { said: Some(OTHER.parse().unwrap()), ..answer(OCI_INDEX, &index()) };
    let lying = resolved(&image(None), lying).unwrap_err().to_string();
    assert!(lying.contains("contradicts its bytes"), "{lying}");
}

#[test]
fn what_was_said_rightly_is_taken() {
    let digest = digest_of(index().to_string().as_bytes());
    let build = resolved(&image(Some(digest.as_str())), answer(OCI_INDEX, &index())).unwrap();
    assert_eq!(build.digest, digest);
}

proptest::proptest! {
    #[test]
    fn any_answer_is_taken_or_refused_and_never_with_another_digest(
        content_type in proptest::option::of(".{0,40}"),
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
    ) {
        let answer = Answer { content_type, said: None, link: None, body };
        proptest::prop_assert!(resolved(&image(None), answer).is_err());
    }

    #[test]
    fn a_manifest_with_one_byte_changed_has_its_own_digest_or_is_refused(at in 0_usize..500, byte in proptest::num::u8::ANY) {
        let mut answer = answer(OCI_INDEX, &index());
        let at = at % answer.body.len();
        answer.body[at] = byte;
        let digest = digest_of(&answer.body);
        let texts = match resolved(&image(None), answer) {
            Ok(build) => {
                proptest::prop_assert_eq!(build.digest, digest);
                build.platforms
            }
            Err(error) => vec![error.to_string()],
        };
        proptest::prop_assert!(texts.iter().all(|text| text.len() < 1000));
    }
}
