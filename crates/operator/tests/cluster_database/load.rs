//! Clients that write numbered rows and remember which of them were committed: one by the Service, and one at each instance, whatever that is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Executor as _};
use testkit::real_node::Forward;
use tokio::task::JoinSet;

use super::place::{Place, SERVER};

/// A client that hears nothing for so long begins anew.
const PATIENCE: Duration = Duration::from_secs(4);
/// An instance that only reads says so with this.
const READ_ONLY: &str = "25006";

/// The login of the app.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) role: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

impl Login {
    pub(crate) async fn connected(&self, port: u16) -> Result<PgConnection, sqlx::Error> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port);
        let options = options.username(&self.role).password(&self.password).database(&self.database);
        let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options));
        connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

#[derive(Default)]
struct Seen {
    /// When the Service committed.
    by_service: Vec<Instant>,
    /// All that was committed, whoever was asked.
    rows: BTreeSet<(String, i64)>,
    /// How often an instance said that it only reads.
    refusals: u32,
}

/// Ends with the value.
pub(crate) struct Load {
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

impl Load {
    pub(crate) async fn begin(place: &Arc<Place>, login: &Login) -> Self {
        let mut connection = login.connected(place.write.port()).await.unwrap();
        let made = "DROP TABLE IF EXISTS rows; CREATE TABLE rows (client text, n bigint, PRIMARY KEY (client, n))";
        connection.execute(made).await.unwrap();
        let (seen, mut clients) = (Arc::<Mutex<Seen>>::default(), JoinSet::new());
        for instance in [None, Some(format!("{SERVER}-0")), Some(format!("{SERVER}-1"))] {
            let client = Client { place: place.clone(), login: login.clone(), seen: seen.clone(), instance };
            clients.spawn(client.writes());
        }
        Self { seen, clients }
    }

    /// The longest time without a commit by the Service since then.
    pub(crate) fn longest_pause(&self, since: Instant) -> Duration {
        let seen = self.seen.lock().unwrap();
        let mut times: Vec<Instant> = vec![since];
        times.extend(seen.by_service.iter().filter(|at| **at > since));
        times.push(Instant::now());
        times.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default()
    }

    /// How much the Service has committed since then.
    pub(crate) fn committed(&self, since: Instant) -> usize {
        self.seen.lock().unwrap().by_service.iter().filter(|at| **at > since).count()
    }

    pub(crate) fn refusals(&self) -> u32 {
        self.seen.lock().unwrap().refusals
    }

    /// What was committed and is not there.
    pub(crate) async fn lost(&self, place: &Place, login: &Login) -> Vec<(String, i64)> {
        // What is committed from here on may not be seen by the question.
        let committed = self.rows();
        let there = rows_at(place.write.port(), login).await.unwrap();
        committed.difference(&there).cloned().collect()
    }

    /// All that was committed until now.
    pub(crate) fn rows(&self) -> BTreeSet<(String, i64)> {
        self.seen.lock().unwrap().rows.clone()
    }

    pub(crate) fn end(&mut self) -> usize {
        self.clients.abort_all();
        self.seen.lock().unwrap().rows.len()
    }
}

/// The rows that are there for who asks at this port.
pub(crate) async fn rows_at(port: u16, login: &Login) -> Result<BTreeSet<(String, i64)>, sqlx::Error> {
    let mut connection = login.connected(port).await?;
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT client, n FROM rows").fetch_all(&mut connection).await?;
    Ok(rows.into_iter().collect())
}

struct Client {
    place: Arc<Place>,
    login: Login,
    seen: Arc<Mutex<Seen>>,
    /// The pod that it asks; none for the Service.
    instance: Option<String>,
}

impl Client {
    async fn writes(self) {
        let name = self.instance.clone().unwrap_or_else(|| "service".to_owned());
        let mut next = 0;
        loop {
            // Whatever goes wrong, it begins again.
            let _ = self.writes_until_it_fails(&name, &mut next).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn writes_until_it_fails(&self, name: &str, next: &mut i64) -> Option<()> {
        let way = match &self.instance {
            None => None,
            Some(pod) => {
                let address = self.place.address(pod).await?;
                Some(self.place.inside.forward(&format!("{address}:5432")).await.ok()?)
            }
        };
        let port = way.as_ref().map_or(self.place.write.port(), Forward::port);
        let mut connection = self.login.connected(port).await.ok()?;
        loop {
            // A number is never used again: of one that got no answer nobody knows.
            *next += 1;
            let insert = sqlx::query("INSERT INTO rows VALUES ($1, $2)").bind(name).bind(*next);
            match tokio::time::timeout(PATIENCE, insert.execute(&mut connection)).await.ok()? {
                Ok(_) => self.committed(name, *next),
                Err(error) => {
                    let code = error.as_database_error().and_then(|error| Some(error.code()?.into_owned()));
                    if code.as_deref() != Some(READ_ONLY) {
                        return None;
                    }
                    // As a pool of connections does, it stays: it is for the server to send it away.
                    self.seen.lock().unwrap().refusals += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn committed(&self, name: &str, number: i64) {
        let mut seen = self.seen.lock().unwrap();
        seen.rows.insert((name.to_owned(), number));
        if self.instance.is_none() {
            seen.by_service.push(Instant::now());
        }
    }
}
