//! A mirror beside its remote, for the tests of the mirror.

use std::time::Duration;

use config_repo::{CommitDraft, Credentials, Identity, Limits, Mirror, MirrorError, RemoteUrl};
use model::CommitId;
use tempfile::TempDir;
use testkit::GitRemote;

pub(crate) struct Bench {
    pub(crate) room: TempDir,
    pub(crate) remote: GitRemote,
    pub(crate) mirror: Mirror,
}

impl Bench {
    pub(crate) async fn file(files: &[(&str, &str)]) -> Self {
        let remote = GitRemote::bare(files).unwrap();
        let room = TempDir::new().unwrap();
        let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
        Self { room, remote, mirror }
    }

    /// One more mirror of the same remote, as another process would have it.
    pub(crate) async fn another_mirror(&self, name: &str) -> Mirror {
        let url = self.remote.file_url().parse().unwrap();
        let dir = self.room.path().join(name);
        Mirror::open(&dir, url, "main".parse().unwrap(), Credentials::none(), limits()).await.unwrap()
    }
}

pub(crate) async fn open(room: &TempDir, url: &str, credentials: Credentials) -> Mirror {
    try_open(room, url, credentials).await.unwrap()
}

pub(crate) async fn try_open(room: &TempDir, url: &str, credentials: Credentials) -> Result<Mirror, MirrorError> {
    try_open_within(room, url, credentials, limits()).await
}

pub(crate) async fn try_open_within(
    room: &TempDir,
    url: &str,
    credentials: Credentials,
    limits: Limits,
) -> Result<Mirror, MirrorError> {
    let url: RemoteUrl = url.parse().unwrap();
    let dir = room.path().join("mirror.git");
    Mirror::open(&dir, url, "main".parse().unwrap(), credentials, limits).await
}

pub(crate) fn limits() -> Limits {
    Limits { network: Duration::from_secs(20), ..Limits::default() }
}

pub(crate) fn id(text: &str) -> CommitId {
    text.parse().unwrap()
}

pub(crate) fn draft(parent: &CommitId, files: &[(&str, &str)]) -> CommitDraft {
    CommitDraft {
        removed: std::collections::BTreeSet::new(),
        parent: parent.clone(),
        files: files.iter().map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())).collect(),
        author: Identity { name: "Ann".to_owned(), email: "ann@example.org".to_owned() },
        committer: Identity { name: "Pinnace".to_owned(), email: "pinnace@example.org".to_owned() },
        date_seconds: 1_700_000_123,
        message: "Pin shop in prod to 1.2\n\nApproved on the page.\n\nPinnace-Pin: 0123\n".to_owned(),
    }
}
