//! A question to the person at the terminal.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _, stderr, stdin};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrets::Secret;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A yes or no; none where nobody is there to be asked. Neither standard input nor output need be the terminal.
pub(super) async fn yes(question: &str) -> Option<bool> {
    let question = format!("{question} [y/n] ");
    let asking = tokio::task::spawn_blocking(move || {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let mut answers = BufReader::new(terminal.try_clone().ok()?);
        loop {
            (&terminal).write_all(question.as_bytes()).ok()?;
            let mut answer = String::new();
            if answers.read_line(&mut answer).ok()? == 0 {
                return Some(false);
            }
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Some(true),
                "n" | "no" => return Some(false),
                _ => {}
            }
        }
    });
    tokio::select! {
        answer = asking => answer.ok()?,
        // The person wants neither.
        () = stopped() => Some(false),
    }
}

/// While an editor ran these were caught, and they stay so.
async fn stopped() {
    let Ok(mut stops) = Stops::caught() else { return };
    stops.any().await;
}

/// The signals by which somebody stops us.
struct Stops([Signal; 3]);

impl Stops {
    fn caught() -> std::io::Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// What a terminal hands over at once; a longer line would come cut.
const LONGEST_LINE: usize = 4095;

/// One line that somebody types at standard input, which is a terminal and does not show it.
pub(super) fn hidden(prompt: &str) -> anyhow::Result<Secret<Vec<u8>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let typed = runtime.block_on(async {
        // Before anything is hidden: who stops us gets the terminal back as it was.
        let mut stops = Stops::caught()?;
        let quiet = Quiet::begin()?;
        write!(stderr(), "{prompt}")?;
        let typed = tokio::select! {
            typed = tokio::task::spawn_blocking(line) => typed.context("reading the value broke off")?,
            () = stops.any() => Err(anyhow::anyhow!("stopped, and nothing was changed")),
        };
        drop(quiet);
        writeln!(stderr())?;
        typed
    });
    // A line that nobody types any more is not waited for.
    runtime.shutdown_background();
    typed
}

fn line() -> anyhow::Result<Secret<Vec<u8>>> {
    let elsewhere = "give it by a pipe, or with --value-file";
    let mut line = vec![0; LONGEST_LINE + 1];
    let count = rustix::io::read(stdin(), line.as_mut_slice()).context("reading the value failed")?;
    line.truncate(count);
    let end = line.ends_with(b"\n");
    if end {
        line.pop();
    }
    let line = Secret::new(line);
    if count == 0 {
        bail!("nothing was typed, and nothing was changed: for an empty value give an empty line");
    }
    if count >= LONGEST_LINE {
        bail!("a terminal takes no line of so many bytes, and nothing was changed: {elsewhere}");
    }
    // Pasted lines after the first one would else go to the shell.
    if end && rustix::io::ioctl_fionread(stdin()).is_ok_and(|more| more > 0) {
        bail!("the value has several lines, and nothing was changed: {elsewhere}");
    }
    Ok(line)
}

/// As long as it lives, the terminal does not show what is typed.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> anyhow::Result<Self> {
        let told = "the terminal can't be told not to show what is typed: give the value by a pipe";
        let old = tcgetattr(stdin()).context(told)?;
        let mut quiet = old.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Now, &quiet).context(told)?;
        Ok(Self(old))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What was typed and not read is no command.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}
