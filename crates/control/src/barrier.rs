//! The barrier: an optional pipe of the shipped binary on which every outside effect is announced before and after it is
//! performed (design 9.14). A harness on the other end lets it go, makes it fail, loses its answer, has it done twice, breaks
//! the task, or kills the process there. Off unless asked for, and then it costs nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

/// The barrier, or none.
#[derive(Debug, Clone, Default)]
pub struct Barrier {
    pipe: Option<Arc<Pipe>>,
}

#[derive(Debug)]
struct Pipe {
    stream: Mutex<BufReader<UnixStream>>,
    count: AtomicU64,
}

/// The harness told this effect to fail, or its answer to be lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the harness made `{effect}` fail {when} it was performed")]
pub struct Injected {
    effect: String,
    when: &'static str,
}

/// What the harness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Go,
    Fail,
    Twice,
    /// With what the panic is to say.
    Break(String),
}

impl Barrier {
    /// No barrier: every effect is performed.
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether a harness listens.
    pub fn is_on(&self) -> bool {
        self.pipe.is_some()
    }

    /// Connects to the harness that listens on a Unix socket.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        let stream = BufReader::new(UnixStream::connect(path).await?);
        Ok(Self { pipe: Some(Arc::new(Pipe { stream: Mutex::new(stream), count: AtomicU64::new(0) })) })
    }

    /// Performs an effect between its two announcements. `name` says what and where: `apply Deployment/web`.
    pub async fn around<T, E, F>(&self, name: &str, perform: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Injected>,
    {
        let Some(pipe) = &self.pipe else { return perform().await };
        let number = pipe.count.fetch_add(1, Ordering::Relaxed);
        match pipe.announce("before", number, name).await {
            Answer::Go => {}
            Answer::Fail => return Err(injected(name, "before")),
            Answer::Twice => drop(perform().await),
            Answer::Break(words) => broken(name, &words),
        }
        let result = perform().await;
        match pipe.announce("after", number, name).await {
            Answer::Fail => Err(injected(name, "after")),
            Answer::Go | Answer::Twice => result,
            Answer::Break(words) => broken(name, &words),
        }
    }
}

/// As a defect of ours would: nobody who calls is told.
#[expect(clippy::panic, reason = "a harness asks for what a defect would do")]
fn broken(effect: &str, words: &str) -> ! {
    std::panic::panic_any(format!("the harness broke the task at `{effect}`: {words}"))
}

fn injected<E: From<Injected>>(effect: &str, when: &'static str) -> E {
    E::from(Injected { effect: effect.to_owned(), when })
}

impl Pipe {
    /// A harness that went away lets everything go.
    async fn announce(&self, phase: &str, number: u64, name: &str) -> Answer {
        let mut stream = self.stream.lock().await;
        let line = format!("{phase}\t{number}\t{name}\n");
        if stream.get_mut().write_all(line.as_bytes()).await.is_err() {
            return Answer::Go;
        }
        let mut answer = String::new();
        match stream.read_line(&mut answer).await {
            Ok(_) => match answer.trim().split_once(' ').unwrap_or((answer.trim(), "")) {
                ("fail", _) => Answer::Fail,
                ("twice", _) => Answer::Twice,
                ("break", words) => Answer::Break(words.to_owned()),
                _ => Answer::Go,
            },
            Err(_) => Answer::Go,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::net::UnixListener;

    use super::*;

    /// A harness that answers each announcement in turn and returns what it saw.
    async fn harness(answers: &'static [&'static str]) -> (Barrier, tokio::task::JoinHandle<Vec<String>>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("barrier");
        let listener = UnixListener::bind(&path).unwrap();
        let seen = tokio::spawn(async move {
            let _dir = dir;
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut seen = Vec::new();
            for answer in answers {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                seen.push(line.trim().to_owned());
                stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.unwrap();
            }
            seen
        });
        (Barrier::connect(&path).await.unwrap(), seen)
    }

    async fn performed(answers: &'static [&'static str]) -> (Result<(), Injected>, u32, Vec<String>) {
        let (barrier, seen) = harness(answers).await;
        let count = AtomicU32::new(0);
        let result = barrier
            .around("push", || async {
                count.fetch_add(1, Ordering::Relaxed);
                Ok::<(), Injected>(())
            })
            .await;
        (result, count.into_inner(), seen.await.unwrap())
    }

    #[tokio::test]
    async fn an_effect_is_announced_before_and_after() {
        let (result, count, seen) = performed(&["go", "go"]).await;
        assert_eq!((result, count), (Ok(()), 1));
        assert_eq!(seen, ["before\t0\tpush", "after\t0\tpush"]);
    }

    #[tokio::test]
    async fn a_harness_can_fail_it_lose_its_answer_or_have_it_done_twice() {
        let (failed, count, _) = performed(&["fail"]).await;
        assert!(failed.is_err() && count == 0);
        let (lost, count, _) = performed(&["go", "fail"]).await;
        assert!(lost.is_err() && count == 1);
        let (twice, count, _) = performed(&["twice", "go"]).await;
        assert!(twice.is_ok() && count == 2);
    }
}
