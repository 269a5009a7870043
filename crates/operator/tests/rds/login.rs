//! Keys of roles, as those who give them speak: the service for tokens as moto plays it, a host beside a container, a machine's metadata.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use operator::Clock;
use operator::rds::{Client, Credentials, Login, RdsError, find};
use secrets::Redactor;
use testkit::DevMoto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const SOON: SignedDuration = SignedDuration::from_mins(4);

fn login(variables: &[(&str, &str)]) -> Login {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Login::from_environment(|name| variables.get(name).cloned())
}

async fn credentials(login: &Login, now: Timestamp) -> Result<Option<Credentials>, RdsError> {
    login.credentials("eu-west-1", now, &Redactor::new()).await
}

async fn key(login: &Login, now: Timestamp) -> String {
    credentials(login, now).await.unwrap().unwrap().access_key
}

/// A host that tells keys: how it answers a request, which it keeps.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap().to_string(), Arc::<Mutex<Vec<String>>>::default());
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut request, mut chunk) = (String::new(), [0; 4096]);
                while !request.contains("\r\n\r\n") {
                    let read = stream.read(&mut chunk).await.unwrap();
                    request.push_str(&String::from_utf8_lossy(&chunk[..read]));
                }
                let (status, body) = answer(&request);
                kept.lock().unwrap().push(request);
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn told(key: &str, until: Timestamp) -> (u16, String) {
    let body = format!(
        r#"{{"Code": "Success", "AccessKeyId": "{key}", "SecretAccessKey": "a secret", "Token": "a token", "Expiration": "{until}"}}"#
    );
    (200, body)
}

#[tokio::test]
async fn the_role_of_a_service_account_gives_a_key_for_its_token_which_is_kept_until_it_ends_soon() {
    let (moto, folder) = (DevMoto::start().await.unwrap(), tempfile::tempdir().unwrap());
    let token = folder.path().join("token");
    std::fs::write(&token, "a.web.token\n").unwrap();
    let url = moto.url();
    let variables = [
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pinnace"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &url),
    ];
    let (login, now) = (login(&variables), Timestamp::now());
    let first = credentials(&login, now).await.unwrap().unwrap();
    assert!(first.session_token.is_some() && first.access_key.starts_with("ASIA"), "{}", first.access_key);
    assert_eq!(key(&login, now).await, first.access_key, "it is kept");
    let rds = Client::new("eu-west-1", first.clone(), Some(&url), Clock::default()).unwrap();
    assert_eq!(find(&rds, &operator::rds::InstanceId::parse("shop").unwrap()).await.unwrap(), None);

    // It lasts an hour.
    let soon = now + SignedDuration::from_mins(56);
    std::fs::remove_file(&token).unwrap();
    assert_eq!(key(&login, soon).await, first.access_key, "it still holds, and there is no other");
    let refused = credentials(&login, now + SignedDuration::from_hours(2)).await.err().unwrap();
    assert!(refused.to_string().contains("can't be read") && !refused.is_transient(), "{refused}");
    std::fs::write(&token, "another.web.token").unwrap();
    assert_ne!(key(&login, soon).await, first.access_key);
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_told_in_the_words_of_who_gives_keys() {
    let host = Host::start(|_| {
        let words =
            "<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message>";
        (403, format!("<ErrorResponse><Error><Type>Sender</Type>{words}</Error></ErrorResponse>"))
    });
    let (host, folder) = (host.await, tempfile::tempdir().unwrap());
    let token = folder.path().join("token");
    std::fs::write(&token, "a.web.token").unwrap();
    let url = format!("http://{}/", host.address);
    let login = login(&[
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ENDPOINT_URL", &url),
    ]);
    let refused = credentials(&login, Timestamp::now()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "there is no login for Amazon now: no key can be had from the role arn:aws:iam::1:role/r of the ServiceAccount: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity (AccessDenied)"
    );
    assert!(!refused.is_transient());
    // Whoever needs no key starts all the same.
    let unusable = self::login(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/")]);
    let refused = credentials(&unusable, Timestamp::now()).await.err().unwrap().to_string();
    assert!(refused.contains("neither https:// nor a host beside the container"), "{refused}");
}

#[tokio::test]
async fn a_pod_shows_the_token_that_it_was_given_and_asks_again_before_its_key_ends() {
    let now = Timestamp::now();
    let host = Host::start(move |request| {
        let is_proven = request.contains("authorization: a pod's token\r\n");
        if is_proven { told("POD", now + SOON) } else { (401, "who are you?".to_owned()) }
    });
    let (host, folder) = (host.await, tempfile::tempdir().unwrap());
    let token = folder.path().join("token");
    std::fs::write(&token, "a pod's token").unwrap();
    let url = format!("http://{}/v1/credentials", host.address);
    let with = |token: &str| {
        login(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token)])
    };
    let login = with(token.to_str().unwrap());
    assert_eq!((key(&login, now).await, key(&login, now).await), ("POD".to_owned(), "POD".to_owned()));
    assert_eq!(host.asked().len(), 2, "it ends soon");
    std::fs::write(&token, "a token of others").unwrap();
    let refused = credentials(&with(token.to_str().unwrap()), now).await.err().unwrap().to_string();
    assert!(refused.ends_with("status 401: who are you?"), "{refused}");
}

#[tokio::test]
async fn a_machine_tells_the_key_of_its_role_to_who_proves_to_be_on_it_and_one_of_others_tells_none() {
    let now = Timestamp::now();
    let host = Host::start(move |request| {
        let line = request.lines().next().unwrap();
        let proven = request.contains("x-aws-ec2-metadata-token: proof\r\n");
        match line.trim_end_matches(" HTTP/1.1") {
            "PUT /latest/api/token" => (200, "proof".to_owned()),
            "GET /latest/meta-data/iam/security-credentials/" if proven => (200, "nodes\n".to_owned()),
            "GET /latest/meta-data/iam/security-credentials/nodes" if proven => told("MACHINE", now + SOON),
            _ => (401, String::new()),
        }
    });
    let url = format!("http://{}", host.await.address);
    let machine = login(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)]);
    assert_eq!(key(&machine, now).await, "MACHINE");

    let other = Host::start(|_| (404, String::new())).await;
    let url = format!("http://{}", other.address);
    let none = login(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)]);
    assert!(credentials(&none, now).await.unwrap().is_none());
    assert!(credentials(&login(&[("AWS_EC2_METADATA_DISABLED", "true")]), now).await.unwrap().is_none());
}
