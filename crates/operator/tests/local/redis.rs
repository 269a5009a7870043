//! Redis: who may do what, what it does when it is full, and what it keeps.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use operator::redis::RedisSpec;
use operator::redis::build::files;
use operator::redis::crd::{Persistence, WhenFull};
use operator::redis_server::{RedisError, answers};
use rustix::process::Signal;
use secrets::Secret;
use tempfile::TempDir;
use testkit::served::free_port;

use super::program::{Program, ends_well, folder, write};

const PASSWORD: &str = "p@ss:w/ord%?#'é";

struct Pod {
    folder: TempDir,
    port: u16,
}

impl Pod {
    fn new(spec: &RedisSpec) -> Self {
        let (folder, port) = (folder(), free_port().unwrap());
        let files = files(spec, &Secret::new(PASSWORD.to_owned()));
        assert!(!format!("{}{}", files.settings, files.users).contains(PASSWORD));
        let at = folder.path().display();
        write(&folder.path().join("users.acl"), &files.users);
        write(&folder.path().join("ready"), files.ready);
        let more = format!("bind 127.0.0.1\nport {port}\ndir {at}\naclfile {at}/users.acl\n");
        write(&folder.path().join("redis.conf"), &format!("{}{more}", files.settings));
        Self { folder, port }
    }

    fn start(&self) -> Program {
        let settings = self.folder.path().join("redis.conf");
        let mut program = Program::start("redis-server", &[settings.to_str().unwrap()], &[]);
        program.until("Ready to accept connections");
        program
    }

    fn is_ready(&self) -> bool {
        let script = self.folder.path().join("ready");
        ends_well("sh", &[script.to_str().unwrap()], &[("PINNACE_PORT", &self.port.to_string())])
    }

    /// What it answers to the last of some requests on one connection.
    fn ask(&self, requests: &[&[&str]]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut answer = String::new();
        for request in requests {
            let parts = request.iter().map(|part| format!("${}\r\n{part}\r\n", part.len()));
            let text = parts.fold(format!("*{}\r\n", request.len()), |text, part| text + &part);
            stream.write_all(text.as_bytes()).unwrap();
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap();
            answer = String::from_utf8_lossy(&bytes[..read]).trim().to_owned();
        }
        answer
    }

    fn ask_as_app(&self, request: &[&str]) -> String {
        self.ask(&[&["AUTH", PASSWORD], request])
    }
}

#[test]
fn who_has_the_password_may_do_all_and_the_probe_may_only_ask_whether_it_is_there() {
    let pod = Pod::new(&RedisSpec::default());
    assert!(!pod.is_ready());
    let mut program = pod.start();
    assert!(pod.is_ready());
    assert!(pod.ask(&[&["PING"]]).starts_with("-NOAUTH"));
    assert!(pod.ask(&[&["AUTH", "wrong"]]).starts_with("-WRONGPASS"));
    assert_eq!(pod.ask_as_app(&["SET", "a", "b"]), "+OK");
    let probe = |request: &[&str]| pod.ask(&[&["AUTH", "probe", "any"], request]);
    assert_eq!(probe(&["PING"]), "+PONG");
    for request in
        [&["GET", "a"][..], &["KEYS", "*"], &["CONFIG", "GET", "*"], &["ACL", "LIST"], &["PUBLISH", "a", "b"]]
    {
        assert!(probe(request).starts_with("-NOPERM"), "{request:?}");
    }
    program.tell(Signal::TERM);
    assert!(program.end().0.success());
}

#[tokio::test]
async fn a_redis_that_answers_is_told_from_one_that_does_not_or_not_to_us() {
    let pod = Pod::new(&RedisSpec::default());
    let asked = async |password: &str, database: i64| {
        let password = (!password.is_empty()).then(|| Secret::new(password.to_owned()));
        answers("127.0.0.1", pod.port, password.as_ref(), database).await
    };
    assert!(asked(PASSWORD, 0).await.unwrap_err().is_transient());
    let _program = pod.start();
    asked(PASSWORD, 0).await.unwrap();
    asked(PASSWORD, 15).await.unwrap();
    assert!(matches!(asked(PASSWORD, 16).await, Err(RedisError::NoDatabase { database: 16, .. })));
    for wrong in ["wrong", ""] {
        let error = asked(wrong, 0).await.unwrap_err();
        assert!(matches!(error, RedisError::Login { .. }) && !error.is_transient(), "{error}");
    }
    assert!(pod.ask_as_app(&["CONFIG", "SET", "maxclients", "1"]).starts_with("+OK"));
    let _other = TcpStream::connect(("127.0.0.1", pod.port)).unwrap();
    assert!(asked(PASSWORD, 0).await.unwrap_err().is_transient(), "it is full");
}

#[test]
fn what_is_full_refuses_or_forgets_as_it_is_told() {
    let filled = |when_full: WhenFull| {
        let spec = RedisSpec { memory: "16Mi".to_owned(), when_full, ..RedisSpec::default() };
        let pod = Pod::new(&spec);
        let _program = pod.start();
        let value = "x".repeat(1 << 20);
        let names: Vec<String> = (0..20).map(|number| format!("key-{number}")).collect();
        let requests: Vec<[&str; 3]> = names.iter().map(|name| ["SET", name.as_str(), value.as_str()]).collect();
        let requests = [&["AUTH", PASSWORD][..]].into_iter().chain(requests.iter().map(|request| &request[..]));
        pod.ask(&requests.collect::<Vec<&[&str]>>())
    };
    assert!(filled(WhenFull::Refuse).starts_with("-OOM"));
    assert_eq!(filled(WhenFull::Forget), "+OK");
}

#[test]
fn what_is_kept_on_disk_is_there_after_a_start_and_else_nothing_is() {
    let kept = |persistence: Option<Persistence>| {
        let pod = Pod::new(&RedisSpec { persistence, ..RedisSpec::default() });
        let mut program = pod.start();
        assert_eq!(pod.ask_as_app(&["SET", "a", "b"]), "+OK");
        program.tell(Signal::TERM);
        program.end();
        let _program = pod.start();
        pod.ask_as_app(&["GET", "a"])
    };
    assert_eq!(kept(Some(Persistence::default())), "$1\r\nb");
    assert_eq!(kept(None), "$-1");
}
