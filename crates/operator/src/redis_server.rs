//! Whether a Redis answers: as much of its protocol as that takes.

use std::time::Duration;

use secrets::{Secret, clip};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::reach::hint;

/// How long all of it may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// What it answers is a line.
const LONGEST_LINE: u64 = 4096;

/// Why it does not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// No connection, or none that lasts. Worth waiting for.
    #[error("the Redis {server} can't be reached: {why}{}", hint(server, why))]
    Unreachable {
        /// Host and port.
        server: String,
        /// Why not.
        why: String,
    },
    /// It does not take the password.
    #[error("the Redis {server} refuses the password ({why}): write the right one into the Secret that names it")]
    Login {
        /// Host and port.
        server: String,
        /// Its words.
        why: String,
    },
    /// It has less databases than were asked for.
    #[error("the Redis {server} has no database {database} ({why}): name another in `external.database`")]
    NoDatabase {
        /// Host and port.
        server: String,
        /// Which one.
        database: i64,
        /// Its words.
        why: String,
    },
    /// What answers is no Redis.
    #[error("what answers at {server} is no Redis ({why}): look at `host` and `port` of its Secret")]
    Strange {
        /// Host and port.
        server: String,
        /// What came.
        why: String,
    },
}

impl RedisError {
    /// Whether it may be well by itself later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Asks a Redis whether it takes requests with this password (none: without one) for one of its databases.
pub async fn answers(
    host: &str,
    port: u16,
    password: Option<&Secret<String>>,
    database: i64,
) -> Result<(), RedisError> {
    let server = format!("{host}:{port}");
    let asking = tokio::time::timeout(ANSWERS_WITHIN, ask(&server, password, database));
    let slow = || RedisError::Unreachable {
        server: server.clone(),
        why: format!("it took longer than {} s", ANSWERS_WITHIN.as_secs()),
    };
    asking.await.unwrap_or_else(|_| Err(slow()))
}

async fn ask(server: &str, password: Option<&Secret<String>>, database: i64) -> Result<(), RedisError> {
    let unreachable =
        |error: std::io::Error| RedisError::Unreachable { server: server.to_owned(), why: error.to_string() };
    let stream = TcpStream::connect(server).await.map_err(unreachable)?;
    let mut stream = BufReader::new(stream);
    if let Some(password) = password {
        let answer = request(&mut stream, &["AUTH", password.expose()]).await.map_err(unreachable)?;
        expect(server, &answer, "+OK", |why| RedisError::Login { server: server.to_owned(), why })?;
    }
    let answer = request(&mut stream, &["PING"]).await.map_err(unreachable)?;
    expect(server, &answer, "+PONG", |why| RedisError::Login { server: server.to_owned(), why })?;
    if database != 0 {
        let answer = request(&mut stream, &["SELECT", &database.to_string()]).await.map_err(unreachable)?;
        expect(server, &answer, "+OK", |why| RedisError::NoDatabase { server: server.to_owned(), database, why })?;
    }
    Ok(())
}

async fn request(stream: &mut BufReader<TcpStream>, parts: &[&str]) -> std::io::Result<String> {
    let written = parts.iter().map(|part| format!("${}\r\n{part}\r\n", part.len()));
    let request = Secret::new(written.fold(format!("*{}\r\n", parts.len()), |text, part| text + &part));
    stream.write_all(request.expose().as_bytes()).await?;
    let mut line = Vec::new();
    (&mut *stream).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn expect(
    server: &str,
    answer: &str,
    wanted: &str,
    refused: impl FnOnce(String) -> RedisError,
) -> Result<(), RedisError> {
    let Some(words) = answer.strip_prefix('-').map(|words| clip(words, 200)) else {
        let strange =
            || RedisError::Strange { server: server.to_owned(), why: clip(answer, 40).escape_debug().to_string() };
        return if answer == wanted { Ok(()) } else { Err(strange()) };
    };
    // It reads its file again, is told what to do by another, or has no room for one more.
    let is_passing =
        ["LOADING", "MASTERDOWN", "BUSY", "ERR max number of clients"].iter().any(|sign| words.starts_with(sign));
    Err(if is_passing { RedisError::Unreachable { server: server.to_owned(), why: words } } else { refused(words) })
}
