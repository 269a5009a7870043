//! The mirror against HTTPS: only a certificate that fits is believed, and the token goes to nobody else.

use config_repo::{Credentials, MirrorError, PushOutcome, Secret};
use tempfile::TempDir;
use testkit::{GitHttp, GitRemote, TestCertificate};

use crate::common::{draft, open, try_open};

const TOKEN: &str = "tok-3n-s3cr3t";

async fn host(name: &str) -> (GitRemote, GitHttp, TestCertificate, TempDir) {
    let remote = GitRemote::bare(&[("a.yaml", "a: 1\n")]).unwrap();
    let certificate = TestCertificate::for_name(name).await.unwrap();
    let https = GitHttp::serve_tls(&remote, Some(TOKEN), &certificate).await.unwrap();
    (remote, https, certificate, TempDir::new().unwrap())
}

fn token() -> Credentials {
    Credentials::token("bot", Secret::new(TOKEN))
}

#[tokio::test]
async fn fetch_commit_and_push_with_a_private_authority() {
    let (remote, https, certificate, room) = host("IP:127.0.0.1").await;
    let mirror = open(&room, &https.url("config.git"), token().with_ca_file(certificate.ca_file())).await;
    let head = mirror.fetch().await.unwrap().head;
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(remote.head().unwrap(), commit.as_str());
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_is_refused_before_the_token_is_sent() {
    let (_remote, https, _certificate, room) = host("IP:127.0.0.1").await;
    let unknown = try_open(&room, &https.url("config.git"), token()).await.unwrap_err();
    assert!(matches!(unknown, MirrorError::Certificate { .. }), "{unknown}");
    assert!(unknown.to_string().contains("CA file"), "{unknown}");
    assert!(https.authorizations().is_empty());

    let (_remote, https, certificate, room) = host("DNS:git.example").await;
    let credentials = token().with_ca_file(certificate.ca_file());
    let misnamed = try_open(&room, &https.url("config.git"), credentials).await.unwrap_err();
    assert!(matches!(misnamed, MirrorError::Certificate { .. }), "{misnamed}");
    assert!(https.authorizations().is_empty());
}
