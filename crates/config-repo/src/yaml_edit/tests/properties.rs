//! Whatever the file: an edit changes that value and nothing else, and no bytes make the editor panic.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Config;

const MARK: &str = "registry.example/acme/shop:1.0";

/// How one image is written, with what stands around it.
fn image() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("image: {MARK}")),
        Just(format!("image:   {MARK}   # note: \"x\" 'y' {{z}}")),
        Just(format!("image: \"{MARK}\" # ü")),
        Just(format!("image: '{MARK}'\t# x")),
        Just(format!("\"image\": &anchor '{MARK}'")),
        Just(format!("image: !!str {MARK}")),
        Just(format!("image: # below\n          {MARK}")),
        Just(format!("image: |-\n          {MARK}")),
        Just(format!("image: >-\n          {MARK}\n\n")),
        Just(format!("? image\n        : {MARK}")),
    ]
}

/// Lines at the indent of a container's keys, which begin with this prefix.
fn noise(prefix: &'static str) -> impl Strategy<Value = String> {
    let lines = prop_oneof![
        Just("# registry.example/acme/shop:1.0\n".to_owned()),
        Just("Kargs: [\"a: b\", 'it''s', {x: [1, ~, yes]}]\n".to_owned()),
        Just("Kscript: |+\n          image: registry.example/acme/shop:1.0\n\n            x\n\n".to_owned()),
        Just("Ktext: \"größer \\\n          🎉 \\u00e9\"\n".to_owned()),
        Just("Kmany words: a\n          b\n\n          c # d\n".to_owned()),
        Just("Knothing:\n".to_owned()),
        ("[a-z]{1,8}", "[ -~]{0,20}").prop_map(|(key, text)| format!("K{key}: {text:?}\n")),
        "[a-z0-9.]{1,9}".prop_map(|text| format!("Ky: '{text}' # {text}\n")),
    ];
    proptest::option::of(lines)
        .prop_map(move |line| line.map_or(String::new(), |line| format!("        {}", line.replacen('K', prefix, 1))))
}

fn container() -> impl Strategy<Value = (String, bool)> {
    let other =
        prop_oneof![Just("image: nginx".to_owned()), Just("image: registry.example/acme/shop-worker:1.0".to_owned())];
    let line = prop_oneof![2 => image().prop_map(|line| (line, true)), 1 => other.prop_map(|line| (line, false))];
    (noise("x-"), line, noise("z-"))
        .prop_map(|(before, (image, ours), after)| (format!("      - name: c\n{before}        {image}\n{after}"), ours))
}

fn document() -> impl Strategy<Value = (String, usize)> {
    let head = prop_oneof![Just(""), Just("# top\n"), Just("---\n"), Just("%YAML 1.1\n---\n"), Just("\u{feff}")];
    (head, proptest::collection::vec(container(), 1..4), any::<bool>(), any::<bool>()).prop_map(
        |(head, containers, crlf, end)| {
            let ours = containers.iter().filter(|(_, ours)| *ours).count();
            let lines: String = containers.into_iter().map(|(text, _)| text).collect();
            let text = format!("{head}{}", deployment(&lines));
            let text = if end { text } else { text.trim_end_matches('\n').to_owned() };
            (if crlf { text.replace('\n', "\r\n") } else { text }, ours)
        },
    )
}

fn reference() -> impl Strategy<Value = ImageRef> {
    let tag = prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}",
        Just("1e5".to_owned()),
        Just("no".to_owned()),
        Just("0x1F".to_owned())
    ];
    (tag, any::<bool>()).prop_map(|(tag, digest)| shop_at(&if digest { format!("{tag}@{SHA2}") } else { tag }))
}

fn values_of(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Sets the image of every container that is ours in the value, as the editor should in the text.
fn set_in_value(value: &mut Value, to: &str) {
    for container in value.pointer_mut("/spec/template/spec/containers").unwrap().as_array_mut().unwrap() {
        let image = container.get_mut("image").unwrap();
        if image == MARK {
            *image = Value::String(to.to_owned());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_images_values_change((text, ours) in document(), to in reference()) {
        let edited = set_image(&text, &shop(), &to);
        if ours == 0 {
            let refused = matches!(edited, Err(EditError::NoPlace { .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let edit = edited.unwrap();
        prop_assert_eq!(edit.places.len(), ours);
        let mut wanted = values_of(&text);
        set_in_value(&mut wanted, &to.to_string());
        prop_assert_eq!(values_of(&edit.text), wanted);
    }

    #[test]
    fn bytes_outside_the_scalars_stay((text, ours) in document(), to in reference()) {
        if ours == 0 {
            return Ok(());
        }
        let edit = set_image(&text, &shop(), &to).unwrap();
        let (mut rest, mut last) = (edit.text.as_str(), 0);
        for place in &edit.places {
            let line_start: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
            let at = line_start + text[line_start..].find(MARK).unwrap();
            let kept = &text[last..at];
            prop_assert_eq!(&rest[..kept.len()], kept);
            rest = rest[kept.len()..].strip_prefix(&to.to_string()).unwrap();
            last = at + MARK.len();
        }
        prop_assert_eq!(rest, &text[last..]);
    }

    #[test]
    fn setting_twice_is_setting_once((text, ours) in document(), to in reference()) {
        if ours == 0 {
            return Ok(());
        }
        let once = set_image(&text, &shop(), &to).unwrap().text;
        prop_assert_eq!(set_image(&once, &shop(), &to).unwrap().text, once);
    }

    #[test]
    fn a_tag_comes_back_as_a_string(tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", style in 0..4usize) {
        let old = ["v1", "1.10", "'v1'", "\"v1\""][style];
        let values = format!("image: {{repository: registry.example/acme/shop, tag: {old}}}\n");
        let edit = set_image(&values, &shop(), &shop_at(&tag)).unwrap();
        let options = serde_saphyr::options! { legacy_octal_numbers: true };
        let read: Value = serde_saphyr::from_str_with_options(&edit.text, options).unwrap();
        prop_assert_eq!(&read["image"]["tag"], &Value::String(tag));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "(?s).{0,200}") {
        let _ = find_images(&text);
        let _ = set_image(&text, &shop(), &shop_at("2"));
        let _ = set_scalar(&text, 0, "a", "b");
        let _ = Config::parse(&text, "pinnace.yaml");
    }

    #[test]
    fn no_yaml_like_text_makes_a_parser_panic(parts in proptest::collection::vec(prop_oneof![
        Just("a: "), Just("- "), Just("\n"), Just("  "), Just("&x "), Just("*x"), Just("{"), Just("}"), Just("["), Just("]"), Just(","),
        Just("|\n"), Just(">-\n"), Just("\""), Just("'"), Just("# c"), Just("---\n"), Just("...\n"), Just("? "), Just(": "), Just("!!str "),
        Just("<<: "), Just("image: "), Just("containers:\n"), Just("registry.example/acme/shop:1"), Just("\r\n"), Just("\t"), Just("é"),
        Just("apiVersion: v1\nkind: Pod\n"), Just("people:\n"), Just("projects: {"), Just("%YAML 1.1\n"), Just("\u{feff}"), Just("~")
    ], 0..30)) {
        let text: String = parts.concat();
        let _ = find_images(&text);
        if let Ok(edit) = set_image(&text, &shop(), &shop_at("2")) {
            prop_assert!(find_images(&edit.text).is_ok());
        }
        let _ = set_scalar(&text, 0, "a", "b");
        let _ = Config::parse(&text, "pinnace.yaml");
    }

    #[test]
    fn a_scalar_anywhere_is_set_alone((text, _) in document(), pick in any::<prop::sample::Index>()) {
        let paths = ["kind", "metadata.name", "spec.template.spec.containers[0].name", "spec.template.spec.containers[0].image"];
        let path = paths[pick.index(paths.len())];
        let edited = set_scalar(&text, 0, path, "1e5").unwrap();
        let mut wanted = values_of(&text);
        let pointer = format!("/{}", path.replace("[0]", "/0").replace('.', "/"));
        *wanted.pointer_mut(&pointer).unwrap() = Value::String("1e5".to_owned());
        prop_assert_eq!(values_of(&edited), wanted);
    }
}
