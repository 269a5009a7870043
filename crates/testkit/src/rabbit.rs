//! A real RabbitMQ on loopback: Debian's, with a folder and ports of its own.

mod amqp;

pub use amqp::{LoginError, Rights};

use std::fs;
use std::io::{self, BufRead as _, BufReader, Error};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{Mutex, oneshot};

use crate::served::free_port;
use crate::unprivileged::{given_away, run};

/// Debian's wrapper in the path runs as its own user and nobody else; this is what it runs.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const NAMES: &str = "/usr/bin/epmd";
const STARTS_WITHIN: Duration = Duration::from_mins(2);

/// A broker that ends when it is dropped.
#[derive(Debug)]
pub struct DevRabbit {
    ports: Ports,
    children: Vec<Child>,
    folder: TempDir,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    management: u16,
    /// Of the distribution of Erlang, and of the list of its nodes: without ports of their own two brokers would know each other.
    distribution: u16,
    names: u16,
}

impl DevRabbit {
    /// The user that may do everything.
    pub const ADMIN: &str = "admin@here";
    /// Its password, which needs escapes wherever it is written.
    pub const PASSWORD: &str = "ad@min:/%?#'\"\\ pass";

    /// The broker that all tests of a process share, as long as one of them has it. Keep to virtual hosts of your own in it.
    pub async fn shared() -> io::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<DevRabbit>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start().await?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// Makes a new broker and waits until it takes connections.
    pub async fn start() -> io::Result<Self> {
        let folder = TempDir::with_prefix("pinnace-rabbit-")?;
        let ports =
            Ports { amqp: free_port()?, management: free_port()?, distribution: free_port()?, names: free_port()? };
        written(folder.path(), ports)?;
        let children = serving(folder.path(), ports).await?;
        Ok(Self { ports, children, folder })
    }

    /// Where clients connect to on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// The address of its management API.
    pub fn management_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.management)
    }

    /// Ends it at once, as a lost machine does, and starts it again on what it wrote.
    pub async fn crash(&mut self) -> io::Result<()> {
        end(&mut self.children);
        self.children = serving(self.folder.path(), self.ports).await?;
        Ok(())
    }

    /// Logs in to a virtual host as clients do (AMQP 0-9-1), and says what it may do there.
    pub async fn log_in(&self, username: &str, password: &str, vhost: &str) -> Result<Rights, LoginError> {
        amqp::log_in(self.ports.amqp, username, password, vhost).await
    }
}

impl Drop for DevRabbit {
    fn drop(&mut self) {
        end(&mut self.children);
    }
}

fn end(children: &mut Vec<Child>) {
    for mut child in children.drain(..) {
        // One that ended already is no harm.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn written(folder: &Path, ports: Ports) -> io::Result<()> {
    let Ports { amqp, management, .. } = ports;
    let definitions = json!({
        "users": [{"name": DevRabbit::ADMIN, "password": DevRabbit::PASSWORD, "tags": ["administrator"]}],
        "vhosts": [{"name": "/"}],
        "permissions": [],
    });
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
         log.console = true\nlog.console.level = info\nlog.file = false\nload_definitions = {}/definitions.json\n",
        folder.display()
    );
    fs::write(folder.join("definitions.json"), definitions.to_string())?;
    fs::write(folder.join("rabbitmq.conf"), settings)?;
    fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].")?;
    fs::write(folder.join(".erlang.cookie"), "pinnace")?;
    fs::set_permissions(folder.join(".erlang.cookie"), fs::Permissions::from_mode(0o400))?;
    fs::create_dir(folder.join("data"))?;
    for entry in fs::read_dir(folder)? {
        given_away(&entry?.path())?;
    }
    given_away(folder)
}

/// Starts it in a thread that lives as long as it does: what a thread started ends with that thread.
async fn serving(folder: &Path, ports: Ports) -> io::Result<Vec<Child>> {
    let (tell, told) = oneshot::channel();
    let folder = folder.to_owned();
    std::thread::spawn(move || match started(&folder, ports) {
        Ok((children, mut log)) => {
            if tell.send(Ok(children)).is_err() {
                return;
            }
            // Read for ever, so that it is never held up.
            let mut line = Vec::new();
            while matches!(log.read_until(b'\n', &mut line), Ok(read) if read > 0) {
                line.clear();
            }
        }
        Err(error) => drop(tell.send(Err(error))),
    });
    let late = |_| Error::other("RabbitMQ did not become ready");
    let told = tokio::time::timeout(STARTS_WITHIN, told).await.map_err(late)?;
    told.map_err(|_| Error::other("the thread that starts RabbitMQ ended"))?
}

fn started(folder: &Path, ports: Ports) -> io::Result<(Vec<Child>, BufReader<ChildStdout>)> {
    let missing = |_| Error::other(format!("{PROGRAM} does not run: install the Debian package rabbitmq-server"));
    let mut children = vec![erlang(NAMES, folder, ports).spawn().map_err(missing)?];
    let at = |name: &str| folder.join(name);
    let mut broker = erlang(PROGRAM, folder, ports);
    broker
        // So that the script becomes the broker, and is not its parent.
        .env("RUNNING_UNDER_SYSTEMD", "true")
        .env("RABBITMQ_NODENAME", format!("rabbit-{}@localhost", ports.amqp))
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
        .env("RABBITMQ_MNESIA_BASE", at("data"))
        .env("RABBITMQ_LOG_BASE", at("data"))
        .stdout(Stdio::piped());
    let broker = broker.spawn();
    let ready = broker.map_err(missing).and_then(|mut broker| {
        let log = broker.stdout.take();
        children.push(broker);
        ready(BufReader::new(log.ok_or_else(|| Error::other("it has no standard output"))?))
    });
    match ready {
        Ok(log) => Ok((children, log)),
        Err(error) => {
            end(&mut children);
            Err(error)
        }
    }
}

/// Reads its log until it says that it is ready.
fn ready(mut log: BufReader<ChildStdout>) -> io::Result<BufReader<ChildStdout>> {
    let mut said = Vec::new();
    loop {
        let before = said.len();
        let read = log.read_until(b'\n', &mut said)?;
        let line = String::from_utf8_lossy(said.get(before..).unwrap_or_default());
        if line.contains("Server startup complete") {
            return Ok(log);
        }
        if read == 0 {
            return Err(Error::other(format!("RabbitMQ ended: {}", String::from_utf8_lossy(&said))));
        }
    }
}

fn erlang(program: &str, folder: &Path, ports: Ports) -> Command {
    let mut command = run(Path::new(program));
    command.env("HOME", folder).env("PATH", "/usr/bin:/bin");
    command.env("ERL_EPMD_PORT", ports.names.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    command.stderr(Stdio::null());
    command
}
