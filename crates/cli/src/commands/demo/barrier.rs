//! The other end of the server's barrier: lets every effect go, and holds one when told to, so that the server can be killed
//! exactly there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

/// Holds the effect that it was told to hold.
#[derive(Clone)]
pub(super) struct Holder {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    hold: Mutex<Option<String>>,
    held: Notify,
}

impl Holder {
    /// Listens on a socket.
    pub(super) fn listen(path: PathBuf) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(&path).with_context(|| format!("listening on {}", path.display()))?;
        let shared = Arc::new(Shared { path, hold: Mutex::default(), held: Notify::new() });
        tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, Arc::clone(&shared)));
                }
            }
        });
        Ok(Self { shared })
    }

    /// Where it listens.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.shared.path
    }

    /// The next announcement of this phase and effect is not answered.
    pub(super) fn hold(&self, phase: &str, effect: &str) {
        *self.shared.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{phase} {effect}"));
    }

    /// Waits until the effect is held.
    pub(super) async fn held(&self) {
        self.shared.held.notified().await;
    }
}

impl Shared {
    /// Whether to hold here; once.
    fn takes(&self, announced: &str) -> bool {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = hold.as_deref() == Some(announced);
        if takes {
            *hold = None;
        }
        takes
    }
}

async fn answer(stream: UnixStream, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while matches!(stream.read_line(&mut line).await, Ok(read) if read > 0) {
        let mut parts = line.trim_end().splitn(3, '\t');
        let (phase, effect) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        if shared.takes(&format!("{phase} {effect}")) {
            shared.held.notify_one();
            // No answer: the other side is killed here.
            return std::future::pending().await;
        }
        if stream.get_mut().write_all(b"go\n").await.is_err() {
            return;
        }
        line.clear();
    }
}
