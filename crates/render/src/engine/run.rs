//! The parent: starts the child, hands it the job, and ends it at the limit with everything that it started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::error::RunError;
use super::job::Job;
use super::sandbox::NOT_STARTED;

/// What is kept of standard error.
const WORDS_KEPT: u64 = 16 << 10;

/// The program that confines itself and becomes the engine: our own, with the word for it.
#[derive(Debug, Clone)]
pub struct ChildProgram {
    /// The program.
    pub program: PathBuf,
    /// What makes it the child.
    pub args: Vec<OsString>,
}

impl ChildProgram {
    /// This very program, started with `render-child`.
    pub fn own() -> Self {
        // Not by its path: that file may have been replaced by an update meanwhile, and this one is what runs.
        Self { program: PathBuf::from("/proc/self/exe"), args: vec!["render-child".into()] }
    }
}

/// Runs one job to its end; gives standard output.
pub async fn run(child: &ChildProgram, job: &Job) -> Result<Vec<u8>, RunError> {
    let text = serde_json::to_vec(job).map_err(|error| RunError::NotStarted(error.to_string()))?;
    let mut command = Command::new(&child.program);
    command.args(&child.args).env_clear().current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().map_err(|error| RunError::NotStarted(error.to_string()))?;
    let group = Group::of(&running);
    let limit = Duration::from_secs(job.limits.seconds);
    let ended = tokio::time::timeout(limit, to_the_end(&mut running, &text, job.limits.output_bytes)).await;
    let Ok(ended) = ended else {
        group.end(&mut running).await;
        return Err(RunError::TooSlow { seconds: job.limits.seconds });
    };
    let ended = ended.map_err(|error| RunError::Broken(error.to_string()))?;
    let Some(status) = ended.status else {
        group.end(&mut running).await;
        return Err(RunError::TooLong { bytes: job.limits.output_bytes });
    };
    group.ended();
    if status.success() { Ok(ended.output) } else { Err(why(status, &ended.words, job)) }
}

/// What is left of a run. No status: standard output went over its bound.
struct Ended {
    status: Option<ExitStatus>,
    output: Vec<u8>,
    words: String,
}

async fn to_the_end(running: &mut Child, job: &[u8], most: usize) -> std::io::Result<Ended> {
    let (stdin, stdout, stderr) = (running.stdin.take(), running.stdout.take(), running.stderr.take());
    let feed = async {
        // A child that ends before it has read says why by its exit status.
        if let Some(mut pipe) = stdin {
            let _ = pipe.write_all(job).await;
        }
    };
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let words = async {
        let (mut pipe, mut kept) = (stderr, Vec::new());
        read(&mut pipe, WORDS_KEPT, &mut kept).await?;
        if let Some(pipe) = &mut pipe {
            tokio::io::copy(pipe, &mut tokio::io::sink()).await?;
        }
        std::io::Result::Ok(kept)
    };
    let output = async {
        let (mut pipe, mut kept) = (stdout, Vec::new());
        read(&mut pipe, bound, &mut kept).await?;
        // Whoever says too much is not listened to any longer, and ends by it.
        drop(pipe);
        std::io::Result::Ok(kept)
    };
    let ((), output, words) = tokio::join!(feed, output, words);
    let (output, words) = (output?, words?);
    let words = String::from_utf8_lossy(&words).into_owned();
    let status = if output.len() > most { None } else { Some(running.wait().await?) };
    Ok(Ended { status, output, words })
}

async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, most: u64, into: &mut Vec<u8>) -> std::io::Result<()> {
    match pipe {
        Some(pipe) => pipe.take(most).read_to_end(into).await.map(|_| ()),
        None => Ok(()),
    }
}

fn why(status: ExitStatus, words: &str, job: &Job) -> RunError {
    use std::os::unix::process::ExitStatusExt as _;
    let cpu = [Signal::KILL, Signal::XCPU].map(Signal::as_raw);
    if words.contains("out of memory")
        || words.contains("cannot allocate memory")
        || words.contains("memory allocation")
    {
        return RunError::TooMuchMemory { bytes: job.limits.memory };
    }
    match status.signal() {
        Some(signal) if cpu.contains(&signal) => RunError::TooMuchWork { seconds: job.limits.cpu_seconds },
        Some(signal) => RunError::Broken(format!("it was ended by signal {signal}")),
        None if status.code() == Some(NOT_STARTED) => RunError::NotStarted(words.trim().to_owned()),
        None => RunError::Refused(words.trim().to_owned()),
    }
}

/// Ends the whole process group when dropped before [`Group::ended`]: that is how a caller who gives up ends the engine.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    async fn end(self, child: &mut Child) {
        self.kill();
        // It can't outlive that signal; only its number is given back here.
        let _ = child.wait().await;
        self.ended();
    }

    /// The leader was waited for, so its number may belong to others from now on.
    fn ended(mut self) {
        self.0 = None;
    }

    fn kill(&self) {
        if let Some(pid) = self.0 {
            // The only failure is that nobody is left.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
