use super::*;

const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn refused(body: &str) -> String {
    parse(body.as_bytes()).unwrap_err().to_string()
}

#[test]
fn every_field_arrives() {
    let build = parse(FORMAT.sample.as_bytes()).unwrap();
    assert_eq!(build.image.as_str(), "registry.example/acme/shop");
    assert_eq!(build.tag.unwrap().as_str(), "1.42.0");
    assert_eq!(build.digest.unwrap().as_str(), SHA);
    assert_eq!(build.commit.unwrap(), "9f2c1e0d9b8a7f6e5d4c3b2a1908f7e6d5c4b3a2");
    assert_eq!(build.branch.unwrap(), "main");
    assert_eq!(build.author.unwrap(), "Ann <ann@example.org>");
    assert_eq!(build.message.unwrap(), "Fix basket total");
    assert_eq!(build.build_url.unwrap(), "https://ci.example/acme/shop/812");
}

#[test]
fn tag_or_digest_is_enough_and_image_may_hold_them() {
    let whole = parse(format!(r#"{{"image":"r.example/a:1@{SHA}","x":{{"y":[1]}}}}"#).as_bytes()).unwrap();
    assert_eq!((whole.tag.unwrap().as_str(), whole.digest.unwrap().as_str()), ("1", SHA));
    let same = parse(br#"{"image":"r.example/a:1","tag":"1","digest":"","branch":null}"#).unwrap();
    assert_eq!((same.tag.unwrap().as_str(), same.digest, same.branch), ("1", None, None));
    let camel = parse(br#"{"image":"r.example/a:1","buildUrl":"http://ci.example/1"}"#).unwrap();
    assert_eq!(camel.build_url.unwrap(), "http://ci.example/1");
}

#[test]
fn what_is_missing_or_contradicts_is_named() {
    assert!(refused(r#"{"tag":"1"}"#).contains("`image` is missing"));
    assert!(refused(r#"{"image":"r.example/a"}"#).contains("neither `tag` nor `digest`"));
    let said = refused(r#"{"image":"r.example/a:1","tag":"2"}"#);
    assert_eq!(said, "`image` says `1` and `tag` says `2`: send one of them");
    assert!(refused(r#"{"image":"r.example/a","digest":"sha256:1"}"#).contains("`digest` can't be used"));
    assert!(refused(r#"{"image":"https://r.example/a","tag":"1"}"#).contains("`image` can't be used"));
    assert!(refused(r#"{"image":"r.example/a","tag":1.10}"#).contains("put them in quotes"));
    assert!(refused(r#"{"image":"r.example/a","tag":"1","tag":"2"}"#).contains("duplicate field"));
}

#[test]
fn tags_are_checked_by_their_grammar_and_kept_as_text() {
    for tag in ["1.10", "1e5", "no", "0x1F", "latest"] {
        let build = parse(format!(r#"{{"image":"r.example/a","tag":"{tag}"}}"#).as_bytes()).unwrap();
        assert_eq!(build.tag.unwrap().as_str(), tag);
    }
    for tag in [r#"\"; rm"#, r"1\n2", "1.4２", "а1", " 1", &"1".repeat(129)] {
        let said = refused(&format!(r#"{{"image":"r.example/a","tag":"{tag}"}}"#));
        assert!(said.contains("`tag` can't be used") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn long_texts_are_cut_and_control_characters_left_out() {
    let long = "é".repeat(3000);
    let body = serde_json::json!({
        "image": "r.example/a:1", "commit": long, "branch": long, "author": long,
        "message": "\n  \u{1b}[31mred\u{202e} (?:a+)+$ <!channel>\u{0}\nsecond line",
    });
    let build = parse(body.to_string().as_bytes()).unwrap();
    let count = |text: Option<String>| text.unwrap().chars().count();
    assert_eq!((count(build.commit), count(build.branch), count(build.author)), (64, 200, 200));
    assert_eq!(build.message.unwrap(), "[31mred (?:a+)+$ <!channel>");
    let body = serde_json::json!({"image": "r.example/a:1", "message": long});
    assert_eq!(count(parse(body.to_string().as_bytes()).unwrap().message), 500);
}

#[test]
fn links_are_http_or_https_and_carry_no_password() {
    for link in
        ["javascript:alert(1)", "data:text/html,x", "text|javascript:x", "file:///etc/passwd", "//ci.example", "ci"]
    {
        let said = refused(&format!(r#"{{"image":"r.example/a:1","build_url":"{link}"}}"#));
        assert!(said.contains("`build_url` can't be used"), "{link}: {said}");
    }
    let long = format!(r#"{{"image":"r.example/a:1","build_url":"https://ci.example/{}"}}"#, "x".repeat(2000));
    assert!(refused(&long).contains("longer than 2,000"));
    let build = parse(br#"{"image":"r.example/a:1","build_url":"https://ann:pw@ci.example/1"}"#).unwrap();
    assert_eq!(build.build_url.unwrap(), "https://ci.example/1");
}

#[test]
fn other_shapes_are_refused_in_words() {
    for body in ["", "null", "[]", "[\"r.example/a:1\"]", "\"x\"", "{", "{}x", "{\"image\":[]}", "{\"image\":{}}"] {
        assert!(!refused(body).is_empty(), "{body}");
    }
    for field in ["x", "image"] {
        let deep = format!("{{\"{field}\":{}", "[".repeat(1_000_000));
        assert!(refused(&deep).contains("not the JSON object"));
    }
    let huge = refused(r#"{"image":1e999999,"tag":99999999999999999999999999999999}"#);
    assert!(huge.contains("not the JSON object"), "{huge}");
    assert!(parse(b"{\"image\":\"\xff\xfe\",\"tag\":\"1\"}").is_err());
}

#[test]
fn a_chart_comes_with_an_image_or_alone() {
    let chart = |body: &str| parse(body.as_bytes()).map(|said| (said.names_image(), said.chart));
    let web = Some(model::AnnouncedChart { name: "web".to_owned(), version: "1.5.0+b.1".to_owned() });
    let alone = r#"{"image": "r.example/shop", "chart": {"name": "web", "version": "1.5.0+b.1"}}"#;
    assert_eq!(chart(alone).unwrap(), (false, web.clone()));
    let both = alone.replace("\"chart\"", "\"tag\": \"1.1\", \"chart\"");
    assert_eq!(chart(&both).unwrap(), (true, web));
    for bad in
        ["{}", r#"{"name": "web"}"#, r#"{"name": "../web", "version": "1"}"#, r#"{"name": "web", "version": "1 2"}"#]
    {
        let error = chart(&format!(r#"{{"image": "r.example/shop", "chart": {bad}}}"#)).unwrap_err().to_string();
        assert!(error.contains("`chart` can't be used"), "{bad}: {error}");
    }
}
