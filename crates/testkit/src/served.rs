//! `pinnace serve` as a process of its own, with exactly the rights that it is given: what the demo shows and what tests of
//! the whole binary play with. What people do with it is done by a [`Visitor`], and what CI does by an [`Announcer`], over HTTP.

mod announcer;
mod error;
mod place;
mod setup;
mod visitor;

use std::fs;
use std::io;
use std::time::Duration;

use serde_json::Value;
use store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::Child;

pub use announcer::{Announcer, SENDERS};
pub use error::ServedError;
pub use place::Place;
pub(crate) use setup::documents;
pub use setup::{Setup, free_port};
pub use visitor::Visitor;

/// How long it may take until it answers, on a machine that has much else to do.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long what was pushed may be on trial.
const AGREE_WITHIN: Duration = Duration::from_mins(1);
/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long it may take to end in order.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks at what can't be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running server. It is killed when this is dropped, and ends by itself when this process is killed.
#[derive(Debug)]
pub struct Served {
    setup: Setup,
    child: Child,
}

impl Served {
    /// Starts it and waits until it answers.
    pub async fn start(setup: Setup) -> Result<Self, ServedError> {
        let child = setup.spawn()?;
        let mut server = Self { setup, child };
        server.ready().await?;
        Ok(server)
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.setup.port)
    }

    /// Kills it as a power cut would; one that was killed stays so.
    pub async fn kill(&mut self) -> Result<(), ServedError> {
        if self.child.id().is_none() {
            return Ok(());
        }
        self.child.kill().await.map_err(ServedError::io("kill the server"))
    }

    /// Ends it in order, as a stop of its pod does.
    pub async fn end(&mut self) -> Result<(), ServedError> {
        // It was told to end with its stdin.
        drop(self.child.stdin.take());
        let ended = tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await;
        let ended =
            ended.unwrap_or_else(|_| Err(io::Error::other(format!("it still runs after {} s", ENDS_WITHIN.as_secs()))));
        ended.map(drop).map_err(ServedError::io("end the server"))
    }

    /// Kills it as a power cut would, and starts it again on the same data.
    pub async fn kill_and_start_again(&mut self) -> Result<(), ServedError> {
        self.kill().await?;
        self.child = self.setup.spawn()?;
        self.ready().await
    }

    /// Kills it, and opens the database that it leaves.
    pub async fn stop(&mut self) -> Result<Store, ServedError> {
        self.kill().await?;
        let opened = Store::open(&self.setup.data.join("db")).await;
        opened.map_err(|error| ServedError::Database(Box::new(error)))
    }

    /// Takes database and mirror of a server that was ended away.
    pub fn lose_data(&self) -> Result<(), ServedError> {
        for folder in ["db", "mirror"] {
            let path = self.setup.data.join(folder);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ServedError::io(format!("remove {}", path.display()))(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.setup.log_path()).unwrap_or_default()
    }

    /// The most memory that it ever had, in KiB, its children apart.
    pub fn most_memory_kib(&self) -> Result<u64, ServedError> {
        let request = "its memory".to_owned();
        let Some(pid) = self.child.id() else { return Err(ServedError::Silent { request }) };
        most_memory_kib(pid).map_err(ServedError::io("look at the server"))
    }

    /// The processor time that it took up to now, and that of the children that it waited for.
    pub fn processor_time(&self) -> Result<(Duration, Duration), ServedError> {
        let request = "its processor time".to_owned();
        let Some(pid) = self.child.id() else { return Err(ServedError::Silent { request }) };
        let said = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(ServedError::io("look at the server"))?;
        // After the name, which may hold anything: user and system time are the 12th and 13th, those of children the next two.
        let numbers: Vec<u64> = said
            .rsplit_once(')')
            .map(|(_, rest)| {
                rest.split_ascii_whitespace().skip(11).take(4).filter_map(|part| part.parse().ok()).collect()
            })
            .unwrap_or_default();
        match numbers.as_slice() {
            // Linux tells it in hundredths of a second, on every processor that there is.
            [user, system, of_children, of_their_system] => Ok((
                Duration::from_millis((user + system) * 10),
                Duration::from_millis((of_children + of_their_system) * 10),
            )),
            _ => Err(ServedError::Refused { request, said }),
        }
    }

    /// Somebody signs in.
    pub async fn sign_in(&self, person: &str) -> Result<Visitor, ServedError> {
        Visitor::sign_in(&self.url(), &self.sign_in_link(person).await?).await
    }

    /// CI of the project, which pushes to this repository.
    pub fn announcer(&self, repository: &str) -> Result<Announcer, ServedError> {
        Announcer::new(&self.url(), &self.setup.project, repository)
    }

    /// A number that `/metrics` at this port has, by its whole name.
    pub async fn metric(&self, port: u16, name: &str) -> Result<u64, ServedError> {
        let text = visitor::metrics(port).await?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| ServedError::Refused { request: format!("the metric {name}"), said: text })
    }

    /// The host of the config repo says that somebody pushed.
    pub async fn pushed(&self) -> Result<(), ServedError> {
        announcer::pushed(&self.url()).await
    }

    /// A one-time link with which a person signs in.
    pub async fn sign_in_link(&self, person: &str) -> Result<String, ServedError> {
        self.ask(&format!("sign-in {person}")).await
    }

    /// What git, cluster and database do not agree about; `none` when they do. What others pushed may still be on trial, so it
    /// is asked again for a while.
    pub async fn disagreements(&self, instance: &str) -> Result<String, ServedError> {
        let until = tokio::time::Instant::now() + AGREE_WITHIN;
        loop {
            let found = self.ask(&format!("disagreements {instance}")).await?;
            if found == "none" || tokio::time::Instant::now() >= until {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The newest pin of an instance, and what is verified there.
    pub async fn newest_pin(&self, instance: &str) -> Result<Value, ServedError> {
        let request = format!("newest-pin {instance}");
        let said = self.ask(&request).await?;
        serde_json::from_str(&said).map_err(|_| ServedError::Refused { request, said })
    }

    /// Waits until the newest pin of an instance is so; says what it saw instead when that takes too long.
    pub async fn until(
        &self,
        what: &str,
        instance: &str,
        within: Duration,
        mut is_so: impl FnMut(&Value) -> bool,
    ) -> Result<Value, ServedError> {
        let waiting = async {
            loop {
                let seen = self.newest_pin(instance).await?;
                if is_so(&seen) {
                    return Ok(seen);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(within, waiting).await {
            Ok(seen) => seen,
            Err(_) => Err(ServedError::Refused {
                request: format!("waited in vain for {what}"),
                said: self.newest_pin(instance).await?.to_string(),
            }),
        }
    }

    /// Asks at the door for whoever owns the data folder.
    async fn ask(&self, request: &str) -> Result<String, ServedError> {
        let door = self.setup.data.join("db").join("admin.sock");
        let asked = async {
            let mut stream = UnixStream::connect(&door).await?;
            stream.write_all(format!("{request}\n").as_bytes()).await?;
            let mut said = String::new();
            stream.read_to_string(&mut said).await?;
            Ok(said)
        };
        let said = tokio::time::timeout(ANSWER_WITHIN, asked)
            .await
            .map_err(|_| ServedError::Silent { request: request.to_owned() })?
            .map_err(ServedError::io(format!("ask the server `{request}`")))?;
        match said.trim().split_once(' ') {
            Some(("ok", answer)) => Ok(answer.to_owned()),
            _ => Err(ServedError::Refused { request: request.to_owned(), said }),
        }
    }

    async fn ready(&mut self) -> Result<(), ServedError> {
        let answers = async {
            loop {
                // The door in the data folder opens last; any answer will do.
                if matches!(self.ask("ready").await, Err(ServedError::Refused { .. })) {
                    return Ok(());
                }
                let ended = self.child.try_wait().map_err(ServedError::io("look at the server"))?;
                if let Some(status) = ended {
                    return Err(ServedError::Ended { status, log: self.log() });
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let in_time = tokio::time::timeout(READY_WITHIN, answers).await;
        in_time.unwrap_or_else(|_| Err(ServedError::Silent { request: "are you up".to_owned() }))
    }
}

/// The most memory that a process ever had, in KiB.
pub(crate) fn most_memory_kib(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    most.ok_or_else(|| io::Error::other(format!("no VmHWM in: {status}")))
}
