//! SSH keys of the kind ed25519, both ways against the real `sops` and `age`.

use std::fs;
use std::process::Command;

use secrets::Secret;
use secrets::sops::{Creation, Encrypted, Format, Identities, Recipient, generate};

use super::desk::Desk;
use super::real::{NOW, Real};

/// A key of SSH in the desk's folder: the public one.
fn keygen(desk: &Real, name: &str, more: &[&str]) -> String {
    let file = desk.path().join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-C", "ann@example.org", "-f"]).arg(&file).args(more).status();
    assert!(made.unwrap().success());
    fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned()
}

const ED25519: [&str; 4] = ["-t", "ed25519", "-N", ""];

fn private(desk: &Real, name: &str) -> Result<Identities, String> {
    let text = fs::read_to_string(desk.path().join(name)).map_err(|error| error.to_string())?;
    Identities::parse(&Secret::new(text)).map_err(|error| error.to_string())
}

#[test]
fn files_go_both_ways_with_sops_and_age() {
    let desk = Real::new();
    let public = keygen(&desk, "ssh", &ED25519);
    let keys = private(&desk, "ssh").unwrap();
    let creation = Creation::for_recipients(vec![Recipient::parse(&public).unwrap()]);
    let ours = secrets::sops::encrypt("a.yaml", b"a: secret\n", Format::Yaml, &creation, NOW).unwrap();
    desk.write("a.yaml", &ours);
    let mut sops = Command::new(testkit::engines::sops().unwrap());
    sops.args(["--disable-version-check", "decrypt", "a.yaml"]).current_dir(desk.path()).env_clear();
    sops.env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", desk.path().join("ssh")).env("HOME", desk.path());
    let read = sops.output().unwrap();
    assert_eq!(read.stdout, b"a: secret\n", "{}", String::from_utf8_lossy(&read.stderr));

    desk.write("b.yaml", "b: secret\n");
    let theirs = desk.ok(&["encrypt", "--age", &public, "b.yaml"]);
    let file = Encrypted::parse("b.yaml", &theirs, Format::Yaml).unwrap();
    assert_eq!(file.open(&keys).unwrap().plaintext().unwrap().expose(), b"b: secret\n");
    assert_eq!(file.metadata().groups[0].age[0].recipient, public);

    // What is sealed for the key alone, in the hands of age.
    let text = String::from_utf8(ours).unwrap();
    let armor = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    let end = "-----END AGE ENCRYPTED FILE-----";
    let sealed: Vec<&str> = armor.take_while(|line| *line != end).chain([end, ""]).collect();
    desk.write("sealed", sealed.join("\n"));
    let mut age = Command::new(testkit::engines::age().unwrap());
    let opened = age.args(["-d", "-i", "ssh", "sealed"]).current_dir(desk.path()).output().unwrap();
    assert_eq!(opened.stdout.len(), 32, "{}", String::from_utf8_lossy(&opened.stderr));
}

#[test]
fn another_key_does_not_open_it_and_one_among_others_does() {
    let desk = Real::new();
    let (public, _) = (keygen(&desk, "ssh", &ED25519), keygen(&desk, "other", &ED25519));
    let creation = Creation::for_recipients(vec![Recipient::parse(&public).unwrap()]);
    let ours = secrets::sops::encrypt("a.yaml", b"a: secret\n", Format::Yaml, &creation, NOW).unwrap();
    let file = Encrypted::parse("a.yaml", &ours, Format::Yaml).unwrap();
    let error = file.open(&private(&desk, "other").unwrap()).err().unwrap().to_string();
    assert!(error.contains("it opens with: age ssh-ed25519 ") && error.contains("ann@example.org"), "{error}");
    let text = fs::read_to_string(desk.path().join("ssh")).unwrap();
    desk.write("all", format!("# all\n{}\n{text}\n{}\n", generate().0.expose(), generate().0.expose()));
    assert!(file.open(&private(&desk, "all").unwrap()).is_ok());
}

#[test]
fn a_key_is_the_same_whoever_is_named_behind_it() {
    let desk = Desk::new();
    let public = keygen(&desk.0, "ssh", &ED25519);
    let bare = public.rsplit_once(' ').unwrap().0.to_owned();
    let rules = format!("creation_rules:\n- age:\n  - {} # me\n  - {bare} bob@work # bob\n", desk.0.public);
    desk.0.write("s.yaml", desk.0.ours("s.yaml", "a: x\n"));
    desk.ok(&["recipients", "add", &public, "s.yaml"], "");
    let both = desk.read("s.yaml");
    desk.ok(&["recipients", "add", &bare, "s.yaml"], "");
    assert_eq!(desk.read("s.yaml"), both, "it is there already");
    desk.0.write(".sops.yaml", rules);
    let output = desk.run(&["who-can-read", "s.yaml"], "");
    let (listed, told) = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).into();
    assert_eq!(listed, format!("s.yaml\n  {} (me)\n  {public} (bob)\n", desk.0.public));
    assert_eq!(told, "", "the rule means the same keys");
    desk.ok(&["recipients", "remove", &bare, "s.yaml"], "");
    assert!(!desk.read("s.yaml").contains("ssh-ed25519"));
}

#[test]
fn keys_that_can_not_be_used_are_refused_with_the_reason() {
    let desk = Real::new();
    keygen(&desk, "locked", &["-t", "ed25519", "-N", "a passphrase"]);
    assert!(private(&desk, "locked").err().unwrap().contains("line 1: the SSH key has a passphrase"));
    let rsa = keygen(&desk, "rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    assert!(private(&desk, "rsa").err().unwrap().contains("is not of the kind ed25519"));
    assert!(Recipient::parse(&rsa).is_err());
}
