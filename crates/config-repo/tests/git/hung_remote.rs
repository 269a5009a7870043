//! Remotes that say nothing, and callers that give up.

use std::time::{Duration, Instant};

use config_repo::{Credentials, Limits, Mirror, MirrorError};
use tempfile::TempDir;
use testkit::{GitRemote, SilentPeer};

use crate::common::try_open_within;

/// Git processes and their helpers that were started with this text among their arguments.
fn processes_with(text: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|process| {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        // A zombie has no arguments any more, which is as gone as it gets.
        String::from_utf8_lossy(&arguments).contains(text)
    })
    .count()
}

/// Waits until the killed are gone: the kernel takes a moment.
async fn assert_gone(text: &str) {
    let patience = Instant::now() + Duration::from_secs(5);
    while processes_with(text) > 0 && Instant::now() < patience {
        tokio::task::yield_now().await;
    }
    assert_eq!(processes_with(text), 0, "{text}");
}

fn quick() -> Limits {
    Limits { clone: Duration::from_millis(700), network: Duration::from_millis(700), ..Limits::default() }
}

#[tokio::test]
async fn a_remote_that_says_nothing_is_a_timeout_and_no_process_is_left() {
    for scheme in ["http", "ssh"] {
        let peer = SilentPeer::listen().await.unwrap();
        let room = TempDir::new().unwrap();
        let started = Instant::now();
        let url = format!("{scheme}://{}/config.git", peer.address());
        let error = try_open_within(&room, &url, Credentials::none(), quick()).await.unwrap_err();
        assert!(matches!(error, MirrorError::Timeout { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_gone(&peer.address().port().to_string()).await;
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_no_process() {
    let peer = SilentPeer::listen().await.unwrap();
    let room = TempDir::new().unwrap();
    let url = format!("http://{}/config.git", peer.address());
    let opening = tokio::spawn(async move {
        let limits = Limits::default();
        try_open_within(&room, &url, Credentials::none(), limits).await.map(|_: Mirror| ())
    });
    peer.connected().await;
    let port = peer.address().port().to_string();
    assert!(processes_with(&port) > 0);
    opening.abort();
    assert!(opening.await.unwrap_err().is_cancelled());
    assert_gone(&port).await;
}

#[tokio::test]
async fn a_hook_that_hangs_is_a_timeout_and_the_next_push_goes_on() {
    let remote = GitRemote::bare(&[("a.yaml", "a: 1\n")]).unwrap();
    let room = TempDir::new().unwrap();
    let mirror = try_open_within(&room, &remote.file_url(), Credentials::none(), quick()).await.unwrap();
    let pipe = room.path().join("never");
    remote.install_hook("pre-receive", &format!("mkfifo {0}; cat {0}", pipe.display())).unwrap();
    let head = mirror.head();
    let commit = mirror.create_commit(&crate::common::draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let error = mirror.push(&commit, &head).await.unwrap_err();
    assert!(matches!(error, MirrorError::Timeout { .. }), "{error}");
    assert_gone(&pipe.display().to_string()).await;
    remote.remove_hook("pre-receive").unwrap();
    assert_eq!(mirror.push(&commit, &head).await.unwrap(), config_repo::PushOutcome::Pushed);
}
