//! Stands before moto: notes what is asked of RDS, and answers as Amazon does where moto does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::DevMoto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::form_urlencoded;

/// Far longer than anything takes.
const LIMIT: Duration = Duration::from_secs(90);
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// One request: its parameters, `Action` among them.
pub(super) type Asked = Vec<(String, String)>;

#[derive(Default)]
struct Says {
    /// A complaint, for an action or for all.
    complaint: Option<(Option<String>, String)>,
    /// What all instances are said to be at.
    status: Option<String>,
    /// What all snapshots are said to be at.
    snapshots: Option<String>,
    /// The instance that no question is answered about.
    silent_about: Option<String>,
}

pub(super) struct Amazon {
    port: u16,
    says: Arc<Mutex<Says>>,
    asked: watch::Receiver<Vec<Asked>>,
    moto: DevMoto,
}

impl Amazon {
    pub(super) async fn start() -> Self {
        let moto = DevMoto::start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, says) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Says::default())));
        let (note, asked) = watch::channel(Vec::new());
        let (note, its) = (Arc::new(note), Arc::clone(&says));
        let to = moto.url();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answered(stream, to.clone(), Arc::clone(&its), Arc::clone(&note)));
            }
        });
        Self { port, says, asked, moto }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// From now on it answers so to an action, or to all of them.
    pub(super) fn complains(&self, action: Option<&str>, code: &str) {
        self.says.lock().unwrap().complaint = Some((action.map(str::to_owned), code.to_owned()));
    }

    pub(super) fn is_well(&self) {
        *self.says.lock().unwrap() = Says::default();
    }

    /// From now on instances are at this.
    pub(super) fn is_at(&self, status: &str) {
        self.says.lock().unwrap().status = Some(status.to_owned());
    }

    /// From now on snapshots are at this.
    pub(super) fn snapshots_are_at(&self, status: &str) {
        self.says.lock().unwrap().snapshots = Some(status.to_owned());
    }

    /// From now on questions about this instance get no answer.
    pub(super) fn is_silent_about(&self, instance: &str) {
        self.says.lock().unwrap().silent_about = Some(instance.to_owned());
    }

    /// Waits until something was asked about an instance.
    pub(super) async fn asked_about(&self, instance: &str) {
        let about = |all: &Vec<Asked>| all.iter().any(|asked| of(asked, "DBInstanceIdentifier") == instance);
        let mut asked = self.asked.clone();
        tokio::time::timeout(LIMIT, asked.wait_for(about)).await.expect(instance).unwrap();
    }

    /// The requests until now that change something, in order.
    pub(super) fn changes(&self) -> Vec<Asked> {
        let all = self.asked.borrow().clone();
        all.into_iter().filter(|asked| !of(asked, "Action").starts_with("Describe")).collect()
    }

    /// Waits for another request with this action.
    pub(super) async fn next(&self, action: &str) -> Asked {
        let before = self.asked.borrow().len();
        let mut asked = self.asked.clone();
        let is_one = |all: &Vec<Asked>| all.iter().skip(before).any(|asked| of(asked, "Action") == action);
        let all = tokio::time::timeout(LIMIT, asked.wait_for(is_one)).await.expect(action).unwrap().clone();
        all.into_iter().skip(before).find(|asked| of(asked, "Action") == action).unwrap()
    }

    /// What somebody does by hand in Amazon's console.
    pub(super) async fn by_hand(&self, form: &str) {
        let asked = reqwest::Client::new().post(self.moto.url()).header("content-type", FORM);
        let signed =
            "AWS4-HMAC-SHA256 Credential=A/20150830/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=x";
        let body = format!("Version=2014-10-31&{form}");
        let answer = asked.header("authorization", signed).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

/// A parameter of a request.
pub(super) fn of<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

async fn answered(mut stream: TcpStream, to: String, says: Arc<Mutex<Says>>, note: Arc<watch::Sender<Vec<Asked>>>) {
    let Some((head, body)) = read(&mut stream).await else { return };
    let asked: Asked = form_urlencoded::parse(&body).into_owned().collect();
    let action = of(&asked, "Action").to_owned();
    let (complaint, status, snapshots, silent) = {
        let says = says.lock().unwrap();
        let silent = says.silent_about.as_deref() == Some(of(&asked, "DBInstanceIdentifier"));
        let complaint = says.complaint.clone().filter(|(of, _)| of.as_ref().is_none_or(|of| *of == action));
        (complaint, says.status.clone(), says.snapshots.clone(), silent)
    };
    if silent {
        note.send_modify(|all| all.push(asked));
        // It ends when the one who asks goes.
        let _ = stream.read(&mut [0]).await;
        return;
    }
    let (code, text) = if let Some((_, code)) = complaint {
        let told = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>so</Message></Error>");
        (400, format!("<ErrorResponse>{told}</ErrorResponse>"))
    } else {
        let (code, text) = passed_on(&to, &head, body).await;
        let text = instead(&text, "<DBInstanceStatus>", status.as_deref());
        let of_snapshot = snapshots.as_deref().filter(|_| action.contains("DBSnapshot"));
        (code, instead(&text, "<Status>", of_snapshot))
    };
    let answer = format!("HTTP/1.1 {code} So\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len());
    let _ = stream.write_all(answer.as_bytes()).await;
    note.send_modify(|all| all.push(asked));
}

async fn passed_on(to: &str, head: &str, body: Vec<u8>) -> (u16, String) {
    let login = head.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
    let request = reqwest::Client::new().post(to).header("authorization", login).header("content-type", FORM);
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The same with another text in this element.
fn instead(text: &str, mark: &str, status: Option<&str>) -> String {
    match (status, text.split_once(mark)) {
        (Some(status), Some((before, after))) => {
            let after = after.split_once('<').map(|(_, after)| after).unwrap_or_default();
            format!("{before}{mark}{status}<{after}")
        }
        _ => text.to_owned(),
    }
}

/// The head and the body of a request.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if bytes.len() >= at + 4 + length.unwrap_or_default() {
            // Its letters matter in a login.
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            return Some((head, bytes[at + 4..].to_vec()));
        }
    }
}
