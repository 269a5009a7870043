//! `pinnace secrets edit` with editors that are small programs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::desk::Desk;

const TEXT: &str = "# head\ndb:\n    user: shop\n    password: hunter22\nlist:\n    - one\n    - two\n";

fn with_file() -> (Desk, Vec<u8>) {
    let desk = Desk::new();
    let file = desk.0.encrypt("s.yaml", TEXT, &[]);
    desk.0.write("s.yaml", &file);
    (desk, file)
}

fn edit(desk: &Desk, editor: &str, file: &str) -> Command {
    let mut command = desk.command(&["edit", file]);
    command.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt")).env("EDITOR", editor);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// An editor that runs these lines of shell; `$1` is the file.
fn editor(desk: &Desk, lines: &str) -> String {
    let path = desk.0.path().join("editor.sh");
    fs::write(&path, lines).unwrap();
    format!("sh '{}'", path.display())
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lost(old: &[u8], new: &[u8]) -> usize {
    let new = String::from_utf8_lossy(new);
    let new: Vec<&str> = new.lines().collect();
    String::from_utf8_lossy(old).lines().filter(|line| !new.contains(line)).count()
}

#[test]
fn a_value_is_changed_by_an_editor_and_the_rest_keeps_its_bytes() {
    let (desk, old) = with_file();
    // `sed -i` saves by a new file that it renames.
    let output = edit(&desk, "sed -i s/hunter22/n3w-s3cret/", "s.yaml").output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", told(&output));
    let new = fs::read(desk.0.path().join("s.yaml")).unwrap();
    assert!((2..=3).contains(&lost(&old, &new)), "the value, the MAC, and the date where a second has passed");
    let read = String::from_utf8(desk.0.ok(&["decrypt", "s.yaml"])).unwrap();
    assert_eq!(read, TEXT.replace("hunter22", "n3w-s3cret"));
    assert_eq!(desk.files(), ["key.txt", "s.yaml"], "nothing is left behind");
}

#[test]
fn what_did_not_change_is_not_written() {
    let (desk, old) = with_file();
    let path = desk.0.path().join("s.yaml");
    let before = fs::metadata(&path).unwrap();
    for editor in ["true", "touch", "sed -i s/x/x/"] {
        let output = edit(&desk, editor, "s.yaml").output().unwrap();
        assert!(output.status.success() && told(&output).contains("s.yaml: nothing was changed"), "{}", told(&output));
    }
    assert_eq!(fs::read(&path).unwrap(), old);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before.modified().unwrap());
}

#[test]
fn the_text_lies_in_memory_for_its_owner_alone_and_is_gone_afterwards() {
    let (desk, _) = with_file();
    let lines = "d=$(dirname \"$1\")\n{ stat -f -c %T \"$1\"; stat -c %a \"$d\" \"$1\"; echo \"$d\"; echo \"$TMPDIR\"; } > facts\n";
    let output = edit(&desk, &editor(&desk, lines), "s.yaml").output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let facts = desk.read("facts");
    let facts: Vec<&str> = facts.lines().collect();
    assert_eq!(facts[..3], ["tmpfs", "700", "600"]);
    assert_eq!(facts[3], facts[4], "what the editor puts aside is in memory too");
    assert!(!Path::new(facts[3]).exists());
    // An editor that fails changes nothing and leaves nothing.
    let output =
        edit(&desk, &editor(&desk, "echo x >> \"$1\"; dirname \"$1\" > facts; exit 3"), "s.yaml").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("the editor failed (exit status: 3): nothing was written"), "{}", told(&output));
    assert!(!Path::new(desk.read("facts").trim()).exists());
}

/// An editor that has changed the text, says where it lies, and waits.
struct Waiting {
    pinnace: Child,
    folder: String,
}

impl Waiting {
    fn begin(desk: &Desk, then: &str) -> Self {
        let lines = format!("echo 'new: planted-s3cret' >> \"$1\"\ndirname \"$1\"\nread line\n{then}\n");
        let mut command = edit(desk, &editor(desk, &lines), "s.yaml");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut pinnace = command.spawn().unwrap();
        let mut folder = String::new();
        BufReader::new(pinnace.stdout.as_mut().unwrap()).read_line(&mut folder).unwrap();
        let folder = folder.trim().to_owned();
        assert!(Path::new(&folder).is_dir(), "{folder}");
        Self { pinnace, folder }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.pinnace), signal).unwrap();
    }

    fn go_on(&mut self) {
        self.pinnace.stdin.take().unwrap().write_all(b"\n").unwrap();
    }

    /// Whoever holds standard error has ended when this has: pinnace, the editor and the guard.
    fn all_ended(mut self) -> (std::process::ExitStatus, String) {
        drop(self.pinnace.stdin.take());
        let mut told = String::new();
        self.pinnace.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.pinnace.wait().unwrap(), told)
    }
}

#[test]
fn after_a_kill_nothing_can_be_read_any_more() {
    let (desk, old) = with_file();
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP] {
        let waiting = Waiting::begin(&desk, "");
        waiting.signal(signal);
        let folder = waiting.folder.clone();
        let (status, told) = waiting.all_ended();
        assert!(!status.success() && !told.contains("planted"), "{told}");
        assert!(!Path::new(&folder).exists(), "{signal:?}");
        assert_eq!(fs::read(desk.0.path().join("s.yaml")).unwrap(), old);
        assert_eq!(desk.files(), ["editor.sh", "key.txt", "s.yaml"]);
    }
}

#[test]
fn the_folder_goes_too_when_its_guard_was_killed() {
    let (desk, _) = with_file();
    let mut waiting = Waiting::begin(&desk, "");
    let pid = waiting.pinnace.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let is_guard =
        |child: &&str| fs::read_to_string(format!("/proc/{child}/cmdline")).is_ok_and(|line| line.contains("guard"));
    let guard = children.split_whitespace().find(is_guard).unwrap().parse().unwrap();
    kill_process(Pid::from_raw(guard).unwrap(), Signal::KILL).unwrap();
    waiting.go_on();
    let folder = waiting.folder.clone();
    let (status, told) = waiting.all_ended();
    assert!(status.success(), "{told}");
    assert!(!Path::new(&folder).exists());
    assert!(desk.ok(&["view", "s.yaml"], "").contains("new: planted-s3cret"));
}

#[test]
fn an_interrupt_is_the_editors_affair() {
    let (desk, _) = with_file();
    let mut waiting = Waiting::begin(&desk, "");
    waiting.signal(Signal::INT);
    waiting.go_on();
    let folder = waiting.folder.clone();
    let (status, told) = waiting.all_ended();
    assert!(status.success(), "{told}");
    assert!(desk.ok(&["view", "s.yaml"], "").contains("new: planted-s3cret"));
    assert!(!Path::new(&folder).exists());
}

#[test]
fn a_file_that_is_not_there_begins_empty_and_follows_its_rules() {
    let desk = Desk::new();
    let new = edit(&desk, "cp plain.yaml", "new.yaml");
    desk.0.write("plain.yaml", TEXT);
    let output = { new }.output().unwrap();
    assert!(told(&output).contains("new.yaml: there is no recipient"), "{}", told(&output));
    desk.0.write(".sops.yaml", format!("creation_rules:\n- path_regex: ^prod/\n  age: {}\n", desk.0.public));
    fs::create_dir(desk.0.path().join("prod")).unwrap();
    // The private key is not needed to make one.
    fs::rename(desk.0.path().join("key.txt"), desk.0.path().join("away.txt")).unwrap();
    let output = edit(&desk, "true", "prod/new.yaml").output().unwrap();
    assert!(output.status.success() && !desk.0.path().join("prod/new.yaml").exists(), "{}", told(&output));
    let output = edit(&desk, "cp plain.yaml", "prod/new.yaml").output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    fs::rename(desk.0.path().join("away.txt"), desk.0.path().join("key.txt")).unwrap();
    assert_eq!(String::from_utf8(desk.0.ok(&["decrypt", "prod/new.yaml"])).unwrap(), TEXT);
    let output = edit(&desk, "true", "dev/new.yaml").output().unwrap();
    assert!(!output.status.success());
}

/// At a terminal, where somebody types this.
fn at_terminal(desk: &Desk, editor: &str, typed: &str) -> String {
    let mut command = Command::new("script");
    let line = format!("'{}' secrets edit s.yaml", env!("CARGO_BIN_EXE_pinnace"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(desk.0.path());
    command.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt")).env("EDITOR", editor);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    told + &format!("{}", child.wait().unwrap().code().unwrap())
}

#[test]
fn a_text_that_can_not_be_saved_is_opened_again_with_every_word_of_it() {
    let (desk, old) = with_file();
    // First it is broken; the second time what is wrong is taken out, and the rest is still there.
    let lines = "if [ -e second ]; then sed -i '/broken/d' \"$1\"; else touch second; printf 'kept: yes\\nbroken: {\\n' >> \"$1\"; fi";
    let told = at_terminal(&desk, &editor(&desk, lines), "y\n");
    assert!(told.contains("s.yaml: line ") && told.contains("this is not valid YAML"), "{told}");
    assert!(told.contains("Open your text again? [y/n]") && told.ends_with('0'), "{told}");
    assert!(
        desk.ok(&["view", "s.yaml"], "").contains("kept: \"yes\"")
            || desk.ok(&["view", "s.yaml"], "").contains("kept: yes")
    );

    desk.0.write("s.yaml", &old);
    fs::remove_file(desk.0.path().join("second")).unwrap();
    let told = at_terminal(&desk, &editor(&desk, lines), "what\nn\n");
    assert!(told.contains("given up, and the file is as it was") && told.ends_with('1'), "{told}");
    assert_eq!(fs::read(desk.0.path().join("s.yaml")).unwrap(), old);
}

#[test]
fn without_a_terminal_it_fails_and_says_how() {
    let (desk, old) = with_file();
    let edit = edit(&desk, &editor(&desk, "echo 'x: {' >> \"$1\""), "s.yaml");
    let mut alone = Command::new("setsid");
    alone.args(["--wait"]).arg(edit.get_program()).args(edit.get_args()).current_dir(desk.0.path());
    alone.envs(edit.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = alone.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told(&output).contains("At a terminal you would be asked whether to open your text again"),
        "{}",
        told(&output)
    );
    assert_eq!(fs::read(desk.0.path().join("s.yaml")).unwrap(), old);
}

#[test]
fn what_others_wrote_meanwhile_is_not_overwritten_unseen() {
    let (desk, _) = with_file();
    let pinnace = env!("CARGO_BIN_EXE_pinnace");
    let lines = format!(
        "if [ -e second ]; then cat \"$(dirname \"$1\")/theirs-s.yaml\" > seen; else touch second; echo 'mine: x' >> \"$1\"\n\
         echo theirs | '{pinnace}' secrets set s.yaml db.password; fi"
    );
    let told = at_terminal(&desk, &editor(&desk, &lines), "n\n");
    assert!(told.contains("somebody changed the file while you edited") && told.ends_with('1'), "{told}");
    let kept = desk.ok(&["view", "s.yaml"], "");
    assert!(kept.contains("password: theirs") && !kept.contains("mine"), "{kept}");

    fs::remove_file(desk.0.path().join("second")).unwrap();
    let told = at_terminal(&desk, &editor(&desk, &lines), "y\n");
    assert!(told.ends_with('0'), "{told}");
    assert!(desk.read("seen").contains("password: theirs"));
    assert!(desk.ok(&["view", "s.yaml"], "").contains("mine: x"));
}
