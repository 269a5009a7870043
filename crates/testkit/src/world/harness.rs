//! The other end of the barrier: it stops the process at the effect that a test names, lets the test act, and answers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

/// How long a test waits for an effect to be announced.
const PATIENCE: Duration = Duration::from_secs(40);

/// Listens on a barrier's socket and lets everything go but what a test holds.
pub struct Harness {
    path: PathBuf,
    wanted: Arc<Mutex<Wanted>>,
    _folder: TempDir,
}

#[derive(Default)]
struct Wanted {
    holds: Vec<Hold>,
    seen: Vec<String>,
}

struct Hold {
    announcement: String,
    reached: oneshot::Sender<()>,
    answer: oneshot::Receiver<String>,
}

/// An effect that waits, or will, until the test lets it go. Dropped, it goes.
pub struct Held {
    announcement: String,
    reached: oneshot::Receiver<()>,
    answer: oneshot::Sender<String>,
}

impl Harness {
    /// Listens.
    pub fn listen() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("barrier");
        let listener = UnixListener::bind(&path).expect("a socket can be made");
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let shared = Arc::clone(&wanted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), Arc::clone(&shared)));
            }
        });
        Self { path, wanted, _folder: folder }
    }

    /// The socket, for [`Plan::barrier`](super::Plan::barrier).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stops the process the next time that this is announced: `before push commit`, `after apply Deployment/web`.
    pub fn hold(&self, announcement: &str) -> Held {
        let (reached, is_reached) = oneshot::channel();
        let (answer, is_answered) = oneshot::channel();
        let hold = Hold { announcement: announcement.to_owned(), reached, answer: is_answered };
        lock(&self.wanted).holds.push(hold);
        Held { announcement: announcement.to_owned(), reached: is_reached, answer }
    }

    /// Every announcement so far, as `before push commit`.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.wanted).seen.clone()
    }
}

impl Held {
    /// Waits until the process stands there.
    pub async fn reached(&mut self) {
        let reached = tokio::time::timeout(PATIENCE, &mut self.reached).await;
        let reached = reached.unwrap_or_else(|_| panic!("waited in vain for `{}`", self.announcement));
        reached.expect("the process is still there");
    }

    /// Lets it go on.
    pub fn go(self) {
        self.answer("go");
    }

    /// Makes it fail: before it is performed, or after, so that its answer is lost.
    pub fn fail(self) {
        self.answer("fail");
    }

    /// Makes the task panic there, with these words.
    pub fn break_it(self, words: &str) {
        self.answer(&format!("break {words}"));
    }

    fn answer(self, answer: &str) {
        // A process that ended meanwhile needs no answer.
        let _ = self.answer.send(answer.to_owned());
    }
}

fn lock(wanted: &Mutex<Wanted>) -> MutexGuard<'_, Wanted> {
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: BufReader<UnixStream>, wanted: Arc<Mutex<Wanted>>) {
    loop {
        let mut line = String::new();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return;
        }
        let answer = answer(&wanted, &line).await;
        if stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// `before\t12\tpush commit` is announced: whether somebody waits for it.
async fn answer(wanted: &Mutex<Wanted>, line: &str) -> String {
    let mut parts = line.trim_end().splitn(3, '\t');
    let (phase, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let announcement = format!("{phase} {name}");
    let hold = {
        let mut wanted = lock(wanted);
        wanted.seen.push(announcement.clone());
        let found = wanted.holds.iter().position(|hold| hold.announcement == announcement);
        found.map(|index| wanted.holds.remove(index))
    };
    let Some(hold) = hold else { return "go".to_owned() };
    // A test that no longer waits lets it go.
    let _ = hold.reached.send(());
    hold.answer.await.unwrap_or_else(|_| "go".to_owned())
}
