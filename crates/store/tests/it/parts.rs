//! Small things to build the tests of.

use std::path::Path;

use model::{
    Announcement, Build, CommitId, Decider, Digest, Fact, InstanceId, PinId, PinKind, PinNumber, Proposal, Timestamp,
};
use store::{NewBuild, Store};

pub(crate) async fn open(dir: &Path) -> Store {
    Store::open(dir).await.unwrap()
}

/// Closes it, so that the directory is free at once.
pub(crate) async fn reopen(store: Store, dir: &Path) -> Store {
    store.close().await;
    drop(store);
    open(dir).await
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp(ms)
}

pub(crate) fn digest(fill: char) -> Digest {
    format!("sha256:{}", fill.to_string().repeat(64)).parse().unwrap()
}

pub(crate) fn commit(fill: char) -> CommitId {
    fill.to_string().repeat(40).parse().unwrap()
}

pub(crate) fn instance(text: &str) -> InstanceId {
    text.parse().unwrap()
}

pub(crate) fn pin_id(n: u8) -> PinId {
    PinId::from_random([n; 16])
}

pub(crate) fn build(fill: char) -> Build {
    let image = format!("registry.example/acme/shop:1.0@{}", digest(fill)).parse().unwrap();
    Build { image, chart: None, announced: None }
}

pub(crate) fn announced(project: &str, delivery: &str, ms: i64) -> NewBuild {
    NewBuild {
        project: project.parse().unwrap(),
        sender: "ci".into(),
        delivery: delivery.into(),
        announcement: Announcement {
            image: "registry.example/acme/shop".parse().unwrap(),
            tag: Some("1e5".parse().unwrap()),
            digest: None,
            chart: None,
            commit: Some("abc".into()),
            branch: None,
            author: Some("Ann".into()),
            message: Some("sells 'more'; \"quickly\" \u{1f389}".into()),
            build_url: None,
        },
        at: at(ms),
    }
}

pub(crate) async fn opened(store: &Store, id: u8, place: &str, fill: char) -> PinNumber {
    store.open_pin(&pin_id(id), &instance(place), PinKind::Pin, build(fill), None, at(10)).await.unwrap().number()
}

/// From opened to approved: three facts after the first.
pub(crate) fn approval() -> Vec<Fact> {
    vec![
        Fact::Proposed(Box::new(Proposal {
            base: commit('a'),
            from: None,
            from_chart: None,
            render_hash: "h1".into(),
            git_diff: "-image: 1\n+image: 2\n".into(),
            rendered_diff: String::new(),
            commits: Vec::new(),
        })),
        Fact::Asked { approvers: vec!["ann".parse().unwrap()], quorum: 1, until: at(1_000_000) },
        Fact::Approved { by: Decider::Person("ann".parse().unwrap()), surface: None },
    ]
}

/// From claimed to recorded and settled.
pub(crate) fn proof_and_record() -> Vec<Fact> {
    vec![
        Fact::Claimed,
        Fact::Rendered { base: commit('a'), render_hash: "h1".into(), objects: 4 },
        Fact::DryRun { unchecked: Vec::new() },
        Fact::Inventoried,
        Fact::Applied { changed: 1, objects: 4, notes: Vec::new() },
        Fact::Verified { render_hash: "h1".into(), commit_date: at(60) },
        Fact::Committed { commit: commit('b'), parent: commit('a') },
        Fact::Pushed { commit: commit('b') },
        Fact::Settled { pruned: 0, held: Vec::new() },
    ]
}
