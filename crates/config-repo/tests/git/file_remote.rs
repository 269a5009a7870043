//! The mirror against a bare repository on the same machine.

use crate::common::{Bench, draft, id};
use config_repo::{CommitDraft, MirrorError, NewBranch, PushOutcome};
use testkit::Person;

#[tokio::test]
async fn what_others_push_is_fetched_and_read() {
    let bench = Bench::file(&[("apps/shop/a.yaml", "a: 1\n"), ("README", "hi")]).await;
    assert_eq!(bench.mirror.head(), id(&bench.remote.head().unwrap()));

    let before = bench.mirror.head();
    let theirs = id(&bench.remote.commit_as(Person::BOB, "apps/shop/b.yaml", "b: 2\n").unwrap());
    let fetched = bench.mirror.fetch().await.unwrap();
    assert_eq!(
        (fetched.head.clone(), fetched.previous, fetched.rewritten),
        (theirs.clone(), Some(before.clone()), false)
    );
    assert_eq!(bench.mirror.fetch().await.unwrap().previous, None);

    let files = bench.mirror.read_files(&theirs, &["apps/shop"]).await.unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files["apps/shop/b.yaml"], b"b: 2\n");
    assert!(bench.mirror.is_ancestor(&before, &theirs).await.unwrap());
    assert!(!bench.mirror.is_ancestor(&theirs, &before).await.unwrap());
    let diff = bench.mirror.diff(&before, &theirs, "apps").await.unwrap();
    assert!(diff.contains("+b: 2"), "{diff}");
}

#[tokio::test]
async fn the_same_draft_is_the_same_commit_and_is_pushed_once() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let head = bench.mirror.head();
    let draft = draft(&head, &[("a.yaml", "a: 2\n")]);
    let commit = bench.mirror.create_commit(&draft).await.unwrap();
    assert_eq!(bench.mirror.create_commit(&draft).await.unwrap(), commit);

    assert_eq!(bench.mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(bench.mirror.head(), commit);
    assert_eq!(bench.remote.head().unwrap(), commit.as_str());
    assert_eq!(bench.remote.file("a.yaml").unwrap(), "a: 2\n");
    // The answer was lost, say: pushing again finds it there.
    assert_eq!(bench.mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(bench.mirror.fetch().await.unwrap().head, commit);

    let info = bench.mirror.commit_info(&commit).await.unwrap();
    assert_eq!((info.author_name.as_str(), info.date_seconds), ("Ann", 1_700_000_123));
    assert_eq!(info.trailer("pinnace-pin"), Some("0123"));
    assert_eq!(
        bench.mirror.find_by_trailer("Pinnace-Pin", "0123", &head, &commit).await.unwrap(),
        Some(commit.clone())
    );
    assert_eq!(bench.mirror.find_by_trailer("Pinnace-Pin", "012", &head, &commit).await.unwrap(), None);
    assert_eq!(bench.mirror.find_by_trailer("Pinnace-Pin", "0123", &commit, &commit).await.unwrap(), None);
}

#[tokio::test]
async fn a_commit_can_take_files_out_of_the_tree() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n"), ("odd name \u{e9}.yaml", "b: 1\n"), ("kept.yaml", "c: 1\n")]).await;
    let head = bench.mirror.head();
    let mut draft = draft(&head, &[]);
    draft.removed = ["a.yaml".to_owned(), "odd name \u{e9}.yaml".to_owned()].into();
    let commit = bench.mirror.create_commit(&draft).await.unwrap();
    let left = bench.mirror.list_files(&commit, "").await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["kept.yaml"]);
}

#[tokio::test]
async fn a_push_on_a_head_that_moved_is_redone_on_the_new_one() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let head = bench.mirror.head();
    let commit = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let theirs = id(&bench.remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap());
    assert_eq!(bench.mirror.push(&commit, &head).await.unwrap(), PushOutcome::HeadMoved);
    assert_eq!(bench.remote.head().unwrap(), theirs.as_str());

    let head = bench.mirror.fetch().await.unwrap().head;
    let commit = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(bench.mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
    assert_eq!(bench.remote.file("b.yaml").unwrap(), "b: 1\n");
}

#[tokio::test]
async fn a_commit_that_does_not_stand_on_the_leased_head_is_never_pushed() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let old = bench.mirror.head();
    let commit = bench.mirror.create_commit(&draft(&old, &[("a.yaml", "a: 2\n")])).await.unwrap();
    bench.remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap();
    let new = bench.mirror.fetch().await.unwrap().head;
    // A lease on the new head would let git drop Bob's commit.
    let error = bench.mirror.push(&commit, &new).await.unwrap_err();
    assert!(matches!(error, MirrorError::NotOnExpected { .. }), "{error}");
    assert_eq!(bench.remote.head().unwrap(), new.as_str());
}

#[tokio::test]
async fn a_hook_that_refuses_is_quoted() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    bench.remote.install_hook("pre-receive", "echo 'no deploys on friday' >&2; exit 1").unwrap();
    let head = bench.mirror.head();
    let commit = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    let outcome = bench.mirror.push(&commit, &head).await.unwrap();
    let PushOutcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "pre-receive hook declined\nno deploys on friday");
    bench.remote.remove_hook("pre-receive").unwrap();
    assert_eq!(bench.mirror.push(&commit, &head).await.unwrap(), PushOutcome::Pushed);
}

#[tokio::test]
async fn a_force_push_stops_the_mirror_until_a_person_accepts_it() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let old = bench.mirror.head();
    let new = id(&bench.remote.rewrite_as(Person::BOB, &[("z.yaml", "z: 1\n")]).unwrap());
    for _ in 0..2 {
        let error = bench.mirror.fetch().await.unwrap_err();
        assert!(
            matches!(&error, MirrorError::HistoryRewritten { old: o, new: n, .. } if *o == old && *n == new),
            "{error}"
        );
    }
    assert_eq!(bench.mirror.head(), old);
    assert!(matches!(bench.mirror.accept_rewrite(&old).await, Err(MirrorError::NotTheRewrite { .. })));
    assert!(bench.mirror.accept_rewrite(&new).await.unwrap().rewritten);
    assert_eq!(bench.mirror.fetch().await.unwrap().head, new);
    // The old commits stay readable: a verified commit may be among them.
    assert_eq!(bench.mirror.read_files(&old, &["a.yaml"]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_branch_is_told_and_nothing_is_forgotten() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let old = bench.mirror.head();
    bench.remote.delete_branch().unwrap();
    let error = bench.mirror.fetch().await.unwrap_err();
    assert!(matches!(error, MirrorError::BranchMissing { .. }), "{error}");
    assert_eq!(bench.mirror.head(), old);
    let commit = bench.mirror.create_commit(&draft(&old, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(bench.mirror.push(&commit, &old).await.unwrap(), PushOutcome::HeadMoved);
}

#[tokio::test]
async fn eight_writers_lose_nothing_and_history_stays_linear() {
    let bench = Bench::file(&[("count", "0\n")]).await;
    let start = bench.mirror.head();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let mirror = bench.another_mirror(&format!("writer-{n}.git")).await;
        writers.spawn(async move {
            loop {
                let head = mirror.fetch().await.unwrap().head;
                let file = format!("apps/{n}.yaml");
                let commit = mirror.create_commit(&draft(&head, &[(&file, "v: 1\n")])).await.unwrap();
                match mirror.push(&commit, &head).await.unwrap() {
                    PushOutcome::Pushed => return commit,
                    PushOutcome::HeadMoved => {}
                    PushOutcome::Refused { reason } => panic!("{reason}"),
                }
            }
        });
    }
    let pushed = writers.join_all().await;
    let head = bench.mirror.fetch().await.unwrap().head;
    let log = bench.mirror.log_range(Some(&start), &head, "apps", 100).await.unwrap();
    assert_eq!(log.len(), 8);
    assert!(log.iter().all(|info| info.parents.len() == 1));
    assert!(pushed.iter().all(|commit| log.iter().any(|info| info.id == *commit)));
    assert_eq!(bench.mirror.list_files(&head, "apps").await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_branch_of_its_own_is_made_once_and_never_moved() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let (head, name) = (bench.mirror.head(), "pinnace/drift-shop-1".parse().unwrap());
    let first = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(bench.mirror.push_new_branch(&first, &name).await.unwrap(), NewBranch::Made);
    // The answer was lost, say: it is found there.
    assert_eq!(bench.mirror.push_new_branch(&first, &name).await.unwrap(), NewBranch::Made);
    let later = CommitDraft { date_seconds: 1_700_000_999, ..draft(&head, &[("a.yaml", "a: 2\n")]) };
    let same = bench.mirror.create_commit(&later).await.unwrap();
    assert_eq!(bench.mirror.push_new_branch(&same, &name).await.unwrap(), NewBranch::Taken { same: true });
    let other = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 3\n")])).await.unwrap();
    assert_eq!(bench.mirror.push_new_branch(&other, &name).await.unwrap(), NewBranch::Taken { same: false });
    assert_eq!(bench.remote.git(&["rev-parse", "refs/heads/pinnace/drift-shop-1"]).unwrap(), first.as_str());
    assert_eq!((bench.remote.head().unwrap(), bench.mirror.head()), (head.to_string(), head));
    bench.remote.install_hook("pre-receive", "echo no branches today; exit 1").unwrap();
    let refused = bench.mirror.push_new_branch(&other, &"pinnace/other".parse().unwrap()).await.unwrap();
    assert!(matches!(&refused, NewBranch::Refused { reason } if reason.contains("no branches today")), "{refused:?}");
}
