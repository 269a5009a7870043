//! Every format, both ways.

use secrets::sops::{Creation, Format};
use serde_json::Value;

use super::real::{NOW, Real};

const NESTED: &str = r#"# the database
database:
    user: shop
    password: "correct horse: battery"   # rotated in May
    ports: [5432, 5433]
    # replicas
    replicas:
        - name: a
          secret: s3cret
        # the second
        - name: b
          weights: [[1, 2], [], [3, [4.5]]]
        - - deep
          - [x, z]
empty: ""
nothing:
truth: true
no_truth: "true"
number_text: "012"
one: 1
float: 1.50
large: 9007199254740993
negative: -7
plain_unencrypted: stays
certificate: |
    -----BEGIN CERTIFICATE-----
    MIIB

      indented
    -----END CERTIFICATE-----
folded: >-
    one
    two
keep: |+
    kept

tail: "ends with space "
unicode: "größe ✔ 🎉 \u0007 \u2028"
größe: groß
"a.b/c d": key
empty_map: {}
empty_list: []
# the end
"#;

fn yaml(bytes: &[u8]) -> Value {
    let text = str::from_utf8(bytes).unwrap();
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn yaml_of_sops_is_read_and_ours_is_read_by_sops() {
    let real = Real::new();
    let theirs = real.encrypt("a.yaml", NESTED, &[]);
    assert_eq!(yaml(&real.opened("a.yaml", &theirs)), yaml(NESTED.as_bytes()));
    let ours = real.ours("a.yaml", NESTED);
    assert!(!String::from_utf8_lossy(&ours).contains("s3cret"));
    assert_eq!(yaml(&real.decrypt("a.yaml", &ours)), yaml(NESTED.as_bytes()), "{}", String::from_utf8_lossy(&ours));
    assert_eq!(yaml(&real.opened("a.yaml", &ours)), yaml(NESTED.as_bytes()));
}

#[test]
fn comments_are_encrypted_and_come_back_on_both_sides() {
    let real = Real::new();
    let text = "# head\na: 1 # inline\nb:\n    # in b\n    c: 2\n    # foot of b\nd:\n    # in list\n    - x\n    # between\n    - z # at z\n# end\n";
    let words = ["head", "inline", "in b", "foot of b", "in list", "between", "at z", "end"];
    let ours = real.ours("c.yaml", text);
    let theirs = real.encrypt("c.yaml", text, &[]);
    for word in words {
        assert!(!String::from_utf8_lossy(&ours).contains(&format!("# {word}")), "{word}");
        let read = String::from_utf8(real.decrypt("c.yaml", &ours)).unwrap();
        assert!(read.contains(&format!("# {word}")), "sops: {word}\n{read}");
        let read = String::from_utf8(real.opened("c.yaml", &theirs)).unwrap();
        assert!(read.contains(&format!("# {word}")), "ours: {word}\n{read}");
    }
    assert_eq!(String::from_utf8(real.opened("c.yaml", &ours)).unwrap(), text);
}

#[test]
fn documents_of_one_file_are_read_on_both_sides() {
    let real = Real::new();
    let text = "a: 1\n---\n# second\nb: two\n---\nc: [x]\n";
    let ours = real.ours("d.yaml", text);
    assert_eq!(String::from_utf8(real.opened("d.yaml", &ours)).unwrap(), text);
    let read = String::from_utf8(real.decrypt("d.yaml", &ours)).unwrap();
    assert_eq!(read.matches("---").count(), 2, "{read}");
    let theirs = real.encrypt("d.yaml", text, &[]);
    let read = String::from_utf8(real.opened("d.yaml", &theirs)).unwrap();
    assert!(read.contains("b: two") && read.contains("# second") && !read.contains("sops"), "{read}");
}

#[test]
fn timestamps_are_hashed_as_sops_does() {
    let real = Real::new();
    let text = "day: 2001-12-14\nat: 2001-12-14t21:59:43.10-05:00\nspaced: 2001-12-14 21:59:43.5\nplain_unencrypted: 2001-12-14\n";
    let theirs = real.encrypt("t.yaml", text, &[]);
    let read = String::from_utf8(real.opened("t.yaml", &theirs)).unwrap();
    assert!(read.contains("2001-12-14T21:59:43.1-05:00"), "{read}");
    real.decrypt("t.yaml", &real.ours("t.yaml", text));
}

#[test]
fn a_flow_mapping_is_read_on_both_sides() {
    let real = Real::new();
    for text in ["{a: 1, b: [x, {c: \"d: e\"}]}\n", "{}\n", "", "# only a comment\n"] {
        let ours = real.ours("f.yaml", text);
        assert_eq!(String::from_utf8(real.opened("f.yaml", &ours)).unwrap(), text);
        real.decrypt("f.yaml", &ours);
    }
}

#[test]
fn json_of_sops_is_read_and_ours_is_read_by_sops() {
    let real = Real::new();
    let text = r#"{"a": "x", "n": null, "i": 9007199254740993, "f": 1.5, "e": 1e3, "t": true, "empty": "", "u": "\u00e9\ud83c\udf89\n\"",
        "list": [1, "two", [true, {"k": "v"}], {}], "o": {"p": {"q": "r"}}, "yes_unencrypted": {"in": "clear"}}"#;
    let want: Value = serde_json::from_str(text).unwrap();
    let read = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
    let theirs = real.encrypt("a.json", text, &[]);
    let differs = |read: &Value| {
        let mut read = read.clone();
        // A float without a fraction is written with one, or without by sops.
        read["e"] = want["e"].clone();
        read != want
    };
    assert!(!differs(&read(&real.opened("a.json", &theirs))));
    let ours = real.ours("a.json", text);
    assert!(!differs(&read(&real.decrypt("a.json", &ours))));
    assert!(!differs(&read(&real.opened("a.json", &ours))));
    assert!(String::from_utf8(ours).unwrap().contains("\n        \"list\": ["), "spaces stay");
    for text in ["{}", "{\n  \"a\": 1\n}\n"] {
        let ours = real.ours("b.json", text);
        assert_eq!(read(&real.decrypt("b.json", &ours)), read(text.as_bytes()));
        assert_eq!(read(&real.opened("b.json", &ours)), read(text.as_bytes()));
    }
}

#[test]
fn dotenv_of_sops_is_read_and_ours_is_read_by_sops() {
    let real = Real::new();
    let text =
        "# head\nUSER=shop\nPASSWORD=a=b \"c\" # d\nEMPTY=\nLINES=one\\ntwo\nünicode=größe\nX_unencrypted=clear\n";
    let theirs = real.encrypt("a.env", text, &[]);
    assert_eq!(String::from_utf8(real.opened("a.env", &theirs)).unwrap(), text);
    let ours = real.ours("a.env", text);
    assert_eq!(String::from_utf8(real.decrypt("a.env", &ours)).unwrap(), text);
    assert_eq!(String::from_utf8(real.opened("a.env", &ours)).unwrap(), text);
}

#[test]
fn binary_files_of_any_bytes_are_read_on_both_sides() {
    let real = Real::new();
    let all: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(1 << 20).collect();
    for bytes in [all.as_slice(), &large, b"text\n"] {
        let theirs = real.encrypt("a.bin", bytes, &[]);
        assert!(real.opened("a.bin", &theirs) == bytes);
        let ours = real.ours("a.bin", bytes);
        assert!(real.decrypt("a.bin", &ours) == bytes);
        assert!(real.opened("a.bin", &ours) == bytes);
    }
    // SOPS writes an empty file that it can read, and so do we.
    assert!(real.opened("a.bin", &real.ours("a.bin", b"")).is_empty());
}

#[test]
fn a_value_of_one_mebibyte_is_read_on_both_sides() {
    let real = Real::new();
    let text = format!("big: {}\nsmall: x\n", "0123456789abcdef".repeat(1 << 16));
    let theirs = real.encrypt("big.yaml", &text, &[]);
    assert!(yaml(&real.opened("big.yaml", &theirs)) == yaml(text.as_bytes()));
    let ours = real.ours("big.yaml", &text);
    assert!(yaml(&real.decrypt("big.yaml", &ours)) == yaml(text.as_bytes()));
}

#[test]
fn partial_encryption_is_read_with_every_kind_of_rule() {
    let real = Real::new();
    let text = "# public\nkind: Secret\ndata:\n    # sops:enc\n    password: p4ss\n    user: shop\nother_enc: 5\nlist: [1, true]\n";
    for (field, pattern) in [
        ("encrypted_regex", "^data$"),
        ("unencrypted_regex", "^(kind|list)$"),
        ("encrypted_suffix", "_enc"),
        ("unencrypted_suffix", "_enc"),
        ("encrypted_comment_regex", "sops:enc"),
        ("unencrypted_comment_regex", "^ public"),
    ] {
        for only in ["false", "true"] {
            let public = &real.public;
            let rules =
                format!("creation_rules: [{{{field}: '{pattern}', age: {public}, mac_only_encrypted: {only}}}]\n");
            let creation = Creation::from_rules(".sops.yaml", &rules, "p.yaml").unwrap();
            let ours = secrets::sops::encrypt("p.yaml", text.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
            assert_eq!(yaml(&real.decrypt("p.yaml", &ours)), yaml(text.as_bytes()), "{rules}");
            real.write(".sops.yaml", &rules);
            real.write("p.yaml", text);
            let theirs = real.ok(&["encrypt", "p.yaml"]);
            let sealed = |bytes: &[u8]| String::from_utf8_lossy(bytes).matches("ENC[").count();
            assert_eq!(sealed(&ours), sealed(&theirs), "{rules}");
            assert_eq!(yaml(&real.opened("p.yaml", &theirs)), yaml(text.as_bytes()), "{rules}");
        }
        std::fs::remove_file(real.path().join(".sops.yaml")).unwrap();
    }
}

#[test]
fn texts_that_look_like_something_else_stay_texts() {
    let real = Real::new();
    let text = "a: yes\nb: \"true\"\nc: \"12\"\nd: 'null'\ne: \"2001-01-01\"\nf: y\ng: \"1e3\"\nh: \"~\"\ni: \"# no comment\"\n";
    let want = "a: \"yes\"\nb: \"true\"\nc: \"12\"\nd: \"null\"\ne: \"2001-01-01\"\nf: \"y\"\ng: \"1e3\"\nh: \"~\"\ni: \"# no comment\"\n";
    let theirs = real.encrypt("l.yaml", text, &[]);
    assert_eq!(String::from_utf8(real.opened("l.yaml", &theirs)).unwrap(), want);
    let ours = real.ours("l.yaml", text);
    assert_eq!(String::from_utf8(real.opened("l.yaml", &ours)).unwrap(), want);
    assert_eq!(yaml(&real.decrypt("l.yaml", &ours)), yaml(want.as_bytes()));
}
