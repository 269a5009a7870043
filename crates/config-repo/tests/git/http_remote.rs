//! The mirror against `git http-backend` over HTTP.

use config_repo::{Credentials, MirrorError, PushOutcome, Secret};
use tempfile::TempDir;
use testkit::{GitFault, GitHttp, GitRemote, Person};

use crate::common::{draft, id, open, try_open};

const TOKEN: &str = "tok-3n-s3cr3t";

struct Host {
    remote: GitRemote,
    http: GitHttp,
    room: TempDir,
}

impl Host {
    async fn new() -> Self {
        let remote = GitRemote::bare(&[("a.yaml", "a: 1\n")]).unwrap();
        let http = GitHttp::serve(&remote, Some(TOKEN)).await.unwrap();
        Self { remote, http, room: TempDir::new().unwrap() }
    }

    fn url(&self) -> String {
        self.http.url("config.git")
    }
}

fn token() -> Credentials {
    Credentials::token("x-access-token", Secret::new(&format!("{TOKEN}\n")))
}

#[tokio::test]
async fn fetch_commit_and_push_with_a_token() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap();
    let head = mirror.fetch().await.unwrap().head;
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(host.remote.head().unwrap(), commit.as_str());
    let stale = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 3\n")])).await.unwrap();
    assert_eq!(mirror.push(&stale, &head).await.unwrap(), PushOutcome::HeadMoved);
}

#[tokio::test]
async fn a_wrong_token_is_told_and_not_shown() {
    let host = Host::new().await;
    let wrong = Credentials::token("bot", Secret::new("wrong-t0ken"));
    let error = try_open(&host.room, &host.url(), wrong).await.unwrap_err();
    assert!(matches!(error, MirrorError::Auth { .. }), "{error}");
    assert!(error.to_string().contains("give a token"), "{error}");
    assert!(!format!("{error} {error:?}").contains("wrong-t0ken"));
    let error = try_open(&host.room, &host.url(), Credentials::none()).await.unwrap_err();
    assert!(matches!(error, MirrorError::Auth { .. }), "{error}");
}

#[tokio::test]
async fn a_token_that_expires_is_told_and_a_new_one_goes_on() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::Status(401, "expired"));
    assert!(matches!(mirror.fetch().await.unwrap_err(), MirrorError::Auth { .. }));
    host.http.set_fault(GitFault::None);
    mirror.fetch().await.unwrap();
}

#[tokio::test]
async fn a_token_that_may_only_read_is_refused_and_not_retried_for_ever() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::ReadOnly);
    let head = mirror.head();
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let outcome = mirror.push(&commit, &head).await.unwrap();
    assert!(matches!(outcome, PushOutcome::Refused { .. }), "{outcome:?}");
    assert!(matches!(mirror.check_push().await.unwrap(), PushOutcome::Refused { .. }));
    host.http.set_fault(GitFault::None);
    assert_eq!(mirror.check_push().await.unwrap(), PushOutcome::Pushed);
}

#[tokio::test]
async fn a_host_in_trouble_is_unreachable_and_heals() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::Status(503, "maintenance"));
    let error = mirror.fetch().await.unwrap_err();
    assert!(matches!(error, MirrorError::Unreachable { .. }), "{error}");
    host.http.set_fault(GitFault::Status(404, "nothing here"));
    let error = mirror.fetch().await.unwrap_err();
    assert!(matches!(error, MirrorError::NotFound { .. }), "{error}");
    host.http.set_fault(GitFault::None);
    mirror.fetch().await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_no_other_host_gets_the_token() {
    let (host, other) = (Host::new().await, Host::new().await);
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::RedirectTo(other.http.url("").trim_end_matches('/').to_owned()));
    let error = mirror.fetch().await.unwrap_err();
    assert!(matches!(error, MirrorError::Redirected { .. }), "{error}");
    assert_eq!(other.http.authorizations(), Vec::<Option<String>>::new());
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_found_by_its_trailer() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::LoseAnswer);
    let before = mirror.head();
    let commit = mirror.create_commit(&draft(&before, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let error = mirror.push(&commit, &before).await.unwrap_err();
    assert!(matches!(error, MirrorError::Unreachable { .. }), "{error}");
    host.http.set_fault(GitFault::None);
    let head = mirror.fetch().await.unwrap().head;
    assert_eq!(mirror.find_by_trailer("Pinnace-Pin", "0123", &before, &head).await.unwrap(), Some(commit));
}

#[tokio::test]
async fn a_hook_behind_http_is_quoted_too() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.remote.install_hook("update", "echo 'main is protected' >&2; exit 1").unwrap();
    let head = mirror.head();
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let outcome = mirror.push(&commit, &head).await.unwrap();
    let PushOutcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "hook declined\nmain is protected\nerror: hook declined to update refs/heads/main");
    assert_eq!(mirror.fetch().await.unwrap().head, id(head.as_str()));
}

#[tokio::test]
async fn the_token_is_never_in_argv() {
    let host = Host::new().await;
    let mirror = open(&host.room, &host.url(), token()).await;
    host.http.set_fault(GitFault::Hang);
    let fetching = tokio::spawn({
        let mirror = mirror.clone();
        async move { mirror.fetch().await }
    });
    // The second request of the host comes from the fetch that hangs now.
    let seen = host.http.authorizations().len();
    while host.http.authorizations().len() == seen {
        tokio::task::yield_now().await;
    }
    let mut ours = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments);
        ours += usize::from(arguments.contains(&host.url()));
        assert!(!arguments.contains(TOKEN), "{arguments}");
    }
    assert!(ours > 0);
    fetching.abort();
}
