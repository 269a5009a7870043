//! Instances of Amazon RDS, as far as moto plays it.
#![cfg(test)]

#[path = "rds/login.rs"]
mod login;

use operator::rds::{
    Client, Credentials, Ensured, InstanceId, Leaving, Phase, RdsError, SnapshotId, SnapshotState, Wanted, delete,
    ensure, find, set_password, snapshot,
};
use operator::{Claim, Clock};
use secrets::Secret;
use testkit::DevMoto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn client(url: &str) -> Client {
    let credentials = Credentials {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret_key: secret("key"),
        session_token: Some(secret("token")),
    };
    Client::new("eu-west-1", credentials, Some(url), Clock::default()).unwrap()
}

fn wanted(name: &str) -> Wanted {
    Wanted {
        id: InstanceId::parse(name).unwrap(),
        class: "db.t4g.micro".to_owned(),
        storage_gib: 20,
        version: None,
        multi_az: true,
        subnet_group: None,
        security_groups: Vec::new(),
        backup_days: 7,
        deletion_protection: true,
        username: "pinnace".to_owned(),
        claim: Claim::of("cluster-1", "shop", name),
    }
}

async fn ensured(client: &Client, wanted: &Wanted) -> Ensured {
    ensure(client, wanted, &secret("a first password")).await.unwrap()
}

#[tokio::test]
async fn an_instance_is_created_changed_and_then_left_alone() {
    let moto = DevMoto::start().await.unwrap();
    let (client, mut wanted) = (client(&moto.url()), wanted("shop"));
    assert_eq!(find(&client, &wanted.id).await.unwrap(), None);
    assert_eq!(ensured(&client, &wanted).await.did, ["create the instance shop"]);
    let again = ensured(&client, &wanted).await;
    assert_eq!(again.did, Vec::<String>::new());
    let instance = again.instance;
    assert_eq!((instance.phase(), instance.port, instance.username.as_str()), (Phase::Ready, 5432, "pinnace"));
    assert!(instance.host.unwrap().starts_with("shop."));

    wanted.storage_gib = 50;
    wanted.backup_days = 14;
    let changed = ensured(&client, &wanted).await.did;
    assert_eq!(changed, ["give the instance shop GiB: 50, days of backups: 14"]);
    assert_eq!(ensured(&client, &wanted).await.did, Vec::<String>::new());
    set_password(&client, &wanted, &secret("another password")).await.unwrap();
    wanted.storage_gib = 30;
    let refused = ensure(&client, &wanted, &secret("x")).await.unwrap_err();
    assert!(matches!(refused, RdsError::Impossible { .. }) && !refused.is_transient(), "{refused}");
}

#[tokio::test]
async fn two_objects_never_share_an_instance_and_what_others_made_is_refused() {
    let moto = DevMoto::start().await.unwrap();
    let (client, first) = (client(&moto.url()), wanted("shop"));
    ensured(&client, &first).await;
    let second = Wanted { claim: Claim::of("cluster-1", "other", "shop"), deletion_protection: false, ..first.clone() };
    let refused = ensure(&client, &second, &secret("x")).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "the instance shop is that of cluster-1/shop/shop already: two objects can't share it, so name another"
    );
    assert_eq!(delete(&client, &second, None).await.unwrap(), Leaving::Gone, "nothing of it is the second's");
    assert!(find(&client, &first.id).await.unwrap().is_some());
    assert!(set_password(&client, &second, &secret("x")).await.is_err());

    let by_hand = "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=theirs&Engine=postgres&DBInstanceClass=db.t4g.micro\
        &AllocatedStorage=20&MasterUsername=a&MasterUserPassword=hunter2hunter2";
    let signed = "AWS4-HMAC-SHA256 Credential=A/20150830/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=x";
    let request = reqwest::Client::new().post(moto.url()).header("authorization", signed);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(by_hand);
    assert!(request.send().await.unwrap().status().is_success());
    let told = ensure(&client, &wanted("theirs"), &secret("x")).await.unwrap_err().to_string();
    assert!(told.contains("give it the tag `pinnace.dev/owned-by` with the value `cluster-1/shop/theirs`"), "{told}");
}

#[tokio::test]
async fn a_snapshot_is_made_once_and_an_instance_goes_after_a_last_one() {
    let moto = DevMoto::start().await.unwrap();
    let (client, mut wanted) = (client(&moto.url()), wanted("shop"));
    let before = SnapshotId::of(&wanted.id, "before 1.4.2_rc1");
    assert!(matches!(snapshot(&client, &wanted, &before).await, Err(RdsError::Refused { .. })), "there is no instance");
    ensured(&client, &wanted).await;
    for _ in 0..2 {
        assert_eq!(snapshot(&client, &wanted, &before).await.unwrap(), SnapshotState::Available);
    }
    let other = self::wanted("other");
    ensured(&client, &other).await;
    let told = snapshot(&client, &other, &before).await.unwrap_err().to_string();
    assert!(told.contains("there is one of this name, of the instance shop"), "{told}");

    let last = SnapshotId::of(&wanted.id, "last");
    assert!(matches!(delete(&client, &wanted, Some(&last)).await, Err(RdsError::Protected { .. })));
    wanted.deletion_protection = false;
    assert_eq!(delete(&client, &wanted, Some(&last)).await.unwrap(), Leaving::Deleting);
    assert_eq!(delete(&client, &wanted, Some(&last)).await.unwrap(), Leaving::Gone);
    let of_gone = snapshot(&client, &wanted, &last).await.unwrap();
    assert_eq!(of_gone, SnapshotState::Available, "the last one is there");
}

/// What comes of an answer of Amazon's.
async fn answered(status: &str, code: &str) -> RdsError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so</Message></Error></ErrorResponse>"
    );
    let body = if code.is_empty() { String::new() } else { body };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 8192];
        let read = stream.read(&mut bytes).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    });
    let error = find(&client(&url), &InstanceId::parse("shop").unwrap()).await.unwrap_err();
    let asked = answering.await.unwrap();
    assert!(
        asked.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
            && asked.contains("/eu-west-1/rds/aws4_request"),
        "{asked}"
    );
    assert!(asked.contains("x-amz-security-token: token") && asked.contains("x-amz-date: "), "{asked}");
    error
}

#[tokio::test]
async fn what_amazon_says_against_it_is_told_apart() {
    assert!(matches!(answered("400 Bad Request", "Throttling").await, RdsError::Throttled { .. }));
    assert!(matches!(answered("400 Bad Request", "InvalidDBInstanceState").await, RdsError::Busy { .. }));
    assert!(matches!(answered("403 Forbidden", "AccessDenied").await, RdsError::Login { .. }));
    assert!(matches!(answered("403 Forbidden", "SignatureDoesNotMatch").await, RdsError::Login { .. }));
    assert!(matches!(answered("400 Bad Request", "InstanceQuotaExceeded").await, RdsError::Quota { .. }));
    assert!(matches!(answered("400 Bad Request", "InvalidParameterValue").await, RdsError::Refused { .. }));
    assert!(matches!(answered("500 Internal Server Error", "InternalFailure").await, RdsError::Unreachable { .. }));
    assert!(matches!(answered("503 Service Unavailable", "").await, RdsError::Unreachable { .. }));
    assert!(matches!(answered("418 I'm a teapot", "").await, RdsError::Strange(_)));
    for transient in ["Throttling", "InvalidDBInstanceState", "ServiceUnavailable", "InsufficientDBInstanceCapacity"] {
        assert!(answered("400 Bad Request", transient).await.is_transient(), "{transient}");
    }
}

#[tokio::test]
async fn passwords_are_never_sent_in_the_clear_and_a_region_is_a_region() {
    let credentials = || Credentials { access_key: "a".to_owned(), secret_key: secret("b"), session_token: None };
    let told = |region: &str, url: Option<&str>| {
        Client::new(region, credentials(), url, Clock::default()).err().map(|error| error.to_string())
    };
    assert!(told("eu-west-1", Some("http://rds.example.org/")).unwrap().contains("has to begin with https://"));
    assert!(told("evil.example.org/", None).is_some());
    assert_eq!(told("cn-north-1", None), None);
    let gone = find(&client("http://127.0.0.1:9/"), &InstanceId::parse("shop").unwrap()).await.unwrap_err();
    assert!(gone.is_transient(), "{gone}");
}
