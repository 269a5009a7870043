//! The commands as people type them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::desk::Desk;

const TEXT: &str = "db:\n    user: shop\n    password: hunter22\n";

#[test]
fn a_file_goes_through_all_commands_and_sops_reads_each_step() {
    let desk = Desk::new();
    desk.0.write("s.yaml", TEXT);
    let printed = desk.ok(&["encrypt", "--age", &desk.0.public, "s.yaml"], "");
    assert_eq!(desk.read("s.yaml"), TEXT, "without --in-place the file stays");
    assert_eq!(desk.0.decrypt("other.yaml", printed.as_bytes()), TEXT.as_bytes());

    fs::set_permissions(desk.0.path().join("s.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    desk.ok(&["encrypt", "--in-place", "--age", &desk.0.public, "s.yaml"], "");
    assert_eq!(fs::metadata(desk.0.path().join("s.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(desk.0.ok(&["decrypt", "s.yaml"]), TEXT.as_bytes());
    assert_eq!(desk.ok(&["decrypt", "s.yaml"], ""), TEXT);
    assert_eq!(desk.ok(&["view", "s.yaml"], ""), TEXT);

    desk.ok(&["set", "s.yaml", "db.password"], "n3w\n");
    desk.ok(&["set", "--type", "int", "s.yaml", "db.port"], "5432\n");
    assert_eq!(desk.ok(&["get", "s.yaml", "db.password"], ""), "n3w");
    let want = "db:\n    user: shop\n    password: n3w\n    port: 5432\n";
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", "s.yaml"])).unwrap(), want);
    desk.ok(&["decrypt", "-i", "s.yaml"], "");
    assert_eq!(desk.read("s.yaml"), want);
    assert_eq!(desk.files(), ["key.txt", "other.yaml", "s.yaml"], "nothing is left behind");
}

#[test]
fn keys_are_made_for_one_reader_and_real_age_uses_them() {
    let desk = Desk::new();
    let public = desk.ok(&["keygen", "--out", "new.txt"], "");
    assert_eq!(fs::metadata(desk.0.path().join("new.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    let age = testkit::engines::age().unwrap();
    desk.0.write("m.txt", "message");
    let mut seal = Command::new(&age);
    seal.args(["-r", public.trim(), "-o", "m.age", "m.txt"]).current_dir(desk.0.path());
    assert!(seal.status().unwrap().success());
    let opened = Command::new(&age).args(["-d", "-i", "new.txt", "m.age"]).current_dir(desk.0.path()).output().unwrap();
    assert_eq!(opened.stdout, b"message");
    let again = desk.refused(&["keygen", "--out", "new.txt"], "");
    assert!(again.contains("name one that is not there"), "{again}");
    let printed = desk.ok(&["keygen"], "");
    assert!(printed.contains("# public key: age1") && printed.contains("\nAGE-SECRET-KEY-1"));
}

#[test]
fn encrypting_follows_the_rules_and_needs_no_private_key() {
    let desk = Desk::new();
    let rules =
        format!("creation_rules:\n- path_regex: ^prod/\n  encrypted_regex: ^password$\n  age: {}\n", desk.0.public);
    desk.0.write(".sops.yaml", &rules);
    fs::create_dir(desk.0.path().join("prod")).unwrap();
    desk.0.write("prod/s.yaml", TEXT);
    desk.0.write("s.yaml", TEXT);
    fs::rename(desk.0.path().join("key.txt"), desk.0.path().join("away.txt")).unwrap();
    let printed = desk.ok(&["encrypt", "prod/s.yaml"], "");
    assert!(printed.contains("user: shop\n") && !printed.contains("hunter22"), "{printed}");
    let told = desk.refused(&["encrypt", "s.yaml"], "");
    assert!(told.contains(".sops.yaml: no rule in `creation_rules` matches `s.yaml`: add one"), "{told}");
    assert!(desk.ok(&["encrypt", "--age", &desk.0.public, "s.yaml"], "").contains("sops:"));
}

#[test]
fn a_key_is_taken_from_each_place_and_what_is_missing_is_said() {
    let desk = Desk::new();
    desk.0.write("s.yaml", desk.0.ours("s.yaml", TEXT));
    let key = desk.0.path().join("key.txt");
    let mut file = desk.command(&["decrypt", "s.yaml"]);
    file.env("SOPS_AGE_KEY_FILE", &key);
    let mut text = desk.command(&["decrypt", "s.yaml"]);
    text.env("SOPS_AGE_KEY", &desk.0.private);
    for mut command in [file, text, desk.command(&["decrypt", "--key-file", "key.txt", "s.yaml"])] {
        assert_eq!(String::from_utf8(command.output().unwrap().stdout).unwrap(), TEXT);
    }
    let none = desk.command(&["decrypt", "s.yaml"]).output().unwrap();
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(
        told.contains("there is no private key that opens the file; it opens with: age age1")
            && told.contains(". Give --key-file, or set PINNACE_AGE_KEY_FILE"),
        "{told}"
    );
    desk.0.write("bad.txt", "AGE-SECRET-KEY-1NOTAKEY\n");
    let told = desk.refused(&["decrypt", "--key-file", "bad.txt", "s.yaml"], "");
    assert!(told.contains("bad.txt: line 1 is not an age private key") && !told.contains("NOTAKEY"), "{told}");
}

#[test]
fn what_is_refused_changes_no_file_and_repeats_no_value() {
    let desk = Desk::new();
    let good = String::from_utf8(desk.0.ours("s.yaml", TEXT)).unwrap();
    let bad = good.replace("password:", "passwort:");
    desk.0.write("s.yaml", &bad);
    for arguments in [
        &["decrypt", "-i", "s.yaml"][..],
        &["set", "s.yaml", "db.user"],
        &["get", "s.yaml", "db.user"],
        &["view", "s.yaml"],
        &["encrypt", "-i", "--age", &desk.0.public, "s.yaml"],
    ] {
        let told = desk.refused(arguments, "hunter33\n");
        assert!(told.starts_with("error: s.yaml: "), "{told}");
        assert!(!told.contains("hunter"), "{told}");
        assert_eq!(desk.read("s.yaml"), bad);
    }
    desk.0.write("s.yaml", &good);
    let told = desk.refused(&["set", "--type", "int", "s.yaml", "db.port"], "hunter33\n");
    assert!(told.contains("the value is not a whole number") && !told.contains("hunter"), "{told}");
    let told = desk.refused(&["get", "s.yaml", "db"], "");
    assert!(told.contains("`db` is a mapping: name a single value in it"), "{told}");
    assert_eq!(desk.files(), ["key.txt", "s.yaml"]);
}

#[test]
fn values_that_are_set_at_the_same_time_are_all_kept() {
    let desk = Desk::new();
    desk.0.write("s.yaml", desk.0.ours("s.yaml", TEXT));
    std::thread::scope(|scope| {
        for number in 0..6 {
            let desk = &desk;
            scope.spawn(move || desk.ok(&["set", "s.yaml", &format!("new.k{number}")], "x"));
        }
    });
    let plain = desk.ok(&["decrypt", "s.yaml"], "");
    assert!((0..6).all(|number| plain.contains(&format!("k{number}: x\n"))), "{plain}");
}
