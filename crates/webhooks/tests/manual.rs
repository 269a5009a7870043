//! Every `sh` block of `docs/hooks.md` is run as it stands, with the real `curl` and `openssl`, and must be let in.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use model::Timestamp;
use webhooks::{Delivery, Headers, SenderKeys, SenderKind, SigningKey, authenticate, formats, parse, token_hash};

const MANUAL: &str = include_str!("../../../docs/hooks.md");
const TOKEN: &str = "abc-DEF_123.4~5+6/7==";
const RAW_SECRET: &str = "a raw secret, long enough";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Received {
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The block of code under a heading.
fn block(heading: &str) -> &'static str {
    let section = MANUAL.split(&format!("## {heading}\n")).nth(1).expect("the manual has this section");
    section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the section has a `sh` block")
}

fn run(script: &str, secret: &str) -> Received {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let child = Command::new("sh")
        .args(["-euc", script])
        .env("PINNACE_URL", &url)
        .env("PINNACE_TOKEN", TOKEN)
        .env("PINNACE_SECRET", secret)
        .env("NO_PROXY", "127.0.0.1")
        .envs([("IMAGE", "registry.example/acme/shop"), ("TAG", "1.42.0"), ("COMMIT", "9f2c1e0d"), ("BRANCH", "main")])
        .envs([("RUN_ID", "812-1"), ("RUN_URL", "https://ci.example/acme/shop/812")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh runs");
    // A script that fails before its request would leave us waiting: its end connects in its place.
    let waiter = std::thread::spawn(move || {
        let output = child.wait_with_output().expect("the script ends");
        let _ = TcpStream::connect(url.trim_start_matches("http://"));
        output
    });
    let received = receive(listener.accept().expect("somebody connects").0);
    let output = waiter.join().expect("the waiter does not panic");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "the manual's script failed (it needs the packages curl and openssl): {said}");
    assert_eq!(output.stdout, b"stored", "curl shows our answer");
    received.expect("the script that succeeded sent a request")
}

fn receive(mut stream: TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let mut body = vec![0; length.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nstored").ok()?;
    Some(Received { target, headers, body })
}

fn let_in(received: &Received, keys: &SenderKeys) -> Delivery {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is after 1970");
    let now = Timestamp(i64::try_from(since_epoch.as_millis()).expect("the clock is before the year 292,000,000"));
    let headers: Headers<'_> = received.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    assert_eq!(received.target, "/hooks/build/shop");
    let build = parse(formats::find("generic").expect("it is in the list"), &received.body).expect("it parses");
    assert_eq!(build.image.as_str(), "registry.example/acme/shop");
    assert_eq!(build.tag.expect("it was sent").as_str(), "1.42.0");
    assert_eq!(build.build_url.as_deref(), Some("https://ci.example/acme/shop/812"));
    authenticate(&headers, &received.body, keys, now).expect("the request is proven")
}

#[test]
fn the_call_with_a_token_is_let_in() {
    let keys = SenderKeys { bearer_hashes: vec![token_hash(TOKEN)], ..SenderKeys::default() };
    let delivery = let_in(&run(block("With a token"), SECRET), &keys);
    assert_eq!(delivery, Delivery { id: "812-1".to_owned(), sender: SenderKind::Bearer });
}

#[test]
fn the_signed_call_is_let_in_with_both_kinds_of_secret() {
    for secret in [SECRET, RAW_SECRET] {
        let keys = SenderKeys { signing: vec![SigningKey::parse(secret).unwrap()], ..SenderKeys::default() };
        let delivery = let_in(&run(block("Signed"), secret), &keys);
        assert_eq!(delivery, Delivery { id: "812-1".to_owned(), sender: SenderKind::Signed });
    }
}

#[test]
fn no_block_is_left_unrun() {
    assert_eq!(MANUAL.matches("```sh\n").count(), 2);
}
