//! The task's side of the queue: one transaction after another.

use std::collections::VecDeque;
use std::path::PathBuf;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};

use super::Running;
use crate::StoreError;
use crate::connect;
use crate::error::failed_to;

/// How many writes share one transaction at most.
const MOST_TOGETHER: usize = 256;

pub(super) enum Message {
    Write(Queued),
    Close,
}

/// A write, with its types forgotten. It is told its error when there is no connection to run on.
pub(super) type Run = Box<dyn for<'c> FnOnce(Result<&'c mut SqliteConnection, StoreError>) -> Running<'c, Ran> + Send>;

pub(super) struct Queued {
    pub(super) run: Run,
    pub(super) ticks: bool,
}

/// A write that ran and is not committed yet.
pub(super) struct Ran {
    verdict: Result<(), StoreError>,
    /// Tells its caller, once the outcome of the transaction is known.
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

impl Ran {
    pub(super) fn new<T: Send + 'static>(
        result: Result<T, StoreError>,
        sender: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        let verdict = result.as_ref().map(|_| ()).map_err(Clone::clone);
        // A refusal may rest on a neighbour's write, so it counts only when that one was committed. A caller that went
        // away needs no answer.
        let answer = Box::new(move |committed: Result<(), StoreError>| drop(sender.send(committed.and(result))));
        Self { verdict, answer }
    }
}

pub(super) struct Task {
    /// None after a failure that left it in doubt.
    conn: Option<SqliteConnection>,
    path: PathBuf,
    waiting: mpsc::Receiver<Message>,
    ticker: watch::Sender<u64>,
}

impl Task {
    pub(super) fn new(
        conn: SqliteConnection,
        path: PathBuf,
        waiting: mpsc::Receiver<Message>,
        ticker: watch::Sender<u64>,
    ) -> Self {
        Self { conn: Some(conn), path, waiting, ticker }
    }

    /// Until the store is closed or nobody has it any more.
    pub(super) async fn run(mut self) {
        let mut messages = Vec::new();
        let mut batch = VecDeque::new();
        while self.waiting.recv_many(&mut messages, MOST_TOGETHER).await > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Write(queued) => batch.push_back(queued),
                    // What is in the queue is still taken out of it.
                    Message::Close => self.waiting.close(),
                }
            }
            while !batch.is_empty() {
                self.commit(&mut batch).await;
            }
        }
        if let Some(conn) = self.conn
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "failed to close the database");
        }
    }

    /// One transaction. When it fails after some writes ran, those are told, and the others are left for the next one.
    async fn commit(&mut self, batch: &mut VecDeque<Queued>) {
        let mut ran = Vec::with_capacity(batch.len());
        let committed = self.transaction(batch, &mut ran).await;
        if let Err(error) = &committed {
            self.roll_back().await;
            if ran.is_empty() {
                for queued in batch.drain(..) {
                    ran.push((queued.run)(Err(error.clone())).await);
                }
            }
        }
        for ran in ran {
            (ran.answer)(committed.clone());
        }
    }

    async fn transaction(&mut self, batch: &mut VecDeque<Queued>, ran: &mut Vec<Ran>) -> Result<(), StoreError> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(connect::writing(&self.path).await?),
        };
        statement(conn, "BEGIN IMMEDIATE").await?;
        let mut ticks = false;
        while !batch.is_empty() {
            statement(conn, "SAVEPOINT one").await?;
            let Some(queued) = batch.pop_front() else { break };
            let done = (queued.run)(Ok(&mut *conn)).await;
            let verdict = done.verdict.clone();
            ran.push(done);
            match verdict {
                Ok(()) => ticks |= queued.ticks,
                Err(error) if error.spares_others() => statement(conn, "ROLLBACK TO one").await?,
                Err(error) => return Err(error),
            }
            statement(conn, "RELEASE one").await?;
        }
        statement(conn, "COMMIT").await?;
        if ticks {
            self.ticker.send_modify(|commits| *commits += 1);
        }
        Ok(())
    }

    async fn roll_back(&mut self) {
        let Some(conn) = &mut self.conn else { return };
        match sqlx::query("ROLLBACK").execute(conn).await {
            Ok(_) => {}
            // SQLite ended the transaction by itself: there is none to roll back.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("1") => {}
            Err(_) => self.conn = None,
        }
    }
}

async fn statement(conn: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(conn).await.map(|_| ()).map_err(failed_to("write to the database"))
}

#[cfg(test)]
mod tests;
