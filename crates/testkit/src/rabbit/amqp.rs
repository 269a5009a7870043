//! As much of AMQP 0-9-1 as it takes to log in, to make a queue and to be told what is wrong.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// An answer is below this by far.
const LONGEST_FRAME: u32 = 1 << 20;

/// Why somebody did not get in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The broker says no.
    #[error("{code}: {words}")]
    Refused {
        /// AMQP's number for it: 403 is a wrong login, 530 a virtual host that one may not enter.
        code: u16,
        /// The broker's words.
        words: String,
    },
    /// No conversation.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No answer.
    #[error("the broker does not answer")]
    Slow(#[from] tokio::time::error::Elapsed),
}

/// What one may do in a virtual host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Whether a queue with a name of the broker's own, `amq.gen-...`, may be made.
    pub configure: bool,
}

struct Method {
    class: u16,
    id: u16,
    arguments: Vec<u8>,
}

struct Conversation(TcpStream);

pub(super) async fn log_in(port: u16, username: &str, password: &str, vhost: &str) -> Result<Rights, LoginError> {
    tokio::time::timeout(ANSWERS_WITHIN, talk(port, username, password, vhost)).await?
}

async fn talk(port: u16, username: &str, password: &str, vhost: &str) -> Result<Rights, LoginError> {
    let mut broker = Conversation(TcpStream::connect(("127.0.0.1", port)).await?);
    broker.0.write_all(b"AMQP\0\0\x09\x01").await?;
    broker.hear(10, 10).await?;
    // That we can be told in words why we are not let in.
    let able = [short("authentication_failure_close"), b"t\x01".to_vec()].concat();
    let properties = [short("capabilities"), b"F".to_vec(), long(&able)].concat();
    let login = format!("\0{username}\0{password}");
    broker
        .say(0, 10, 11, &[long(&properties), short("PLAIN"), long(login.as_bytes()), short("en_US")].concat())
        .await?;
    let limits = broker.hear(10, 30).await?;
    broker.say(0, 10, 31, &limits).await?;
    broker.say(0, 10, 40, &[short(vhost), vec![0, 0]].concat()).await?;
    broker.hear(10, 41).await?;
    broker.say(1, 20, 10, &[0]).await?;
    broker.hear(20, 11).await?;
    // A queue without a name, for this connection alone, gone with it.
    broker.say(1, 50, 10, &[vec![0, 0, 0, 0b0000_1100], long(&[])].concat()).await?;
    match broker.hear(50, 11).await {
        Ok(_) => Ok(Rights { configure: true }),
        Err(LoginError::Refused { code: 403, .. }) => Ok(Rights { configure: false }),
        Err(other) => Err(other),
    }
}

impl Conversation {
    async fn say(&mut self, channel: u16, class: u16, id: u16, arguments: &[u8]) -> io::Result<()> {
        let payload = [&class.to_be_bytes(), &id.to_be_bytes(), arguments].concat();
        let frame = [&[1_u8][..], &channel.to_be_bytes(), &long(&payload), &[0xCE]].concat();
        self.0.write_all(&frame).await
    }

    /// The arguments of the method that is to come; a refusal, which closes the channel or the connection, is an error.
    async fn hear(&mut self, class: u16, id: u16) -> Result<Vec<u8>, LoginError> {
        loop {
            let Some(method) = self.next().await? else { continue };
            return match (method.class, method.id) {
                (10, 50) | (20, 40) => Err(refusal(&method.arguments)),
                found if found == (class, id) => Ok(method.arguments),
                found => Err(io::Error::other(format!("{found:?} where {class}, {id} was to come")).into()),
            };
        }
    }

    /// The next frame, if it is a method.
    async fn next(&mut self) -> io::Result<Option<Method>> {
        let kind = self.0.read_u8().await?;
        self.0.read_u16().await?;
        let length = self.0.read_u32().await?;
        if length > LONGEST_FRAME {
            return Err(io::Error::other("a frame that is too long"));
        }
        let mut payload = vec![0; usize::try_from(length).unwrap_or_default()];
        self.0.read_exact(&mut payload).await?;
        self.0.read_u8().await?;
        let number =
            |at: usize| payload.get(at..at + 2).map(|two| two.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)));
        let (Some(class), Some(id)) = (number(0), number(2)) else { return Ok(None) };
        let arguments = payload.get(4..).unwrap_or_default().to_vec();
        Ok((kind == 1).then_some(Method { class, id, arguments }))
    }
}

fn refusal(arguments: &[u8]) -> LoginError {
    let code = arguments.iter().take(2).fold(0, |sum, byte| sum << 8 | u16::from(*byte));
    let length = usize::from(arguments.get(2).copied().unwrap_or_default());
    let words = arguments.get(3..3 + length).unwrap_or_default();
    LoginError::Refused { code, words: String::from_utf8_lossy(words).into_owned() }
}

fn short(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[length][..], text.as_bytes()].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}
