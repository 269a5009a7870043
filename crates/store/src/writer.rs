//! The one task that writes. Whatever waits when it is free goes into one transaction, each write behind a savepoint of
//! its own, and is answered after the commit.

mod task;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::StoreError;
use task::{Message, Queued, Ran, Task};

/// How many writes wait at most; who comes then, waits outside.
const MOST_WAITING: usize = 1024;
/// How long a caller waits for its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Something that runs on the connection it was given.
pub(crate) type Running<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// A write: a function from the connection to its outcome. An error takes back all that it did.
pub(crate) trait Write<T>:
    for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, Result<T, StoreError>> + Send + 'static
{
}

impl<T, F> Write<T> for F where
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, Result<T, StoreError>> + Send + 'static
{
}

/// Hands writes to the task.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    task: Mutex<Option<JoinHandle<()>>>,
    changes: watch::Receiver<u64>,
}

impl Writer {
    pub(crate) fn start(conn: SqliteConnection, path: PathBuf) -> Self {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        let (ticker, changes) = watch::channel(0);
        let task = tokio::spawn(Task::new(conn, path, waiting, ticker).run());
        Self { queue, task: Mutex::new(Some(task)), changes }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Runs the write, and comes back when it is on disk.
    pub(crate) async fn write<T, F>(&self, doing: &'static str, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Write<T>,
    {
        self.enqueue(doing, true, write).await
    }

    /// The same, without telling anybody that something changed.
    pub(crate) async fn quietly<T, F>(&self, doing: &'static str, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Write<T>,
    {
        self.enqueue(doing, false, write).await
    }

    /// Lets what waits be written, and ends the task.
    pub(crate) async fn close(&self) {
        let Some(task) = self.task.lock().await.take() else { return };
        // Either fails only when the task has ended already.
        drop(self.queue.send(Message::Close).await);
        drop(task.await);
    }

    async fn enqueue<T, F>(&self, doing: &'static str, ticks: bool, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Write<T>,
    {
        let (sender, answer) = oneshot::channel();
        let run: task::Run = Box::new(move |conn| {
            Box::pin(async move {
                let result = match conn {
                    Ok(conn) => write(conn).await,
                    Err(error) => Err(error),
                };
                Ran::new(result, sender)
            })
        });
        let answered = async {
            let message = Message::Write(Queued { run, ticks });
            self.queue.send(message).await.map_err(|_| StoreError::Closed { doing })?;
            answer.await.map_err(|_| StoreError::Closed { doing })?
        };
        timeout(ANSWER_WITHIN, answered).await.map_err(|_| StoreError::TimedOut { doing })?
    }
}
