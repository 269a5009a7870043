//! Who can read files, changed and told: `rotate`, `recipients`, `who-can-read`.

use std::fs;

use super::desk::Desk;
use super::real::Real;

const TEXT: &str = "# head\ndb:\n    user: shop\n    password: hunter22\nlist:\n    - one\n    - two\nport: 5432\n";

fn rules(keys: &[&str]) -> String {
    let keys = keys.join("\n    - ");
    format!("creation_rules:\n- age:\n    - {keys}\n")
}

/// Every ciphertext of a file, the sealed keys and the MAC left out.
fn sealed(file: &str) -> Vec<String> {
    file.lines()
        .filter(|line| !line.contains("mac"))
        .filter_map(|line| line.split("ENC[").nth(1))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_rotated_file_has_nothing_of_the_old_key() {
    let (desk, old_reader) = (Desk::new(), Real::new());
    for (name, text) in
        [("s.yaml", TEXT), ("s.json", "{\"a\": \"x\", \"b\": [1]}"), ("s.env", "A=1\n"), ("s.bin", "bytes")]
    {
        desk.0.write(".sops.yaml", rules(&[&desk.0.public, &old_reader.public]));
        desk.0.write(name, text);
        let file = desk.0.ok(&["encrypt", "-i", name]);
        assert!(file.is_empty());
        let old = desk.read(name);
        assert_eq!(old_reader.decrypt(name, old.as_bytes()), desk.0.ok(&["decrypt", name]));
        desk.0.write(".sops.yaml", rules(&[&desk.0.public]));
        let output = desk.run(&["rotate", name], "");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{told}");
        assert!(told.contains(&format!("{name}: rotated; no longer for age {}", old_reader.public)), "{told}");
        let new = desk.read(name);
        assert!(sealed(&old).iter().all(|one| !new.contains(one)), "no ciphertext stays");
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(words(&String::from_utf8(desk.0.ok(&["decrypt", name])).unwrap()), words(text));
        old_reader.write(name, &new);
        assert!(!old_reader.run(&["decrypt", name]).status.success(), "the old reader opens nothing new");
        fs::remove_file(desk.0.path().join(name)).unwrap();
    }
}

#[test]
fn the_old_data_key_opens_no_value_of_a_rotated_file() {
    let desk = Desk::new();
    desk.0.write("s.yaml", desk.0.ours("s.yaml", TEXT));
    let old = desk.read("s.yaml");
    desk.ok(&["rotate", "s.yaml"], "");
    let new = desk.read("s.yaml");
    // The old block, with the old key, above the new values.
    let (values, _) = new.split_once("\nsops:").unwrap();
    let (_, block) = old.split_once("\nsops:").unwrap();
    desk.0.write("mixed.yaml", format!("{values}\nsops:{block}"));
    let told = desk.refused(&["decrypt", "mixed.yaml"], "");
    assert!(told.contains("does not open with the file's key"), "{told}");
    desk.0.write("mixed2.yaml", format!("{values}\nsops:{block}"));
    assert!(!desk.0.run(&["decrypt", "--ignore-mac", "mixed2.yaml"]).status.success());
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", "s.yaml"])).unwrap(), TEXT);
}

#[test]
fn one_more_reader_changes_no_value_and_one_less_changes_all() {
    let (desk, ann) = (Desk::new(), Real::new());
    for (name, text) in [
        ("s.yaml", TEXT),
        ("s.json", "{\n\t\"a\": \"x\"\n}\n"),
        ("s.env", "A=1\n"),
        ("f.yaml", "{a: b}\n"),
        ("s.bin", "b"),
    ] {
        for file in [desk.0.ours(name, text), desk.0.encrypt(name, text, &[])] {
            desk.0.write(name, &file);
            let old = desk.read(name);
            desk.ok(&["recipients", "add", &ann.public, name], "");
            let both = desk.read(name);
            assert!(sealed(&old).iter().all(|one| both.contains(one)), "{name}: every ciphertext stays");
            assert_eq!(ann.decrypt(name, both.as_bytes()), desk.0.ok(&["decrypt", name]), "{name}");
            desk.ok(&["recipients", "add", &ann.public, name], "");
            assert_eq!(desk.read(name), both, "added once");
            desk.ok(&["recipients", "remove", &ann.public, name], "");
            let alone = desk.read(name);
            assert!(sealed(&both).iter().all(|one| !alone.contains(one)), "{name}: no ciphertext stays");
            ann.write(name, &alone);
            assert!(!ann.run(&["decrypt", name]).status.success());
            desk.0.ok(&["decrypt", name]);
        }
    }
    for name in ["s.yaml", "t.yaml", "u.yaml"] {
        desk.0.write(name, desk.0.ours(name, TEXT));
    }
    let told = |arguments: &[&str]| String::from_utf8(desk.run(arguments, "").stderr).unwrap();
    let said = told(&["recipients", "add", &ann.public, "s.yaml", "t.yaml"]);
    assert_eq!(said, "s.yaml: changed\nt.yaml: changed\n2 files were changed\n");
    let said = told(&["recipients", "remove", &ann.public, "s.yaml", "t.yaml", "u.yaml"]);
    let none = format!("u.yaml: it is not for age {}, and nothing was to be changed\n", ann.public);
    assert_eq!(said, format!("s.yaml: changed\nt.yaml: changed\n{none}2 of 3 files were changed\n"));
    assert!(told(&["rotate", "s.yaml"]).ends_with("s.yaml: rotated\n1 file was changed\n"));
    let before = desk.read("s.yaml");
    let told = desk.refused(&["recipients", "remove", &desk.0.public, "s.yaml"], "");
    assert!(told.contains("is the only key that opens the file: add another first"), "{told}");
    let told = desk.refused(&["recipients", "add", "nobody", "s.yaml"], "");
    assert!(told.contains("`nobody` is not an age recipient"), "{told}");
    assert_eq!(desk.read("s.yaml"), before);
}

#[test]
fn all_files_below_a_folder_are_changed_and_what_fails_is_named() {
    let (desk, stranger) = (Desk::new(), Real::new());
    for folder in ["prod", "dev/.git", ".git"] {
        fs::create_dir_all(desk.0.path().join(folder)).unwrap();
    }
    for name in ["prod/a.yaml", "b.json", "dev/c.env", ".git/kept.yaml"] {
        let file = desk.0.ours(
            name,
            if name.ends_with("json") {
                "{\"a\": 1}"
            } else if name.ends_with("env") {
                "A=1\n"
            } else {
                TEXT
            },
        );
        desk.0.write(name, file);
    }
    desk.0.write("plain.yaml", "about: ENC[AES256_GCM, not one\n");
    desk.0.write("foreign.yaml", stranger.ours("foreign.yaml", TEXT));
    let (kept, foreign) = (desk.read(".git/kept.yaml"), desk.read("foreign.yaml"));
    let output = desk.run(&["rotate", "--all"], "");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("error: foreign.yaml: the private key that was given does not open the file"), "{told}");
    assert!(told.contains("1 of 4 files failed"), "{told}");
    for name in ["prod/a.yaml", "b.json", "dev/c.env"] {
        assert!(told.contains(&format!("{name}: rotated\n")), "{told}");
        desk.0.ok(&["decrypt", name]);
    }
    assert_eq!((desk.read(".git/kept.yaml"), desk.read("foreign.yaml")), (kept, foreign));
    let listed = desk.ok(&["who-can-read", "--all"], "");
    assert_eq!(listed.matches("age1").count(), 4, "{listed}");
    let usage = desk.run(&["rotate"], "");
    assert_eq!(usage.status.code(), Some(2), "neither files nor --all");
}

#[test]
fn who_can_read_needs_no_key_and_names_people_groups_and_what_the_rule_says_otherwise() {
    let (desk, ann, bob) = (Desk::new(), Real::new(), Real::new());
    let (a, b, d) = (&ann.public, &bob.public, &desk.0.public);
    let rules = format!(
        "creation_rules:\n- path_regex: ^g\n  shamir_threshold: 2\n  key_groups:\n  - age: [{a}] # ann\n  - age: [{b}]\n  - age: [{d}]\n- age:\n  # ann\n  - {a}\n  - {d}\n"
    );
    desk.0.write(".sops.yaml", &rules);
    desk.0.write("g.yaml", TEXT);
    desk.ok(&["encrypt", "-i", "g.yaml"], "");
    desk.0.write("s.yaml", desk.0.ours("s.yaml", TEXT));
    fs::remove_file(desk.0.path().join("key.txt")).unwrap();
    let output = desk.command(&["who-can-read", "g.yaml", "s.yaml"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let want = format!(
        "g.yaml: one of each of 2 of these 3 groups\n  group 1\n    {a} (ann)\n  group 2\n    {b}\n  group 3\n    {d}\ns.yaml\n  {d}\n"
    );
    assert_eq!(listed, want);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, format!("s.yaml: its rule in .sops.yaml says otherwise: it is not for age {a}\n"));
    let lines = desk.ok(&["who-can-read", "-o", "json", "g.yaml"], "");
    let line: serde_json::Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(line["groups"][0][0], serde_json::json!({"kind": "age", "key": a, "name": "ann"}));
    assert_eq!((line["threshold"].as_u64(), line["file"].as_str()), (Some(2), Some("g.yaml")));
}

#[test]
fn groups_are_rotated_as_a_whole() {
    let keys = [Real::new(), Real::new(), Real::new()];
    let desk = Desk::new();
    let rules = |a: &str, b: &str| {
        format!("creation_rules:\n- shamir_threshold: 2\n  key_groups:\n  - age: [{a}]\n  - age: [{b}]\n")
    };
    desk.0.write(".sops.yaml", rules(&keys[0].public, &keys[1].public));
    desk.0.write("g.yaml", TEXT);
    desk.ok(&["encrypt", "-i", "g.yaml"], "");
    let both = [&keys[0], &keys[1]].map(|key| key.private.as_str()).join("\n");
    desk.0.write("both.txt", both);
    let told = desk.refused(&["recipients", "add", "--key-file", "both.txt", &keys[2].public, "g.yaml"], "");
    assert!(told.contains("the file has key groups: change them in .sops.yaml"), "{told}");
    desk.0.write(".sops.yaml", rules(&keys[0].public, &keys[2].public));
    desk.ok(&["rotate", "--key-file", "both.txt", "g.yaml"], "");
    let old = desk.0.run_with(&desk.0.path().join("both.txt"), &["decrypt", "g.yaml"]);
    assert!(!old.status.success(), "the old groups open nothing new");
    desk.0.write("new.txt", [&keys[0], &keys[2]].map(|key| key.private.as_str()).join("\n"));
    let new = desk.0.run_with(&desk.0.path().join("new.txt"), &["decrypt", "g.yaml"]);
    assert_eq!(String::from_utf8(new.stdout).unwrap(), TEXT);
}

#[test]
fn a_file_without_rules_of_its_own_has_those_of_sops() {
    let desk = Desk::new();
    let text = "a: x\nb_unencrypted: clear\n";
    let file = String::from_utf8(desk.0.encrypt("s.yaml", text, &[])).unwrap();
    let bare = file.replace("    unencrypted_suffix: _unencrypted\n", "");
    assert_ne!(file, bare);
    desk.0.write("s.yaml", &bare);
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", "s.yaml"])).unwrap(), text);
    assert_eq!(desk.ok(&["view", "s.yaml"], ""), text);
    desk.ok(&["rotate", "s.yaml"], "");
    assert!(desk.read("s.yaml").contains("b_unencrypted: clear\n"));
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", "s.yaml"])).unwrap(), text);
}
