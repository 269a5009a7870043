//! The mirror against a real sshd: no host key is believed that was not given.

use config_repo::{Credentials, MirrorError, PushOutcome};
use tempfile::TempDir;
use testkit::{GitRemote, Sshd};

use crate::common::{draft, open, try_open};

async fn host() -> (GitRemote, Sshd, TempDir) {
    let remote = GitRemote::bare(&[("a.yaml", "a: 1\n")]).unwrap();
    let sshd = Sshd::serve(&remote).await.unwrap();
    (remote, sshd, TempDir::new().unwrap())
}

#[tokio::test]
async fn fetch_commit_and_push_with_a_key_and_the_right_host_key() {
    let (remote, sshd, room) = host().await;
    let credentials = Credentials::ssh(sshd.key(), &sshd.known_hosts().unwrap());
    let mirror = open(&room, &sshd.url(), credentials).await;
    let head = mirror.fetch().await.unwrap().head;
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(remote.head().unwrap(), commit.as_str());
    remote.install_hook("pre-receive", "echo frozen >&2; exit 1").unwrap();
    let next = mirror.create_commit(&draft(&commit, &[("a.yaml", "a: 3\n")])).await.unwrap();
    let refused = PushOutcome::Refused { reason: "pre-receive hook declined\nfrozen".to_owned() };
    assert_eq!(mirror.push(&next, &commit).await.unwrap(), refused);
}

#[tokio::test]
async fn an_unknown_host_key_is_refused_with_the_way_to_fix_it() {
    let (_remote, sshd, room) = host().await;
    let error = try_open(&room, &sshd.url(), Credentials::ssh(sshd.key(), "")).await.unwrap_err();
    assert!(matches!(error, MirrorError::HostKey { .. }), "{error}");
    assert!(error.to_string().contains("ssh-keyscan"), "{error}");
}

#[tokio::test]
async fn a_changed_host_key_is_refused() {
    let (_remote, sshd, room) = host().await;
    let credentials = Credentials::ssh(sshd.key(), &sshd.outdated_known_hosts().unwrap());
    let error = try_open(&room, &sshd.url(), credentials).await.unwrap_err();
    assert!(matches!(error, MirrorError::HostKey { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_is_not_let_in_is_told() {
    let (_remote, sshd, room) = host().await;
    let credentials = Credentials::ssh(sshd.strange_key(), &sshd.known_hosts().unwrap());
    let error = try_open(&room, &sshd.url(), credentials).await.unwrap_err();
    assert!(matches!(error, MirrorError::Auth { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_repository_is_told() {
    let (_remote, sshd, room) = host().await;
    let credentials = Credentials::ssh(sshd.key(), &sshd.known_hosts().unwrap());
    let error = try_open(&room, &format!("{}x", sshd.url()), credentials).await.unwrap_err();
    assert!(matches!(error, MirrorError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_key_path_that_the_shell_could_read_otherwise_is_refused() {
    let (_remote, sshd, room) = host().await;
    let evil = "/tmp/k' -o 'ProxyCommand=touch /tmp/owned".into();
    let error = try_open(&room, &sshd.url(), Credentials::ssh(evil, "")).await.unwrap_err();
    assert!(matches!(error, MirrorError::Credentials { .. }), "{error}");
}
