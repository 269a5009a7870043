use super::*;

const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn short_names_are_normalised_as_docker_does() {
    for (given, normal) in [
        ("shop", "docker.io/library/shop"),
        ("acme/shop", "docker.io/acme/shop"),
        ("registry.example/acme/shop", "registry.example/acme/shop"),
        ("localhost/shop", "localhost/shop"),
        ("127.0.0.1:5000/shop", "127.0.0.1:5000/shop"),
    ] {
        assert_eq!(given.parse::<ImageRepository>().unwrap().as_str(), normal);
    }
}

#[test]
fn a_repository_is_not_a_url_nor_carries_a_tag() {
    for bad in [
        "",
        "https://r.example/x",
        "r.example/x:1",
        "r.example/X",
        "r.example//x",
        "r.example/-x",
        "r.example/x..y",
        "r.example:0/x",
        "évil.example/x",
        "r.example/x\n",
    ] {
        assert!(bad.parse::<ImageRepository>().is_err(), "{bad:?}");
    }
}

#[test]
fn tags_that_look_like_other_things_are_tags_and_others_are_not() {
    for good in ["1.10", "1e5", "no", "0x1F", "latest", "_a", &"a".repeat(128)] {
        assert!(good.parse::<Tag>().is_ok(), "{good}");
    }
    for bad in ["", ".a", "-a", "a b", "a\nb", "\"; rm", "é", &"a".repeat(129)] {
        assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
    }
}

#[test]
fn references_read_back_as_written() {
    for text in
        ["r.example:5000/a/b:1.2", &format!("r.example/a@{SHA}"), &format!("r.example/a:1@{SHA}"), "r.example/a"]
    {
        assert_eq!(text.parse::<ImageRef>().unwrap().to_string(), text);
    }
}

#[test]
fn content_is_compared_by_digest_first() {
    let a: ImageRef = format!("r.example/a:1@{SHA}").parse().unwrap();
    let moved: ImageRef = format!("r.example/a:1@{}", SHA.replace('0', "1")).parse().unwrap();
    let other_tag: ImageRef = format!("r.example/a:2@{SHA}").parse().unwrap();
    assert!(!a.same_content(&moved));
    assert!(a.same_content(&other_tag));
    assert!(a.same_content(&"r.example/a:1".parse().unwrap()));
}
