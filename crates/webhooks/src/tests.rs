use super::*;

#[test]
fn a_right_signature_is_no_right_to_another_image() {
    let announcement = parse(&formats::ALL[0], formats::ALL[0].sample.as_bytes()).unwrap();
    check_image(&announcement, &"registry.example/acme/shop".parse().unwrap()).unwrap();
    for other in ["registry.example/acme/shop2", "evil.example/acme/shop", "registry.example:5000/acme/shop"] {
        let error = check_image(&announcement, &other.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(other) && error.contains("`registry.example/acme/shop`"), "{error}");
    }
}

#[test]
fn each_format_has_a_sample_that_parses_and_a_section_in_the_manual() {
    let manual = include_str!("../../../docs/hooks.md");
    for format in formats::ALL {
        parse(format, format.sample.as_bytes()).unwrap();
        assert!(manual.contains(&format!("## Format `{}`", format.name)), "docs/hooks.md lacks `{}`", format.name);
        assert_eq!(formats::find(format.name).unwrap().name, format.name);
    }
    assert!(formats::ALL.is_sorted_by_key(|format| format.name));
    assert!(formats::find("generics").is_none());
}
