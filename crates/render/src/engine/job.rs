//! What the parent tells the child, as JSON on its standard input: one engine, one folder, the limits.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One run of an engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The engine's program, as an absolute path.
    pub program: PathBuf,
    /// Its arguments, all of them written by us.
    pub args: Vec<String>,
    /// The folder with the files of the commit: may be read.
    pub source: PathBuf,
    /// An empty folder: may be written to, and is the engine's home.
    pub home: PathBuf,
    /// The bounds that the child puts on itself.
    pub limits: Limits,
    /// Whether to go on where the kernel can't confine the child to its files (no Landlock).
    pub unconfined: bool,
}

/// What one run may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Seconds of a processor.
    pub cpu_seconds: u64,
    /// Seconds by the clock.
    pub seconds: u64,
    /// Bytes of each file that is written.
    pub file_bytes: u64,
    /// Bytes of standard output.
    pub output_bytes: usize,
    /// Files open at once.
    pub open_files: u64,
}

impl Default for Limits {
    /// The largest public charts stay below a tenth of these.
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            cpu_seconds: 30,
            seconds: 30,
            file_bytes: 16 << 20,
            output_bytes: 16 << 20,
            open_files: 256,
        }
    }
}
