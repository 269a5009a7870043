//! Who can read a file: several recipients, groups of keys, and changes by either side.

use std::fs;

use secrets::Secret;
use secrets::sops::{Creation, Encrypted, Format, Identities, KeyPath, Recipient, Value, generate};

use super::real::{NOW, Real};

fn identities(keys: &[&str]) -> Identities {
    Identities::parse(&Secret::new(keys.join("\n"))).unwrap()
}

#[test]
fn every_recipient_reads_a_file_and_nobody_else_does() {
    let (real, other) = (Real::new(), Real::new());
    let recipients = [&real.public, &other.public].map(|key| Recipient::parse(key).unwrap());
    let creation = Creation::for_recipients(recipients.into());
    let ours = secrets::sops::encrypt("a.yaml", b"a: secret\n", Format::Yaml, &creation, NOW).unwrap();
    for reader in [&real, &other] {
        assert_eq!(reader.decrypt("a.yaml", &ours), b"a: secret\n");
        assert_eq!(reader.opened("a.yaml", &ours), b"a: secret\n");
    }
    let stranger = generate().0;
    let file = Encrypted::parse("a.yaml", &ours, Format::Yaml).unwrap();
    let error = file.open(&identities(&[stranger.expose()])).err().unwrap().to_string();
    assert!(
        error.starts_with("a.yaml: the private key that was given does not open the file; it opens with: age age1"),
        "{error}"
    );
    assert!(error.contains(&real.public) && error.contains(&other.public), "{error}");
}

#[test]
fn groups_of_keys_open_with_as_many_as_are_needed() {
    let keys = [Real::new(), Real::new(), Real::new()];
    let [a, b, c] = &keys;
    let rules = format!(
        "creation_rules:\n  - path_regex: ^g\n    shamir_threshold: 2\n    key_groups:\n      - age: [{}]\n      - age: [{}]\n      - merge: [{{age: [{}]}}]\n",
        a.public, b.public, c.public
    );
    a.write(".sops.yaml", &rules);
    a.write("g.yaml", "a: secret\n");
    let theirs = a.ok(&["encrypt", "g.yaml"]);
    let creation = Creation::from_rules(".sops.yaml", &rules, "g.yaml").unwrap();
    let ours = secrets::sops::encrypt("g.yaml", b"a: secret\n", Format::Yaml, &creation, NOW).unwrap();
    for file in [&theirs, &ours] {
        let parsed = Encrypted::parse("g.yaml", file, Format::Yaml).unwrap();
        for pair in [[a, b], [b, c], [c, a]] {
            let keys = pair.map(|one| one.private.as_str());
            let opened = parsed.open(&identities(&keys)).unwrap();
            assert!(opened.plaintext().unwrap().expose() == b"a: secret\n");
            fs::write(a.path().join("two.txt"), keys.join("\n")).unwrap();
            a.write("g.yaml", file);
            let read = a.run_with(&a.path().join("two.txt"), &["decrypt", "g.yaml"]);
            assert_eq!(read.stdout, b"a: secret\n", "{}", String::from_utf8_lossy(&read.stderr));
        }
        let error = parsed.open(&identities(&[&a.private])).err().unwrap().to_string();
        assert!(
            error.starts_with("g.yaml: of the 3 key groups 1 was opened, and 2 are needed; missing: age "),
            "{error}"
        );
    }
}

#[test]
fn one_value_is_set_and_the_rest_of_the_file_keeps_its_bytes() {
    let real = Real::new();
    let text = "# head\ndb:\n    user: shop # who\n    password: old\nlist:\n    - one\n    - two\n";
    for file in [real.ours("s.yaml", text), real.encrypt("s.yaml", text, &[])] {
        let parsed = Encrypted::parse("s.yaml", &file, Format::Yaml).unwrap();
        let opened = parsed.open(&real.identities()).unwrap();
        for (path, place) in
            [("db.password", "    password: "), ("db.new.deep", "deep: "), ("top", "top: "), ("list[1]", "- ")]
        {
            let new = opened
                .set(&KeyPath::parse(path).unwrap(), &Value::text("n3w: \"secret\""), "2026-02-01T00:00:00Z")
                .unwrap();
            let read = String::from_utf8(real.decrypt("s.yaml", &new)).unwrap();
            assert!(read.contains(&format!("{place}'n3w: \"secret\"'")), "{path}\n{read}");
            let lines =
                |bytes: &[u8]| -> Vec<String> { String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect() };
            let (old, new) = (lines(&file), lines(&new));
            let kept = old.iter().filter(|line| new.contains(line)).count();
            // The MAC, the date, and the value where one was.
            let changed = if ["db.password", "list[1]"].contains(&path) { 3 } else { 2 };
            assert_eq!(old.len() - kept, changed, "{path}");
        }
        let value = opened.get(&KeyPath::parse("db.password").unwrap()).unwrap();
        assert!(value.expose().expose() == b"old");
    }
}

#[test]
fn values_are_set_in_json_and_dotenv_too() {
    let real = Real::new();
    for (name, text, path) in [
        ("s.json", "{\n  \"a\": {\"b\": 1}\n}\n", "a.c"),
        ("s.json", "{}", "x"),
        ("s.env", "A=1\n", "B"),
        ("s.env", "A=1\n", "A"),
    ] {
        for file in [real.ours(name, text), real.encrypt(name, text, &[])] {
            let parsed = Encrypted::parse(name, &file, Format::of_name(name)).unwrap();
            let opened = parsed.open(&real.identities()).unwrap();
            let new = opened.set(&KeyPath::parse(path).unwrap(), &Value::text("n3w\nline"), NOW).unwrap();
            let read = String::from_utf8(real.decrypt(name, &new)).unwrap();
            assert!(read.contains("n3w\\nline"), "{name} {path}\n{read}");
        }
    }
}
