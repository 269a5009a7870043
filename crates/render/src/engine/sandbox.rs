//! The child: it limits itself and becomes one engine. It is our own program, started again, so that there is nothing
//! between "limited" and "running what others wrote".
//!
//! Two walls stand around the engine, and each alone keeps it from the server's data: Landlock (which files) and seccomp
//! (which system calls: no network, no other process). Limits of memory, time and files come on top; the parent adds the
//! clock, and kills the whole process group.

mod files;
mod filter;
mod loader;

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::job::{Job, Limits};

/// How the child says that it did not get as far as the engine.
pub(super) const NOT_STARTED: i32 = 125;
/// The longest job.
const LONGEST_JOB: u64 = 1 << 20;

/// Why the child did not become the engine.
#[derive(Debug, thiserror::Error)]
pub(super) enum SandboxError {
    #[error("the job can't be read: {0}")]
    Job(String),
    #[error("the limit of {what} can't be set: {why}")]
    Limit { what: &'static str, why: rustix::io::Errno },
    #[error(
        "this kernel can't confine a program to its files (Landlock is missing or off): use Linux 5.13 or newer with `landlock` among its security modules, or set PINNACE_UNCONFINED=1 to render without that wall"
    )]
    NoLandlock,
    #[error("the files can't be closed off: {0}")]
    Files(String),
    #[error("system calls can't be closed off: {0}")]
    Filter(String),
    #[error("the program {program} can't be started: {why}")]
    Exec { program: String, why: std::io::Error },
}

/// Whether the kernel has the wall around files.
pub fn can_confine() -> bool {
    files::can_close()
}

/// What `pinnace render-child` does: reads the job from standard input, limits itself and becomes the engine. It comes back
/// only with the exit status for "not started", and then the reason stands on standard error.
pub fn become_engine() -> std::process::ExitCode {
    let error = match enter() {
        Ok(never) => match never {},
        Err(error) => error,
    };
    // Nobody is left to be told when the pipe is closed.
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{error}\n"));
    std::process::ExitCode::from(u8::try_from(NOT_STARTED).unwrap_or(u8::MAX))
}

fn enter() -> Result<std::convert::Infallible, SandboxError> {
    let mut text = Vec::new();
    let read = std::io::stdin().take(LONGEST_JOB).read_to_end(&mut text);
    read.map_err(|error| SandboxError::Job(error.to_string()))?;
    let job: Job = serde_json::from_slice(&text).map_err(|error| SandboxError::Job(error.to_string()))?;
    limit(&job.limits)?;
    files::close(&job)?;
    filter::close()?;
    let why = Command::new(&job.program).args(&job.args).env_clear().envs(environment(&job)).exec();
    Err(SandboxError::Exec { program: job.program.display().to_string(), why })
}

/// All that the engine finds in its environment: its home, and what keeps Go within the limits.
fn environment(job: &Job) -> [(&'static str, String); 9] {
    let home = job.home.display().to_string();
    [
        ("TMPDIR", home.clone()),
        ("XDG_CONFIG_HOME", home.clone()),
        ("HELM_PLUGINS", format!("{home}/none")),
        ("HOME", home),
        ("TZ", "UTC".to_owned()),
        ("LC_ALL", "C".to_owned()),
        ("GOMEMLIMIT", (job.limits.memory / 4 * 3).to_string()),
        ("GOMAXPROCS", "2".to_owned()),
        // The stacks of all its threads would be all that is left of the message.
        ("GOTRACEBACK", "none".to_owned()),
    ]
}

fn limit(limits: &Limits) -> Result<(), SandboxError> {
    // Not the address space: Go reserves far more than it uses.
    let all = [
        ("memory", Resource::Data, limits.memory),
        ("processor time", Resource::Cpu, limits.cpu_seconds),
        ("file size", Resource::Fsize, limits.file_bytes),
        ("open files", Resource::Nofile, limits.open_files),
        ("core dumps", Resource::Core, 0),
    ];
    for (what, resource, most) in all {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|why| SandboxError::Limit { what, why })?;
    }
    Ok(())
}
