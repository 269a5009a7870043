//! What the demo says, each line with the seconds since it began.

use std::io::Write as _;
use std::time::Instant;

/// Lines on stdout.
pub(super) struct Transcript {
    began: Instant,
}

impl Transcript {
    /// Time runs from now.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now() }
    }

    /// One line.
    pub(super) fn say(&mut self, line: &str) {
        // A closed terminal can't be told about.
        let _ = writeln!(std::io::stdout(), "{:7.1} s  {line}", self.began.elapsed().as_secs_f32());
    }

    /// A heading.
    pub(super) fn scene(&mut self, title: &str) {
        let _ = writeln!(std::io::stdout(), "\n{title} (after {:.1} s)", self.began.elapsed().as_secs_f32());
    }
}
