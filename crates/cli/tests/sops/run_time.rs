//! An app opens its file when it runs: as variables, or from a pipe.

use std::path::Path;
use std::process::{Command, Output};

use secrets::sops::{Format, Scope};

use super::real::{NOW, Real};

fn pinnace(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinnace"));
    command.arg("secrets").args(arguments).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin");
    command
}

fn run(desk: &Real, arguments: &[&str]) -> Output {
    pinnace(desk.path(), arguments).env("PINNACE_AGE_KEY", &desk.private).env("OTHER", "stays").output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

const SHOW: [&str; 4] = ["--", "sh", "-c", "env | sort"];

#[test]
fn a_program_finds_the_values_and_not_the_key() {
    let desk = Real::new();
    desk.write("a.env", desk.encrypt("a.env", "TOKEN=it's \"here\"\nLINES=one\\ntwo\nEMPTY=\n", &[]));
    desk.write("b.yaml", desk.ours("b.yaml", "PORT: 5432\nDEBUG: true\nNONE: null\nRATE: 1.50\n"));
    let output = run(&desk, &[&["exec", "--file", "a.env", "--file", "b.yaml"][..], &SHOW[..]].concat());
    let (stdout, stderr) = said(&output);
    assert!(output.status.success(), "{stderr}");
    let lines: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("PWD=") && !line.starts_with("_=")).collect();
    assert_eq!(
        lines,
        [
            "DEBUG=true",
            "EMPTY=",
            "LINES=one",
            "OTHER=stays",
            "PATH=/usr/bin:/bin",
            "PORT=5432",
            "RATE=1.5",
            "TOKEN=it's \"here\"",
            "two"
        ]
    );
}

#[test]
fn the_program_takes_the_place_of_ours() {
    let desk = Real::new();
    desk.write("a.env", desk.ours("a.env", "TOKEN=x\n"));
    let mut command = pinnace(
        desk.path(),
        &["exec", "--key-file", "key.txt", "--file", "a.env", "--", "sh", "-c", "echo $$; exit 7"],
    );
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(&output).0.trim(), id.to_string());
    assert_eq!(output.status.code(), Some(7));
    for (program, code) in [("no-such-program-here", 127), ("./a.env", 126)] {
        let output = run(&desk, &["exec", "--file", "a.env", "--", program]);
        assert_eq!(output.status.code(), Some(code), "{program}");
        assert!(said(&output).1.contains(program));
    }
}

#[test]
fn what_is_no_variable_is_refused_and_nothing_is_started() {
    let desk = Real::new();
    desk.write("a.env", desk.ours("a.env", "TOKEN=hunter22\n"));
    for (name, text, why) in [
        ("deep.yaml", "db:\n  password: hunter22\n", "`db` is a mapping"),
        ("list.yaml", "keys: [hunter22]\n", "`keys` is a list"),
        ("name.yaml", "a-b: hunter22\n", "`a-b` can't be the name of a variable"),
        ("two.yaml", "A: hunter22\n---\nB: b\n", "several documents"),
        ("key.bin", "hunter22", "the whole file"),
        ("again.env", "TOKEN=hunter22\n", "`TOKEN` stands in a.env too"),
    ] {
        desk.write(name, desk.ours(name, text));
        let output = run(&desk, &["exec", "--file", "a.env", "--file", name, "--", "echo", "started"]);
        let (stdout, stderr) = said(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""), "{name}");
        assert!(stderr.contains(why) && stderr.contains(name) && !stderr.contains("hunter22"), "{stderr}");
    }
    let without = pinnace(desk.path(), &["exec", "--file", "a.env", "--", "echo", "started"]).output().unwrap();
    assert!(said(&without).1.contains("Give --key-file"));
}

#[test]
fn a_pipe_gets_the_exact_bytes_of_a_file_or_of_one_value() {
    let desk = Real::new();
    desk.write("k.bin", desk.encrypt("k.bin", b"\x00\xff bytes", &[]));
    assert_eq!(run(&desk, &["open", "--file", "k.bin"]).stdout, b"\x00\xff bytes");
    desk.write("s.yaml", desk.encrypt("s.yaml", "db:\n    password: hunter22\n", &[]));
    assert_eq!(run(&desk, &["open", "--file", "s.yaml", "--path", "db.password"]).stdout, b"hunter22");
    assert_eq!(run(&desk, &["open", "--file", "s.yaml"]).stdout, b"db:\n    password: hunter22\n");
}

#[test]
fn a_file_with_a_scope_is_read_by_sops_and_opens_only_there() {
    let desk = Real::new();
    let creation = desk.creation().within(Scope::parse("shop/prod").unwrap());
    for (name, text) in
        [("s.yaml", "A: b\n"), ("s.json", "{\n\t\"A\": \"b\"\n}\n"), ("s.env", "A=b\n"), ("s.bin", "A=b\n")]
    {
        let bytes = secrets::sops::encrypt(name, text.as_bytes(), Format::of_name(name), &creation, NOW).unwrap();
        let read = String::from_utf8(desk.decrypt(name, &bytes)).unwrap();
        assert!(read.contains('b') && (name == "s.bin" || read.contains("shop/prod")), "{name}: {read}");
        assert_eq!(run(&desk, &["open", "--scope", "shop/prod", "--file", name]).stdout, text.as_bytes(), "{name}");
        let output = run(&desk, &["open", "--scope", "shop/stage", "--file", name]);
        assert!(said(&output).1.contains("the file is for `shop/prod` and not for `shop/stage`"), "{name}");
    }
    // It is still there, and under the MAC, when sops has changed the file.
    desk.ok(&["set", "s.yaml", "[\"A\"]", "\"c\""]);
    assert_eq!(run(&desk, &["open", "--scope", "shop/prod", "--file", "s.yaml"]).stdout, b"A: c\n");
    desk.write("plain.env", "A=b\n");
    let public = desk.public.clone();
    let output = run(&desk, &["encrypt", "--in-place", "--age", &public, "--scope", "shop", "plain.env"]);
    assert!(output.status.success(), "{}", said(&output).1);
    let text = std::fs::read_to_string(desk.path().join("plain.env")).unwrap();
    assert!(text.starts_with("pinnace_scope_unencrypted=shop\nA=ENC["), "{text}");
    desk.write(
        ".sops.yaml",
        format!("creation_rules:\n  - {{path_regex: env$, age: {public}, pinnace_scope: shop/prod}}\n"),
    );
    desk.write("rule.env", "A=b\n");
    assert!(run(&desk, &["encrypt", "--in-place", "rule.env"]).status.success());
    assert!(std::fs::read_to_string(desk.path().join("rule.env")).unwrap().contains("unencrypted=shop/prod\n"));
    desk.write("sops.env", "A=b\n");
    desk.ok(&["encrypt", "--in-place", "sops.env"]);
}
