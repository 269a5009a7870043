//! Files that are for PGP keys, opened and written through the real `gpg`, against the real `sops`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use super::desk::Desk;
use super::real::Real;

const TEXT: &str = "# head\ndb:\n    user: shop\n    password: hunter22\n";

/// The keys of somebody who uses PGP. Its agent ends with it.
struct Ann {
    home: tempfile::TempDir,
    fingerprint: String,
}

impl Ann {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut this = Self { home, fingerprint: String::new() };
        this.gpg(&[
            "--passphrase",
            "",
            "--quick-generate-key",
            "Ann <ann@example.org>",
            "future-default",
            "default",
            "never",
        ]);
        let listed = this.gpg(&["--with-colons", "--list-secret-keys"]);
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        this.fingerprint = line.trim_matches(':').rsplit(':').next().unwrap().to_owned();
        this
    }

    fn gpg(&self, arguments: &[&str]) -> String {
        let output = Command::new("gpg")
            .args(["--batch", "--quiet"])
            .args(arguments)
            .env("GNUPGHOME", self.home.path())
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Our commands, without any age key.
    fn command(&self, desk: &Desk, arguments: &[&str]) -> Command {
        let mut command = desk.command(arguments);
        command.env("GNUPGHOME", self.home.path()).env("PATH", std::env::var_os("PATH").unwrap());
        command
    }

    fn ok(&self, desk: &Desk, arguments: &[&str]) -> String {
        let output = self.command(desk, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn sops(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(super::sops());
        command.arg("--disable-version-check").args(arguments).current_dir(folder).env_clear();
        command.env("GNUPGHOME", self.home.path()).env("HOME", folder).env("PATH", std::env::var_os("PATH").unwrap());
        command.output().unwrap()
    }

    /// What the real `sops` reads with this key alone.
    fn sops_reads(&self, desk: &Desk, name: &str) -> String {
        let output = self.sops(desk.0.path(), &["decrypt", name]);
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Ann {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.home.path()).status();
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file as the seed's repository has them: for one PGP key, by the real `sops`.
fn with_file(ann: &Ann) -> Desk {
    let desk = Desk::new();
    desk.0.write("secrets.db.yaml", TEXT);
    let output = ann.sops(desk.0.path(), &["encrypt", "--in-place", "--pgp", &ann.fingerprint, "secrets.db.yaml"]);
    assert!(output.status.success(), "{}", told(&output));
    desk
}

#[test]
fn a_pgp_file_of_sops_goes_through_all_commands() {
    let ann = Ann::new();
    let desk = with_file(&ann);
    let file = "secrets.db.yaml";
    assert_eq!(ann.ok(&desk, &["view", file]), TEXT);
    assert_eq!(ann.ok(&desk, &["decrypt", file]), TEXT);
    assert_eq!(ann.ok(&desk, &["get", file, "db.password"]), "hunter22");
    desk.0.write("value", "n3w");
    ann.ok(&desk, &["set", file, "db.password", "--value-file", "value"]);
    assert_eq!(ann.sops_reads(&desk, file), TEXT.replace("hunter22", "n3w"));
    let edited = ann.command(&desk, &["edit", file]).env("EDITOR", "sed -i s/n3w/n3wer/").output().unwrap();
    assert!(edited.status.success(), "{}", told(&edited));
    assert_eq!(ann.sops_reads(&desk, file), TEXT.replace("hunter22", "n3wer"));
    let old = desk.read(file);
    ann.ok(&desk, &["rotate", file]);
    assert_eq!(ann.sops_reads(&desk, file), TEXT.replace("hunter22", "n3wer"));
    let key = |text: &str| text.lines().find(|line| line.contains("password: ENC[")).unwrap().to_owned();
    assert_ne!(key(&old), key(&desk.read(file)));
    assert_eq!(ann.ok(&desk, &["who-can-read", file]), format!("{file}\n  pgp {}\n", ann.fingerprint));
}

#[test]
fn files_are_encrypted_for_pgp_keys_by_name_and_by_rule() {
    let (ann, bob) = (Ann::new(), Ann::new());
    let desk = Desk::new();
    desk.0.write("a.yaml", TEXT);
    ann.ok(&desk, &["encrypt", "-i", "--pgp", &ann.fingerprint, "a.yaml"]);
    assert_eq!(ann.sops_reads(&desk, "a.yaml"), TEXT);
    for (name, text) in [("b.json", "{\n\t\"a\": \"x\"\n}\n"), ("b.env", "A=1\n"), ("b.bin", "bytes")] {
        desk.0.write(".sops.yaml", format!("creation_rules:\n- pgp: {}\n  age: {}\n", ann.fingerprint, desk.0.public));
        desk.0.write(name, text);
        ann.ok(&desk, &["encrypt", "-i", name]);
        assert_eq!(
            ann.sops_reads(&desk, name).split_whitespace().collect::<String>(),
            text.split_whitespace().collect::<String>()
        );
        desk.0.ok(&["decrypt", name]);
        assert_eq!(
            ann.ok(&desk, &["decrypt", name]),
            String::from_utf8(desk.run(&["decrypt", name], "").stdout).unwrap()
        );
    }
    // Groups of both kinds: two of two are needed, one by each program.
    desk.0.write(
        ".sops.yaml",
        format!("creation_rules:\n- key_groups:\n  - pgp: [{}]\n  - age: [{}]\n", ann.fingerprint, desk.0.public),
    );
    desk.0.write("g.yaml", TEXT);
    ann.ok(&desk, &["encrypt", "-i", "g.yaml"]);
    assert_eq!(ann.ok(&desk, &["view", "--key-file", "key.txt", "g.yaml"]), TEXT);
    let one = ann.command(&desk, &["view", "g.yaml"]).output().unwrap();
    assert!(
        told(&one).contains("of the 2 key groups 1 was opened, and 2 are needed; missing: age age1"),
        "{}",
        told(&one)
    );
    let unknown = ann.command(&desk, &["encrypt", "--pgp", &bob.fingerprint, "value"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    desk.0.write("value", "x");
    let unknown = ann.command(&desk, &["encrypt", "--pgp", &bob.fingerprint, "value"]).output().unwrap();
    assert!(
        told(&unknown).contains(&format!("encrypting for the PGP key {} failed: gpg: ", bob.fingerprint)),
        "{}",
        told(&unknown)
    );
    let wrong = ann.command(&desk, &["encrypt", "--pgp", "--version", "value"]).output().unwrap();
    assert_ne!(wrong.status.code(), Some(0));
    let wrong = ann.command(&desk, &["encrypt", "--pgp=ann@example.org", "value"]).output().unwrap();
    assert!(told(&wrong).contains("`ann@example.org` is no fingerprint of a PGP key"), "{}", told(&wrong));
}

#[test]
fn files_are_moved_to_age_and_the_pgp_key_opens_nothing_new() {
    let ann = Ann::new();
    let desk = with_file(&ann);
    let file = "secrets.db.yaml";
    let none = ann.command(&desk, &["recipients", "move-to-age", file]).output().unwrap();
    assert!(told(&none).contains("there is no age key to move it to: give one with --age"), "{}", told(&none));
    let old = desk.read(file);
    // First both, so that nobody is cut off.
    ann.ok(&desk, &["recipients", "add", &desk.0.public, file]);
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", file])).unwrap(), TEXT);
    assert_eq!(ann.sops_reads(&desk, file), TEXT);
    ann.ok(&desk, &["recipients", "move-to-age", "--all"]);
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", file])).unwrap(), TEXT);
    assert!(!ann.sops(desk.0.path(), &["decrypt", file]).status.success());
    let new = desk.read(file);
    let sealed =
        |text: &str| text.lines().filter(|line| line.contains(": ENC[")).map(str::to_owned).collect::<Vec<_>>();
    assert!(sealed(&old).iter().all(|line| !new.contains(line.as_str())), "no ciphertext stays");
    let again = ann.command(&desk, &["recipients", "move-to-age", file]).output().unwrap();
    assert!(told(&again).contains("nothing was to be changed"), "{}", told(&again));

    desk.0.write(file, &old);
    let fresh = Real::new();
    ann.ok(&desk, &["recipients", "move-to-age", "--age", &fresh.public, file]);
    assert_eq!(String::from_utf8(fresh.decrypt(file, desk.read(file).as_bytes())).unwrap(), TEXT);
    desk.0.write(file, &old);
    ann.ok(&desk, &["recipients", "add", &desk.0.public, file]);
    ann.ok(&desk, &["recipients", "remove", &ann.fingerprint, file]);
    assert!(!ann.sops(desk.0.path(), &["decrypt", file]).status.success());
}

#[test]
fn what_is_missing_is_said_the_key_gpg_and_the_cloud() {
    let (ann, stranger) = (Ann::new(), Ann::new());
    let desk = with_file(&ann);
    let file = "secrets.db.yaml";
    let refused = stranger.command(&desk, &["view", file]).output().unwrap();
    let said = told(&refused);
    assert!(
        said.contains(&format!("there is no private key that opens the file; it opens with: pgp {}", ann.fingerprint)),
        "{said}"
    );
    assert!(said.contains(&format!("gpg said of {}: gpg: ", ann.fingerprint)), "{said}");
    let no_gpg = ann.command(&desk, &["view", file]).env("PATH", desk.0.path()).output().unwrap();
    assert!(told(&no_gpg).contains("there is no program `gpg` in PATH: install GnuPG"), "{}", told(&no_gpg));

    for (script, why) in [
        ("env > \"$HOME/environment\"; echo told >&2; exit 2", "told"),
        ("head -c 100000 /dev/zero", "gpg gave more than a file's key"),
        ("true", "it gave nothing (exit status: 0)"),
        ("kill -9 $$", "it gave nothing (signal: 9 (SIGKILL))"),
    ] {
        let fake = tempfile::tempdir().unwrap();
        fs::write(fake.path().join("gpg"), format!("#!/bin/sh\ncat > /dev/null\n{script}\n")).unwrap();
        fs::set_permissions(fake.path().join("gpg"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", fake.path().display(), std::env::var("PATH").unwrap());
        let mut refused = ann.command(&desk, &["view", file]);
        let refused =
            refused.env("PATH", path).env("OTHER", "x").env("SOPS_AGE_KEY", &desk.0.private).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains(&format!("gpg said of {}: {why}", ann.fingerprint)), "{}", told(&refused));
    }
    let environment = desk.read("environment");
    assert!(!environment.contains("SOPS_AGE_KEY") && !environment.contains("OTHER"), "{environment}");

    let text = String::from_utf8(desk.0.ours("c.yaml", "a: b\n")).unwrap();
    let other = "    kms:\n        - arn: arn:aws:kms:eu:1:key/abc\n          enc: x\n    lastmodified";
    desk.0.write("both.yaml", text.replace("    lastmodified", other));
    assert_eq!(desk.ok(&["view", "both.yaml"], ""), "a: b\n");
    desk.ok(&["set", "both.yaml", "a"], "c");
    assert!(desk.read("both.yaml").contains("arn: arn:aws:kms:eu:1:key/abc"), "who else can read it stays");
    let refused = desk.refused(&["rotate", "both.yaml"], "");
    assert!(
        refused.contains("the file is also for `kms arn:aws:kms:eu:1:key/abc`, and files can be encrypted for"),
        "{refused}"
    );
    let (values, block) = text.split_once("    age:\n").unwrap();
    let (_, rest) = block.split_once("    lastmodified").unwrap();
    for (keys, shown) in [
        (
            "    kms:\n        - arn: arn:aws:kms:eu-central-1:1:key/abc\n          enc: x\n",
            "kms arn:aws:kms:eu-central-1:1:key/abc",
        ),
        (
            "    hc_vault:\n        - vault_address: https://vault.example:8200\n          engine_path: sops\n          key_name: first\n          enc: x\n",
            "hc_vault https://vault.example:8200/sops/first",
        ),
    ] {
        desk.0.write("c.yaml", format!("{values}{keys}    lastmodified{rest}"));
        let refused = desk.refused(&["view", "c.yaml"], "");
        assert!(
            refused.contains(&format!("the file is only for keys that are not asked for here: {shown}. Who may use")),
            "{refused}"
        );
    }
}

#[test]
fn the_seeds_own_words_work_with_a_key_that_was_imported() {
    let (ann, concourse) = (Ann::new(), tempfile::tempdir().unwrap());
    let desk = super::helm::with_chart("unused");
    desk.0.write("secrets.creds.yaml", "concourse:\n    localUsers: ann:canary-of-concourse\n");
    let output = ann.sops(desk.0.path(), &["encrypt", "--in-place", "--pgp", &ann.fingerprint, "secrets.creds.yaml"]);
    assert!(output.status.success(), "{}", told(&output));
    desk.0.write("secretKey.asc", ann.gpg(&["--armor", "--export-secret-keys"]));
    // Somebody else, with the key out of the cluster's Secret.
    let other = Ann { home: concourse, fingerprint: ann.fingerprint.clone() };
    other.gpg(&["--import", desk.0.path().join("secretKey.asc").to_str().unwrap()]);
    let mut view = super::helm::helm(&desk, &["view", "secrets.creds.yaml"]);
    let view = view.env_remove("PINNACE_AGE_KEY_FILE").env("GNUPGHOME", other.home.path()).output().unwrap();
    let shown = String::from_utf8(view.stdout.clone()).unwrap();
    assert!(shown.lines().any(|line| line == "    localUsers: ann:canary-of-concourse"), "{shown}{}", told(&view));
}
