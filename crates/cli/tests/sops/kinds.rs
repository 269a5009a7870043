//! What kind a value is: numbers, dates and tags as the real `sops` reads and writes them, and what `set` makes of them.

use secrets::sops::Format;

use super::desk::Desk;
use super::real::{NOW, Real};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn numbers_and_dates_that_sops_encrypted_come_back_as_somebody_writes_them() {
    let desk = Desk::new();
    let written = "whole: 8080\npoint: 8080.0\nfraction: 1.50\nexponent: 1e3\nhuge: 1e30\ntiny: 1.5e-9\nday: 2001-12-14\nat: 2001-12-14T21:59:43Z\nclear_unencrypted: 8080.0\n";
    let shown = "whole: 8080\npoint: 8080.0\nfraction: 1.5\nexponent: 1000.0\nhuge: 1.0e+30\ntiny: 1.5e-9\nday: 2001-12-14\nat: 2001-12-14T21:59:43Z\n";
    desk.0.write("n.yaml", desk.0.encrypt("n.yaml", written, &[]));
    for command in ["view", "decrypt"] {
        let told = desk.ok(&[command, "n.yaml"], "");
        assert!(told.starts_with(shown), "{told}");
    }
    for line in shown.lines() {
        let (key, value) = line.split_once(": ").unwrap();
        assert_eq!(desk.ok(&["get", "n.yaml", key], ""), value, "{key}");
    }
    // Ours reads the same, and the real one reads ours.
    desk.0.write("o.yaml", desk.0.ours("o.yaml", written));
    assert!(desk.ok(&["view", "o.yaml"], "").starts_with(shown));
    let number = |name: &str| -> serde_json::Value {
        serde_saphyr::from_slice(&desk.0.ok(&["decrypt", "--output-type", "json", name])).unwrap()
    };
    assert_eq!(number("o.yaml"), number("n.yaml"));

    let json = "{\"whole\": 8080, \"point\": 1.5, \"huge\": 1e30}";
    desk.0.write("n.json", desk.0.encrypt("n.json", json, &[]));
    let told: serde_json::Value = serde_json::from_str(&desk.ok(&["decrypt", "n.json"], "")).unwrap();
    assert_eq!(told, serde_json::from_str::<serde_json::Value>(json).unwrap());
    assert_eq!(desk.ok(&["get", "n.json", "whole"], ""), "8080");
}

/// SOPS before 3.10 took every number of JSON for one with a fraction.
#[test]
fn a_whole_number_of_json_that_an_older_sops_took_for_another_kind_is_shown_whole() {
    let desk = Desk::new();
    desk.0.write("old.json", desk.0.ours("old.json", "{\n\t\"port\": 8080.0,\n\t\"name\": \"x\"\n}\n"));
    assert!(desk.read("old.json").contains("type:float"));
    assert_eq!(desk.ok(&["decrypt", "old.json"], ""), "{\n\t\"port\": 8080,\n\t\"name\": \"x\"\n}\n");
    assert_eq!(desk.ok(&["get", "old.json", "port"], ""), "8080");
    let sealed = |file: &str| file.lines().find(|line| line.contains("\"port\"")).unwrap().to_owned();
    let before = sealed(&desk.read("old.json"));
    let mut edit = desk.command(&["edit", "old.json"]);
    edit.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt")).env("PATH", std::env::var("PATH").unwrap());
    let output = edit.env("EDITOR", "sed -i s/x/y/").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sealed(&desk.read("old.json")), before, "what was not changed keeps its ciphertext");
    desk.ok(&["set", "old.json", "port"], "8081\n");
    assert_eq!(desk.ok(&["decrypt", "old.json"], ""), "{\n\t\"port\": 8081,\n\t\"name\": \"y\"\n}\n");
    desk.0.ok(&["decrypt", "old.json"]);
}

#[test]
fn tags_are_what_sops_makes_of_them_or_are_refused_by_key_and_line() {
    let real = Real::new();
    let tagged = "s: !!str 123\nb: !!binary aGVsbG8=\nraw: !!binary /wD+\ni: !!int \"5\"\nf: !!float 8080\nt: !!bool \"true\"\nn: !!null null\nd: !!timestamp \"2001-12-14\"\nm: !!map\n  k: !!seq [x, ! 12]\n";
    let theirs = real.encrypt("t.yaml", tagged, &[]);
    let ours = real.ours("t.yaml", tagged);
    let read = |bytes: &[u8]| text(real.decrypt("t.yaml", bytes));
    assert_eq!(read(&ours).replace("!!map ", ""), read(&theirs));
    let plain = |bytes: &[u8]| text(real.opened("t.yaml", bytes));
    for line in ["s: \"123\"", "b: hello", "raw: !!binary /wD+", "i: 5", "f: 8080.0", "t: true", "d: 2001-12-14"] {
        assert!(plain(&ours).lines().any(|one| one == line), "{line}\n{}", plain(&ours));
        assert!(plain(&theirs).lines().any(|one| one == line), "{line}\n{}", plain(&theirs));
    }
    for (bad, told) in [
        ("a:\n  - x\n  - b: !custom y\n", "line 3: `a[1].b` has the tag `!custom`, which SOPS would take away"),
        ("a: !!int x\n", "line 1: `a` has the tag `!!int`, and its value is none of that kind"),
        ("a: !!binary '!'\n", "line 1: `a` has the tag `!!binary`, and its value is no base64"),
        ("a: !!set {x, y}\n", "line 1: `a` has the tag `!!set`, which SOPS would take away"),
        ("a: !mine [x]\n", "line 1: `a` has the tag `!mine`, which SOPS would take away"),
        ("!!str a: x\n", "line 1: `a` has the tag `!!str`, and a key can't have one"),
    ] {
        let error = secrets::sops::encrypt("t.yaml", bad.as_bytes(), Format::Yaml, &real.creation(), NOW)
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_value_that_is_set_stays_of_the_kind_that_it_was() {
    let desk = Desk::new();
    let file = "text: \"123\"\nport: 5432\nshare: 1.5\nlive: true\nday: 2001-12-14\nnone: null\n";
    for sealed in [desk.0.ours("s.yaml", file), desk.0.encrypt("s.yaml", file, &[])] {
        desk.0.write("s.yaml", sealed);
        for (key, value) in [
            ("text", "456"),
            ("port", "5433"),
            ("share", "2"),
            ("live", "false"),
            ("day", "2002-01-01"),
            ("none", "7"),
            ("new", "8"),
        ] {
            desk.ok(&["set", "s.yaml", key], &format!("{value}\n"));
        }
        let want = "text: \"456\"\nport: 5433\nshare: 2.0\nlive: false\nday: 2002-01-01\nnone: \"7\"\nnew: \"8\"\n";
        assert_eq!(desk.ok(&["decrypt", "s.yaml"], ""), want);
        desk.0.ok(&["decrypt", "s.yaml"]);
    }
    let before = desk.read("s.yaml");
    for (key, told) in [
        (
            "port",
            "s.yaml: `port` is a whole number, and the value that you give is none, so nothing was changed: --type says what",
        ),
        ("live", "s.yaml: `live` is `true` or `false`, and"),
        ("day", "s.yaml: `day` is a date or a time, and"),
    ] {
        let refused = desk.refused(&["set", "s.yaml", key], "hunter22\n");
        assert!(refused.contains(told) && !refused.contains("hunter"), "{refused}");
    }
    assert_eq!(desk.read("s.yaml"), before);
    desk.ok(&["set", "--type", "string", "s.yaml", "port"], "abc\n");
    desk.ok(&["set", "--type", "int", "s.yaml", "text"], "1\n");
    let plain = desk.ok(&["decrypt", "s.yaml"], "");
    assert!(plain.starts_with("text: 1\nport: abc\n"), "{plain}");
}

#[test]
fn files_that_sops_keeps_as_ini_are_refused_before_anything_else() {
    let desk = Desk::new();
    desk.0.write("s.ini", "[db]\npassword = hunter22\n");
    let sentence =
        "s.ini: files of the kind `.ini` are not read or written here, and SOPS has a format of its own for them";
    let told = desk.refused(&["encrypt", "s.ini"], "");
    assert!(told.contains(sentence) && told.contains("--format binary"), "{told}");
    let told = desk.refused(&["edit", "new.ini"], "");
    assert!(told.contains("new.ini: files of the kind `.ini`"), "{told}");
    let theirs = desk.0.encrypt("s.ini", "[db]\npassword = hunter22\n", &[]);
    desk.0.write("s.ini", theirs);
    for arguments in [
        &["view", "s.ini"][..],
        &["get", "s.ini", "db.password"],
        &["set", "s.ini", "db.password"],
        &["rotate", "s.ini"],
    ] {
        let output = desk.run(arguments, "x\n");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && told.contains(sentence), "{told}");
    }
    desk.0.write("whole.ini", "[db]\npassword = hunter22\n");
    desk.ok(&["encrypt", "-i", "--format", "binary", "--age", &desk.0.public, "whole.ini"], "");
    assert_eq!(desk.ok(&["view", "whole.ini"], ""), "[db]\npassword = hunter22\n");
    assert_eq!(
        text(desk.0.ok(&["decrypt", "--input-type", "binary", "--output-type", "binary", "whole.ini"])),
        "[db]\npassword = hunter22\n"
    );
}
