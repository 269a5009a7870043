//! A question to the person at the terminal.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};

use tokio::signal::unix::{SignalKind, signal};

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
    let caught = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)] = caught else { return };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}
