//! A new plaintext for an encrypted file: what stays as it was keeps its ciphertext, and `sops` reads the rest.

use secrets::sops::{Encrypted, Format};

use super::real::{NOW, Real};

const LATER: &str = "2026-02-01T00:00:00Z";

fn edited(real: &Real, name: &str, file: &[u8], plain: &[u8]) -> Vec<u8> {
    let parsed = Encrypted::parse(name, file, Format::of_name(name)).unwrap();
    let opened = parsed.open(&real.identities()).unwrap();
    opened.edited(plain, LATER).unwrap_or_else(|error| panic!("{error}"))
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

/// How many lines of the old file are not in the new one.
fn lost(old: &[u8], new: &[u8]) -> usize {
    let new = lines(new);
    lines(old).iter().filter(|line| !new.contains(line)).count()
}

const TEXT: &str = "# head\ndb:\n    # who\n    user: shop # inline\n    password: old\n    port: 5432\n    on: true\nlist:\n    # one\n    - one\n    - two\n    - one\nlines: |\n  a\n  b\nempty: \"\"\nnone: null\n";

#[test]
fn values_and_comments_that_stay_keep_their_ciphertext_and_sops_reads_the_rest() {
    let real = Real::new();
    let changes: [(&str, &str, usize); 9] = [
        ("password: old", "password: \"n3w: x\"", 1),
        ("    password: old\n", "", 1),
        ("port: 5432", "port: \"5432\"", 1),
        ("    - two\n", "    - zero\n    - two\n    - three\n", 0),
        ("    - one\n    - two\n    - one\n", "    - two\n    - one\n    - one\n", 0),
        ("# who", "# somebody else", 1),
        ("lines: |\n  a\n  b\n", "moved: |\n  a\n  b\n", 1),
        ("empty: \"\"", "empty: full", 1),
        ("none: null\n", "none: null\nnew:\n    deep: [1, {x: z}]\n", 0),
    ];
    for file in [real.ours("s.yaml", TEXT), real.encrypt("s.yaml", TEXT, &[])] {
        let plain = String::from_utf8(real.opened("s.yaml", &file)).unwrap();
        for (from, to, changed) in changes {
            // SOPS puts inline comments above, and quotes as it likes.
            let (from, to) = if plain.contains(from) { (from, to) } else { ("zzz", "") };
            let want = plain.replace(from, to);
            let new = edited(&real, "s.yaml", &file, want.as_bytes());
            assert_eq!(String::from_utf8(real.opened("s.yaml", &new)).unwrap(), want, "{to}");
            let theirs: serde_json::Value = serde_saphyr::from_slice(&real.decrypt("s.yaml", &new)).unwrap();
            assert_eq!(theirs, serde_saphyr::from_str::<serde_json::Value>(&want).unwrap(), "{to}");
            // The MAC and the date are others, and what was changed.
            let expected = if from == "zzz" { 2 } else { changed + 2 };
            assert!(lost(&file, &new) <= expected, "{to}: {}\n{}", lost(&file, &new), String::from_utf8_lossy(&new));
        }
    }
}

#[test]
fn nothing_but_the_mac_and_its_date_is_other_when_the_text_is_the_same() {
    let real = Real::new();
    for (name, text) in [
        ("s.yaml", TEXT),
        ("m.yaml", "a: 1\n---\nb: x\n---\n{c: [z]}\n"),
        ("s.json", "{\n\t\"a\": {\"b\": \"x\"},\n\t\"list\": [1, \"y\"]\n}\n"),
        ("s.env", "# head\nA=1\nB=two words\n"),
    ] {
        let file = real.ours(name, text);
        let new = edited(&real, name, &file, text.as_bytes());
        let documents = text.matches("---").count() + 1;
        assert!(lost(&file, &new) <= 2 * documents, "{name}\n{}", String::from_utf8_lossy(&new));
        assert_eq!(lines(&file).len(), lines(&new).len());
        real.decrypt(name, &new);
        assert_eq!(String::from_utf8(real.opened(name, &new)).unwrap(), text);
    }
}

#[test]
fn every_format_takes_a_new_text() {
    let real = Real::new();
    for (name, old, new) in [
        ("s.json", "{\"a\": 1}", "{\n  \"a\": \"1\",\n  \"b\": [true, null, 1.5]\n}\n"),
        ("s.json", "{\"a\": 1}", "{}"),
        ("s.json", "{}", "{\"a\": {\"b\": \"c\"}}"),
        ("s.env", "A=1\n", "# new\nB=2\nA=1\n"),
        ("s.env", "A=1\n", ""),
        ("s.bin", "old", "new\n"),
        ("s.bin", "old", ""),
        ("s.yaml", "a: b\n", "{a: b, c: [d]}\n"),
        ("s.yaml", "{a: b}\n", "a: b\nc: d\n"),
        ("s.yaml", "a: b\n", "# only a comment\n"),
        ("s.yaml", "", "a: b"),
        ("m.yaml", "a: b\n", "a: b\n---\nc: d\n"),
        ("m.yaml", "a: b\n---\nc: d\n", "c: d\n"),
    ] {
        for file in
            [real.ours(name, old), if old.is_empty() { real.ours(name, old) } else { real.encrypt(name, old, &[]) }]
        {
            let changed = edited(&real, name, &file, new.as_bytes());
            // Where the metadata stood, a line may be empty now.
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("{ }", "{}");
            let opened = String::from_utf8(real.opened(name, &changed)).unwrap();
            assert_eq!(words(&opened), words(new), "{name}: {old} -> {new}");
            real.decrypt(name, &changed);
        }
    }
}

#[test]
fn what_a_file_leaves_in_the_clear_stays_so_and_what_it_can_not_hold_is_refused() {
    let real = Real::new();
    let text = "kind: Secret\ndata:\n    password: old\n";
    let rules = format!("creation_rules: [{{encrypted_regex: ^data$, age: {}}}]\n", real.public);
    let creation = secrets::sops::Creation::from_rules(".sops.yaml", &rules, "p.yaml").unwrap();
    let file = secrets::sops::encrypt("p.yaml", text.as_bytes(), Format::Yaml, &creation, NOW).unwrap();
    let new = edited(&real, "p.yaml", &file, b"kind: Opaque\ndata:\n    password: n3w\n    more: x\n");
    let shown = String::from_utf8(new.clone()).unwrap();
    assert!(shown.starts_with("kind: Opaque\ndata:\n    password: ENC[") && shown.contains("more: ENC["), "{shown}");
    assert!(String::from_utf8(real.decrypt("p.yaml", &new)).unwrap().contains("password: n3w"));
    let parsed = Encrypted::parse("p.yaml", &file, Format::Yaml).unwrap();
    let opened = parsed.open(&real.identities()).unwrap();
    for (plain, why) in [
        ("a: *x\n", "line 1: this is not valid YAML"),
        ("a: &x 1\nb: *x\n", "an anchor can't be in an encrypted file"),
        ("a: b: c\n", "not valid YAML"),
        ("a: 1\na: 2\n", "line 2: a key stands twice"),
        ("sops: {}\n", "has a key `sops` already"),
        ("- a\n", "a document must be a mapping"),
    ] {
        let error = opened.edited(plain.as_bytes(), LATER).unwrap_err().to_string();
        assert!(error.starts_with("p.yaml: ") && error.contains(why), "{error}");
    }
}
