//! PostgreSQL: its folder made, kept, and its superuser's password set at each start.

use std::fs;
use std::path::PathBuf;

use operator::postgres::stable_verifier;
use operator::postgres_database::build::{HBA, READY, START, STOP};
use rustix::process::Signal;
use secrets::Secret;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;
use testkit::served::free_port;

use super::program::{Program, ends_well, folder, write};

const IS_READY: &str = "ready to accept connections";

/// What a pod has.
struct Pod {
    folder: TempDir,
    port: u16,
    env: Vec<(&'static str, String)>,
}

impl Pod {
    fn new() -> Self {
        let (folder, port) = (folder(), free_port().unwrap());
        for (name, text) in [("start", START), ("ready", READY), ("stop", STOP), ("pg_hba.conf", HBA)] {
            write(&folder.path().join(name), text);
        }
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let env = vec![
            ("PGDATA", at("data")),
            ("PINNACE_RUN", at("run")),
            ("PINNACE_SETTINGS", at("")),
            ("PINNACE_ADMIN", at("")),
            ("PINNACE_PORT", port.to_string()),
            ("PINNACE_LISTEN", "127.0.0.1".to_owned()),
        ];
        Self { folder, port, env }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn env(&self) -> Vec<(&str, &str)> {
        self.env.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Starts it with this password of the superuser.
    fn start(&self, password: &str) -> Program {
        self.start_with(&stable_verifier(&Secret::new(password.to_owned())))
    }

    fn start_with(&self, verifier: &str) -> Program {
        write(&self.path("verifier"), verifier);
        Program::start("sh", &[self.path("start").to_str().unwrap()], &self.env())
    }

    fn runs(&self, script: &str, arguments: &[&str]) -> bool {
        let script = self.path(script);
        ends_well("sh", &[&[script.to_str().unwrap()], arguments].concat(), &self.env())
    }

    async fn connected(&self, password: &str) -> Result<PgConnection, sqlx::Error> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port);
        PgConnection::connect_with(&options.username("postgres").password(password).database("postgres")).await
    }
}

#[tokio::test]
async fn a_server_is_made_stopped_and_started_again_with_what_it_had() {
    let pod = Pod::new();
    assert!(!pod.runs("ready", &[]) && !pod.runs("ready", &["alive"]));
    let mut program = pod.start("first");
    program.until(IS_READY);
    assert!(pod.runs("ready", &[]) && pod.runs("ready", &["alive"]));
    let mut client = pod.connected("first").await.unwrap();
    assert!(pod.connected("second").await.is_err());
    client.execute("CREATE TABLE items (n int); INSERT INTO items VALUES (7)").await.unwrap();
    // A client that stays does not hold it up.
    assert!(pod.runs("stop", &[]));
    let (status, said) = program.end();
    assert!(status.success() && said.contains("database system is shut down"), "{said}");
    assert!(!said.contains("SCRAM-SHA-256"), "{said}");

    let mut program = pod.start("first");
    program.until(IS_READY);
    let mut client = pod.connected("first").await.unwrap();
    let kept: i32 = sqlx::query_scalar("SELECT n FROM items").fetch_one(&mut client).await.unwrap();
    assert_eq!(kept, 7);
    // Killed as by a lost machine, it recovers.
    program.kill();
    let mut program = pod.start("first");
    program.until(IS_READY);
    pod.connected("first").await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_lost_or_changed_by_hand_is_mended_by_a_start() {
    let pod = Pod::new();
    let mut program = pod.start("first");
    program.until(IS_READY);
    let by_hand =
        "ALTER ROLE postgres NOSUPERUSER NOCREATEROLE PASSWORD 'by hand' VALID UNTIL '2020-01-01' CONNECTION LIMIT 0";
    pod.connected("first").await.unwrap().execute(by_hand).await.unwrap();
    assert!(pod.connected("first").await.is_err());
    program.kill();
    let mut program = pod.start("second");
    program.until(IS_READY);
    assert!(pod.connected("first").await.is_err() && pod.connected("by hand").await.is_err());
    let mut client = pod.connected("second").await.unwrap();
    let all: bool = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'")
        .fetch_one(&mut client)
        .await
        .unwrap();
    assert!(all);
}

#[tokio::test]
async fn one_that_was_killed_while_it_was_made_is_made_anew() {
    let pod = Pod::new();
    let mut program = pod.start("first");
    program.until("creating configuration files");
    assert!(pod.path("data.new").exists() && !pod.path("data").exists());
    assert!(pod.runs("ready", &["alive"]) && !pod.runs("ready", &[]), "it is at work");
    program.kill();
    let mut program = pod.start("first");
    program.until(IS_READY);
    assert!(!pod.path("data.new").exists());
    pod.connected("first").await.unwrap();
}

#[test]
fn what_is_not_as_it_has_to_be_is_said_and_left_as_it_is() {
    let pod = Pod::new();
    let told = |pod: &Pod, verifier: &str| {
        let (status, said) = pod.start_with(verifier).end();
        assert!(!status.success());
        said
    };
    let good = stable_verifier(&Secret::new("first".to_owned()));
    for bad in ["", "hunter2", "SCRAM-SHA-256$4096:'; DROP TABLE items; --", "md5abc"] {
        let said = told(&pod, bad);
        assert!(said.contains("is no verifier") && !said.contains("hunter2"), "{said}");
        assert!(!pod.path("data").exists());
    }
    fs::create_dir(pod.path("data")).unwrap();
    write(&pod.path("data/photo.jpg"), "x");
    testkit::unprivileged::given_away(&pod.path("data")).unwrap();
    assert!(told(&pod, &good).contains("holds something that is no database of PostgreSQL"));
    assert!(pod.path("data/photo.jpg").exists());
    write(&pod.path("data/PG_VERSION"), "99\n");
    assert!(told(&pod, &good).contains("the data is of PostgreSQL 99 and this image has"));
}

#[test]
fn a_stop_while_it_is_made_is_heard() {
    let pod = Pod::new();
    let mut program = pod.start("first");
    program.until("creating configuration files");
    program.tell(Signal::TERM);
    let (status, said) = program.end();
    assert_eq!(status.code(), Some(143), "{said}");
    assert!(!said.contains(IS_READY));
}
