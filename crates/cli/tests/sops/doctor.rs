//! `pinnace secrets doctor`: what it finds, where, and that it repeats no value.

use std::fs;
use std::process::Command;

use super::desk::Desk;
use super::real::Real;

fn git(desk: &Desk, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"])
        .args(arguments)
        .current_dir(desk.0.path());
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("PATH", path()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// With our program in it.
fn path() -> String {
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_pinnace")).parent().unwrap();
    format!("{}:{}", own.display(), std::env::var("PATH").unwrap())
}

fn doctor(desk: &Desk, arguments: &[&str]) -> (i32, String, String) {
    let output = desk.command(&[&["doctor"], arguments].concat()).env("PATH", path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter22\n";

#[test]
fn each_kind_of_fault_is_told_with_file_and_line_and_without_the_value() {
    let (desk, other) = (Desk::new(), Real::new());
    let rules = format!("creation_rules:\n- path_regex: ^prod/\n  age: {}\n", desk.0.public);
    desk.0.write(".sops.yaml", &rules);
    for folder in ["prod", "apps"] {
        fs::create_dir(desk.0.path().join(folder)).unwrap();
    }
    fs::remove_file(desk.0.path().join("key.txt")).unwrap();
    desk.0.write("prod/good.yaml", desk.0.ours("prod/good.yaml", "a: b\nlist: [c]\n"));
    assert_eq!(doctor(&desk, &[]).0, 0, "{:?}", doctor(&desk, &[]));

    desk.0.write("prod/plain.yaml", "password: hunter22\n");
    desk.0.write("apps/secret.yaml", SECRET);
    desk.0.write("apps/notes.txt", format!("first\nsecond\n{}BEGIN RSA PRIVATE KEY-----\nhunter22\n", "-----"));
    desk.0.write("apps/ci.sh", format!("curl -H 'x: {}{}'\n", "ghp_", "hunter22hunter22hunter22"));
    let sealed = String::from_utf8(desk.0.ours("s.yaml", "a: one\nb: two\n")).unwrap();
    let value = sealed.lines().nth(1).unwrap();
    desk.0.write("prod/left.yaml", sealed.replace(value, "b: hunter22"));
    desk.0.write("prod/cut.yaml", sealed.replace(value, &value[..40]));
    desk.0.write("prod/lost.yaml", sealed.split("sops:").next().unwrap());
    desk.0.write("prod/foreign.yaml", other.ours("prod/foreign.yaml", "a: b\n"));
    desk.0.write("prod/metadata.yaml", sealed.replace("lastmodified: \"2026", "lastmodified: \"x2026"));
    let (code, found, told) = doctor(&desk, &[]);
    assert_eq!(code, 1);
    assert!(!found.contains("hunter") && !told.contains("hunter"), "{found}{told}");
    let places: Vec<String> =
        found.lines().map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect();
    let want = [
        "apps/ci.sh:1",
        "apps/notes.txt:3",
        "apps/secret.yaml:6",
        "prod/cut.yaml:2",
        "prod/foreign.yaml:1",
        "prod/left.yaml:2",
        "prod/lost.yaml:1",
        "prod/metadata.yaml:3",
        "prod/plain.yaml:1",
    ];
    assert_eq!(places, want, "{found}");
    for sentence in [
        "apps/secret.yaml:6: `stringData.password` of a Secret is in the clear",
        "prod/left.yaml:2: `b` is in the clear: take it out",
        "prod/foreign.yaml:1: its rule in .sops.yaml says otherwise: it is not for age age1",
        "prod/plain.yaml:1: a rule in .sops.yaml says that this file is encrypted, and it is not",
    ] {
        assert!(found.contains(sentence), "{found}");
    }
    let (code, found, _) = doctor(&desk, &["-o", "json", "apps"]);
    let lines: Vec<serde_json::Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len(), lines[2]["line"].as_u64()), (1, 3, Some(6)));
    assert_eq!(lines[2]["file"], "apps/secret.yaml");
    let (code, found, _) = doctor(&desk, &["prod/good.yaml"]);
    assert_eq!((code, found.as_str()), (0, ""));
}

#[test]
fn what_gitignore_leaves_out_is_not_looked_at_and_what_is_staged_is_looked_at_as_staged() {
    let desk = Desk::new();
    git(&desk, &["init", "-q"]);
    desk.0.write(".gitignore", "key.txt\n");
    desk.0.write("a.yaml", SECRET);
    assert!(doctor(&desk, &["--staged"]).2.contains("nothing was found in 0 files"));
    git(&desk, &["add", "-A"]);
    // What lies there is clean by now; what would be committed is not.
    desk.0.write("a.yaml", "a: b\n");
    let (code, found, _) = doctor(&desk, &[]);
    assert_eq!((code, found.as_str()), (0, ""), "the key itself is never committed");
    let (code, found, told) = doctor(&desk, &["--staged"]);
    assert_eq!(code, 1);
    assert!(found.starts_with("a.yaml:6: `stringData.password` of a Secret is in the clear"), "{found}");
    assert!(told.contains("1 found in 2 files"), "{told}");
    git(&desk, &["add", "-A"]);
    assert_eq!(doctor(&desk, &["--staged"]).0, 0);
}

#[test]
fn as_a_hook_it_stops_exactly_the_commit_that_would_carry_a_secret() {
    let desk = Desk::new();
    git(&desk, &["init", "-q"]);
    desk.0.write(".gitignore", "key.txt\n");
    let hook = desk.0.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nexec pinnace secrets doctor --staged\n").unwrap();
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    desk.0.write("a.yaml", "a: b\n");
    desk.0.write("s.yaml", SECRET);
    git(&desk, &["add", "-A"]);
    let mut refused = Command::new("git");
    refused.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-qm", "all"]);
    let refused =
        refused.current_dir(desk.0.path()).env("PATH", path()).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned() + &String::from_utf8_lossy(&refused.stdout);
    assert!(!refused.status.success() && said.contains("s.yaml:6: ") && !said.contains("hunter"), "{said}");
    // A commit of one path has an index of its own.
    git(&desk, &["commit", "-qm", "one", "a.yaml"]);
    desk.0.write("s.yaml", desk.0.ours("s.yaml", SECRET));
    git(&desk, &["add", "-A"]);
    git(&desk, &["commit", "-qm", "encrypted"]);
    assert!(!git(&desk, &["log", "-p"]).contains("hunter22"));
}

#[test]
fn what_is_staged_is_looked_at_as_a_whole_from_every_folder() {
    let desk = Desk::new();
    git(&desk, &["init", "-q"]);
    desk.0.write(".gitignore", "key.txt\n");
    for folder in ["apps/shop", "prod"] {
        fs::create_dir_all(desk.0.path().join(folder)).unwrap();
    }
    desk.0.write("prod/s.yaml", SECRET);
    desk.0.write("apps/shop/s.yaml", SECRET);
    git(&desk, &["add", "-A"]);
    let there = |arguments: &[&str]| {
        let mut command = desk.command(&[&["doctor", "--staged"], arguments].concat());
        let output = command.env("PATH", path()).current_dir(desk.0.path().join("apps/shop")).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, found) = there(&[]);
    assert_eq!(code, 1);
    let names: Vec<&str> = found.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, ["s.yaml", "../../prod/s.yaml"], "{found}");
    let (_, found) = there(&["."]);
    assert!(
        found.starts_with("s.yaml:6: ") && found.lines().count() == 1,
        "who names a folder asks about that: {found}"
    );
}

#[test]
fn rules_that_can_not_be_used_are_told_once_and_not_with_each_file() {
    let desk = Desk::new();
    fs::create_dir(desk.0.path().join("prod")).unwrap();
    fs::remove_file(desk.0.path().join("key.txt")).unwrap();
    for name in ["prod/a.yaml", "prod/b.yaml", "prod/c.yaml"] {
        desk.0.write(name, desk.0.ours(name, "a: b\n"));
    }
    let public = &desk.0.public;
    for (rules, told) in [
        ("creation_rules:\n- age: [\n".to_owned(), ".sops.yaml:2: this is not valid YAML"),
        (
            format!("creation_rules:\n- path_regex: '('\n  age: {public}\n"),
            ".sops.yaml:2: `creation_rules[0].path_regex` is not a regular expression",
        ),
        (
            format!("creation_rules:\n- path_regexp: ^prod/\n  age: {public}\n"),
            ".sops.yaml:2: `path_regexp` in `creation_rules[0]` is a key that SOPS does not know: `path_regex` is meant",
        ),
    ] {
        desk.0.write(".sops.yaml", rules);
        let (code, found, said) = doctor(&desk, &[]);
        assert_eq!((code, found.lines().count()), (1, 1), "{found}{said}");
        assert!(found.starts_with(told), "{found}");
        // It is told for one file too, whose rules they are.
        assert!(doctor(&desk, &["prod/a.yaml"]).1.starts_with(told));
        let refused = desk.refused(&["encrypt", "prod/a.yaml"], "");
        assert!(refused.starts_with("error: ") && refused.contains(".sops.yaml: "), "{refused}");
    }
    let listed = desk.command(&["who-can-read", "prod/a.yaml"]).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains(public), "that does not hang on the rules");
    // What only SOPS can encrypt for is no fault of the rules.
    desk.0.write(".sops.yaml", "creation_rules:\n- kms: arn:aws:kms:eu-west-1:1:key/a\n");
    assert_eq!(doctor(&desk, &[]).0, 0, "{:?}", doctor(&desk, &[]));
}

#[test]
fn settings_with_secrets_are_told_and_their_values_are_not() {
    let desk = Desk::new();
    fs::remove_file(desk.0.path().join("key.txt")).unwrap();
    desk.0.write("values.yaml", "db:\n  password: hunter22\n  host: db\n");
    desk.0.write(".env", "DATABASE_URL=postgres://shop:hunter22@db/shop\n");
    desk.0.write("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {DB_PASSWORD: changeme}\n");
    let (code, found, told) = doctor(&desk, &[]);
    assert_eq!(code, 1);
    assert!(!found.contains("hunter") && told.contains("3 found in 3 files"), "{found}{told}");
    for want in [
        ".env:1: `DATABASE_URL` is an address with a password in the clear: ",
        "map.yaml:4: `data.DB_PASSWORD` is a placeholder for a secret, and would be used as it is: ",
        "values.yaml:2: `db.password` looks like a secret in the clear: ",
    ] {
        assert!(found.contains(want), "{found}");
    }
}

#[test]
fn a_file_without_the_scope_of_its_rule_is_told_and_gets_it_when_it_is_rotated() {
    let desk = Desk::new();
    git(&desk, &["init", "-q"]);
    desk.0.write(".gitignore", "key.txt\n");
    desk.0.write("s.yaml", desk.0.ours("s.yaml", "a: b\n"));
    desk.0.write(".sops.yaml", format!("creation_rules:\n- pinnace_scope: shop/prod\n  age: {}\n", desk.0.public));
    let (code, found, _) = doctor(&desk, &[]);
    let want = "s.yaml:1: its rule in .sops.yaml says `pinnace_scope: shop/prod`, and the file opens everywhere";
    assert!(code == 1 && found.starts_with(want), "{found}");
    desk.ok(&["rotate", "s.yaml"], "");
    assert_eq!(doctor(&desk, &[]).0, 0, "{:?}", doctor(&desk, &[]));
    assert!(desk.read("s.yaml").starts_with("pinnace_scope_unencrypted: "), "{}", desk.read("s.yaml"));
}

#[test]
fn a_merge_that_git_could_not_make_is_told_by_every_command() {
    let desk = Desk::new();
    git(&desk, &["init", "-q", "-b", "main"]);
    desk.0.write(".gitignore", "key.txt\n");
    desk.0.write("s.yaml", desk.0.ours("s.yaml", "a: one\nb: two\n"));
    git(&desk, &["add", "-A"]);
    git(&desk, &["commit", "-qm", "first"]);
    git(&desk, &["checkout", "-qb", "other"]);
    desk.ok(&["set", "s.yaml", "a"], "theirs\n");
    git(&desk, &["commit", "-qam", "theirs"]);
    git(&desk, &["checkout", "-q", "main"]);
    desk.ok(&["set", "s.yaml", "a"], "ours\n");
    git(&desk, &["commit", "-qam", "ours"]);
    let mut merge = Command::new("git");
    merge.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "merge", "-q", "other"]);
    let merged =
        merge.current_dir(desk.0.path()).env("PATH", path()).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(!merged.status.success());
    let told = desk.refused(&["view", "s.yaml"], "");
    assert!(told.starts_with("error: s.yaml: line 1: a conflict of git stands in the file"), "{told}");
    let (code, found, _) = doctor(&desk, &[]);
    assert!(code == 1 && found.starts_with("s.yaml:1: a conflict of git") && found.lines().count() == 1, "{found}");
    // As it says.
    git(&desk, &["checkout", "--ours", "s.yaml"]);
    assert_eq!(desk.ok(&["get", "s.yaml", "a"], ""), "ours");
    assert_eq!(doctor(&desk, &[]).0, 0);
}
