//! Commands that write are killed at many moments: the file is the old one or the new one, and nothing in the clear is left.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::real::Real;

const PLANTED: &str = "planted-killed-s3cret";
/// Moments over one run.
const MOMENTS: u32 = 16;

fn text() -> String {
    format!("db:\n    user: shop\n    password: {PLANTED}\n")
}

/// Runs it for so long and kills it then; says whether it had ended by itself. Comes back when all that it started has ended.
fn killed_after(mut command: Command, limit: Duration) -> bool {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let (done, wait) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let _ = stderr.read_to_end(&mut Vec::new());
        let _ = done.send(());
    });
    let ended = wait.recv_timeout(limit).is_ok();
    let _ = child.kill();
    let status = child.wait().unwrap();
    reader.join().unwrap();
    ended && status.success()
}

fn command(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = desk.command(arguments);
    command.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt")).env("EDITOR", "sed -i s/shop/market/");
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// Everything in the folder but this file.
fn others_with(desk: &Desk, file: &str, what: &str) -> Vec<String> {
    let holds = |name: &String| {
        let bytes = fs::read(desk.0.path().join(name)).unwrap_or_default();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    };
    desk.files().into_iter().filter(|name| name != file).filter(holds).collect()
}

/// What the file says, whoever wrote it; none when it can't be read at all.
fn said(desk: &Desk, bytes: &[u8]) -> Option<String> {
    if bytes.windows(4).any(|window| window == b"sops") {
        desk.0.write("read.yaml", bytes);
        let output = desk.run(&["decrypt", "read.yaml"], "");
        fs::remove_file(desk.0.path().join("read.yaml")).unwrap();
        return output.status.success().then(|| String::from_utf8(output.stdout).unwrap());
    }
    String::from_utf8(bytes.to_vec()).ok()
}

fn in_memory(what: &str) -> bool {
    Command::new("grep").args(["-rqs", "--", what, "/dev/shm"]).status().unwrap().success()
}

/// Kills the command over and over, each time on a file as it was, until a run has ended by itself.
fn play(desk: &Desk, arguments: &[&str], old: &[u8], new: &str) {
    let path = desk.0.path().join("s.yaml");
    fs::write(&path, old).unwrap();
    let begun = Instant::now();
    assert!(killed_after(command(desk, arguments), Duration::from_mins(1)), "{arguments:?}");
    let whole = begun.elapsed();
    assert_eq!(said(desk, &fs::read(&path).unwrap()).unwrap(), new, "{arguments:?}");
    for moment in 1..=MOMENTS {
        fs::write(&path, old).unwrap();
        let ended = killed_after(command(desk, arguments), whole * moment / MOMENTS);
        let bytes = fs::read(&path).unwrap();
        let is_new = said(desk, &bytes).is_some_and(|said| said == new);
        assert!(bytes == old || is_new, "{arguments:?} at {moment}: the file is neither");
        assert!(is_new || !ended, "{arguments:?}");
        assert_eq!(others_with(desk, "s.yaml", PLANTED), Vec::<String>::new(), "{arguments:?} at {moment}");
        assert!(!in_memory(PLANTED), "{arguments:?} at {moment}");
    }
    // The next run takes away what a killed one left.
    fs::write(&path, old).unwrap();
    assert!(killed_after(command(desk, arguments), Duration::from_mins(1)));
    assert_eq!(desk.files().into_iter().filter(|name| name.starts_with(".pinnace")).count(), 0);
}

#[test]
fn every_command_that_writes_leaves_the_old_file_or_the_new_one() {
    let (desk, ann, values) = (Desk::new(), Real::new(), tempfile::tempdir().unwrap());
    let value = values.path().join("value");
    fs::write(&value, "n3w").unwrap();
    let sealed = desk.0.ours("s.yaml", text());
    let (own, anns) = (desk.0.public.clone(), ann.public.clone());
    desk.0.write("s.yaml", &sealed);
    desk.ok(&["recipients", "add", &anns, "s.yaml"], "");
    let both = desk.read("s.yaml");
    let set = text().replace(PLANTED, "n3w");
    let edited = text().replace("shop", "market");
    play(&desk, &["set", "s.yaml", "db.password", "--value-file", value.to_str().unwrap()], &sealed, &set);
    play(&desk, &["encrypt", "-i", "--age", &own, "s.yaml"], text().as_bytes(), &text());
    play(&desk, &["decrypt", "-i", "s.yaml"], &sealed, &text());
    play(&desk, &["rotate", "s.yaml"], &sealed, &text());
    play(&desk, &["recipients", "add", &anns, "s.yaml"], &sealed, &text());
    play(&desk, &["recipients", "remove", &anns, "s.yaml"], both.as_bytes(), &text());
    play(&desk, &["edit", "s.yaml"], &sealed, &edited);
}

#[test]
fn commands_at_the_same_time_on_the_same_files_lose_nothing() {
    let (desk, ann) = (Desk::new(), Real::new());
    for name in ["a.yaml", "b.yaml"] {
        desk.0.write(name, desk.0.ours(name, text()));
    }
    std::thread::scope(|scope| {
        for round in 0..3 {
            let (desk, anns) = (&desk, &ann.public);
            scope.spawn(move || desk.ok(&["set", "a.yaml", &format!("new.k{round}")], "x"));
            scope.spawn(move || desk.ok(&["set", "b.yaml", &format!("new.k{round}")], "x"));
            scope.spawn(move || desk.ok(&["rotate", "a.yaml", "b.yaml"], ""));
            scope.spawn(move || desk.ok(&["recipients", "add", anns, "a.yaml", "b.yaml"], ""));
        }
    });
    for name in ["a.yaml", "b.yaml"] {
        let plain = desk.ok(&["decrypt", name], "");
        assert!((0..3).all(|round| plain.contains(&format!("k{round}: x\n"))), "{plain}");
        assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", name])).unwrap(), plain);
        assert!(desk.ok(&["who-can-read", name], "").contains(&ann.public));
    }
}

#[test]
fn a_wrong_or_a_cut_key_is_said_and_changes_nothing() {
    let (desk, stranger) = (Desk::new(), Real::new());
    desk.0.write("s.yaml", desk.0.ours("s.yaml", text()));
    let before = desk.read("s.yaml");
    desk.0.write("other.txt", &stranger.private);
    desk.0.write("cut.txt", &desk.0.private[..desk.0.private.len() - 4]);
    desk.0.write("empty.txt", "");
    for (key, why) in [
        ("other.txt", "the private key that was given does not open the file; it opens with: age age1"),
        ("cut.txt", "cut.txt: line 1 is not an age private key"),
        ("empty.txt", "empty.txt: there is no age private key"),
        ("absent.txt", "absent.txt"),
    ] {
        for arguments in [
            &["decrypt", "-i", "s.yaml"][..],
            &["edit", "s.yaml"],
            &["set", "s.yaml", "db.user"],
            &["rotate", "s.yaml"],
            &["recipients", "add", &stranger.public, "s.yaml"],
        ] {
            let told = desk.refused(&[arguments, &["--key-file", key]].concat(), "x");
            assert!(told.contains(why), "{arguments:?} {key}: {told}");
            assert!(!told.contains("SECRET-KEY-1Q") && !told.contains(&desk.0.private[20..40]), "{told}");
            assert_eq!(desk.read("s.yaml"), before);
        }
    }
}
