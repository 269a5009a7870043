//! The crash harness: it records which effects a run announces on the barrier, and then breaks exactly one of them in a
//! later run: fails it, loses its answer, ends the process before or after it, has it done twice, or breaks the task (design 9.14).

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

/// What can go wrong with one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not performed, and says so.
    Fail,
    /// It is performed, and says that it was not.
    LoseAnswer,
    /// The process ends before it.
    CrashBefore,
    /// The process ends after it, before what it came to is recorded.
    CrashAfter,
    /// It is performed twice.
    Twice,
    /// It is performed, and then the task that wanted it panics.
    Break,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] =
        [Self::Fail, Self::LoseAnswer, Self::CrashBefore, Self::CrashAfter, Self::Twice, Self::Break];

    fn phase(self) -> &'static str {
        match self {
            Self::Fail | Self::CrashBefore | Self::Twice => "before",
            Self::LoseAnswer | Self::CrashAfter | Self::Break => "after",
        }
    }

    /// What the process is told; none when it ends there.
    fn answer(self) -> Option<&'static str> {
        match self {
            Self::Fail | Self::LoseAnswer => Some("fail"),
            Self::Twice => Some("twice"),
            Self::Break => Some("break"),
            Self::CrashBefore | Self::CrashAfter => None,
        }
    }
}

/// One effect of a recorded run: its name, and how often that name was announced before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// As announced, with numbers that differ from run to run cut off.
    pub effect: String,
    /// The first is 1.
    pub occurrence: u32,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (number {})", self.effect, self.occurrence)
    }
}

/// What happens by itself at the first announcement of an effect, as somebody else's push does.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// The other end of the barrier. It lets everything go but what it was told to break.
pub struct Saboteur {
    path: PathBuf,
    shared: Arc<Shared>,
    _folder: TempDir,
}

#[derive(Default)]
struct Shared {
    run: Mutex<Run>,
    crashed: Notify,
}

/// What is known of the run that goes on.
#[derive(Default)]
struct Run {
    seen: Vec<Point>,
    counts: BTreeMap<String, u32>,
    breaks: Option<(Point, Fault)>,
    meanwhile: Option<(String, Meanwhile)>,
}

impl Saboteur {
    /// Listens.
    pub fn listen() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("barrier");
        let listener = UnixListener::bind(&path).expect("a socket can be made");
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), Arc::clone(&serving)));
            }
        });
        Self { path, shared, _folder: folder }
    }

    /// The socket, for [`Plan::barrier`](crate::world::Plan::barrier).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new run begins: nothing was seen, and this will break.
    pub fn begin(&self, breaks: Option<(Point, Fault)>) {
        *self.run() = Run { breaks, ..Run::default() };
    }

    /// Somebody acts just before this effect is performed for the first time.
    pub fn meanwhile(&self, effect: &str, act: impl FnOnce() + Send + 'static) {
        self.run().meanwhile = Some((effect.to_owned(), Box::new(act)));
    }

    /// Each effect that the run announced, in order.
    pub fn seen(&self) -> Vec<Point> {
        self.run().seen.clone()
    }

    /// Whether what was to break was never announced.
    pub fn missed(&self) -> bool {
        self.run().breaks.is_some()
    }

    /// Waits until the process stands where it is to end.
    pub async fn crashed(&self) {
        self.shared.crashed.notified().await;
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        lock(&self.shared.run)
    }
}

impl Run {
    /// An announcement: what breaks here, if anything, and what happens meanwhile.
    fn announced(&mut self, phase: &str, name: &str) -> (Option<Fault>, Option<Meanwhile>) {
        let effect = without_numbers(name);
        let count = self.counts.entry(effect.clone()).or_default();
        *count += u32::from(phase == "before");
        let point = Point { effect, occurrence: *count };
        let first = phase == "before" && self.meanwhile.as_ref().is_some_and(|(effect, _)| *effect == point.effect);
        let meanwhile = if first { self.meanwhile.take().map(|(_, act)| act) } else { None };
        let here = |(breaks, fault): &mut (Point, Fault)| *breaks == point && fault.phase() == phase;
        let breaks = self.breaks.take_if(here).map(|(_, fault)| fault);
        if phase == "before" {
            self.seen.push(point);
        }
        (breaks, meanwhile)
    }
}

/// `apply ConfigMap/extra-12` is the same effect as `apply ConfigMap/extra-13` in the next run.
fn without_numbers(name: &str) -> String {
    name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-').to_owned()
}

fn lock(run: &Mutex<Run>) -> MutexGuard<'_, Run> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: BufReader<UnixStream>, shared: Arc<Shared>) {
    let mut line = String::new();
    while matches!(stream.read_line(&mut line).await, Ok(1..)) {
        let mut parts = line.trim_end().splitn(3, '\t');
        let (phase, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let (breaks, meanwhile) = lock(&shared.run).announced(phase, name);
        if let Some(act) = meanwhile {
            act();
        }
        let answer = match breaks {
            None => "go",
            Some(fault) => {
                let Some(answer) = fault.answer() else {
                    shared.crashed.notify_one();
                    // It is never let go: it ends here.
                    return std::future::pending().await;
                };
                answer
            }
        };
        if stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_occurrence_breaks_and_only_once() {
        let second = Point { effect: "push".to_owned(), occurrence: 2 };
        let mut run = Run { breaks: Some((second.clone(), Fault::LoseAnswer)), ..Run::default() };
        let mut broken = Vec::new();
        for phase in ["before", "after", "before", "after", "before", "after"] {
            broken.push(run.announced(phase, "push").0);
        }
        assert_eq!(broken, [None, None, None, Some(Fault::LoseAnswer), None, None]);
        assert_eq!(run.seen.iter().map(|point| point.occurrence).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(run.seen[1], second);
    }

    #[test]
    fn numbers_that_differ_from_run_to_run_are_cut_off() {
        assert_eq!(without_numbers("prune ConfigMap/extra-12"), "prune ConfigMap/extra");
        assert_eq!(without_numbers("apply Deployment/web"), "apply Deployment/web");
    }
}
