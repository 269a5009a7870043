//! The log of this process, kept to be read by a test.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing_subscriber::fmt::MakeWriter;

/// How long a test waits for a line.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Clone)]
pub(crate) struct Log {
    text: Arc<Mutex<String>>,
    lines: watch::Sender<()>,
}

impl Log {
    /// All that is logged from now on, debugging included. Once a process.
    pub(crate) fn kept() -> Self {
        let log = Self { text: Arc::default(), lines: watch::Sender::new(()) };
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::DEBUG);
        subscriber.with_writer(log.clone()).init();
        log
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this was said so many times from here on.
    pub(crate) async fn says(&self, words: &str, times: usize) {
        let wanted = self.count(words) + times;
        let mut lines = self.lines.subscribe();
        let waiting = lines.wait_for(|()| self.count(words) >= wanted);
        let said = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(said, "the log never said `{words}`:\n{}", self.text());
    }

    fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(bytes));
        self.lines.send_replace(());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
