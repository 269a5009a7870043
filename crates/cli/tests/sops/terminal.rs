//! What somebody sees and types at a terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use super::desk::Desk;

/// A shell line at a terminal of its own.
struct Terminal {
    child: Child,
    seen: Vec<u8>,
}

impl Terminal {
    fn open(desk: &Desk, line: &str) -> Self {
        let line = line.replace("pinnace", &format!("'{}'", env!("CARGO_BIN_EXE_pinnace")));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(desk.0.path());
        command.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt")).env("SHELL", "/bin/sh");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, seen: Vec::new() }
    }

    /// Waits until this is seen.
    fn sees(&mut self, what: &str) {
        let mut byte = [0];
        while !String::from_utf8_lossy(&self.seen).contains(what) {
            let count = self.child.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert_eq!(count, 1, "the end came before {what:?}: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend(byte);
        }
    }

    fn types(&mut self, what: &str) {
        self.child.stdin.as_mut().unwrap().write_all(what.as_bytes()).unwrap();
    }

    /// All that was seen, with the exit code.
    fn end(mut self) -> (String, i32) {
        self.child.stdout.take().unwrap().read_to_end(&mut self.seen).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        (String::from_utf8(self.seen).unwrap(), code)
    }
}

fn with_file() -> Desk {
    let desk = Desk::new();
    desk.0.write("s.yaml", desk.0.ours("s.yaml", "password: old\nodd: \"a\\e[31mb\\r\\n\\tc\"\n"));
    desk
}

#[test]
fn a_value_that_is_typed_is_not_shown() {
    let desk = with_file();
    let mut terminal = Terminal::open(&desk, "pinnace secrets set s.yaml password");
    terminal.sees("value of password: ");
    terminal.types("n3w value\n");
    let (seen, code) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("n3w"), "{seen}");
    assert_eq!(desk.ok(&["get", "s.yaml", "password"], ""), "n3w value");
}

#[test]
fn who_stops_a_question_gets_the_terminal_back_as_it_was() {
    let desk = with_file();
    let before = desk.read("s.yaml");
    let mut terminal =
        Terminal::open(&desk, "trap : INT; stty -a; pinnace secrets set s.yaml password; echo code $?; stty -a");
    terminal.sees("value of password: ");
    terminal.types("half\u{3}");
    let (seen, _) = terminal.end();
    assert!(seen.contains("stopped, and nothing was changed") && seen.contains("code 1"), "{seen}");
    assert!(!seen.contains("half"), "{seen}");
    let echoes = |text: &str| {
        text.split_whitespace().filter(|word| ["echo", "-echo"].contains(word)).map(str::to_owned).collect::<Vec<_>>()
    };
    // `echo code` above is not printed: the shell reads the line as an argument.
    assert_eq!(echoes(&seen), ["echo", "echo"], "{seen}");
    assert_eq!(desk.read("s.yaml"), before);
}

#[test]
fn what_a_terminal_would_obey_is_escaped_there_and_exact_in_a_pipe() {
    let desk = with_file();
    let (seen, code) = Terminal::open(&desk, "pinnace secrets get s.yaml odd").end();
    assert_eq!(code, 0);
    assert!(seen.contains("a\\u{1b}[31mb\\u{d}\r\n\tc\r\n"), "{seen:?}");
    assert_eq!(desk.ok(&["get", "s.yaml", "odd"], ""), "a\u{1b}[31mb\r\n\tc");
}
