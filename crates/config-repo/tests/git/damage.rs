//! Disks that forget, processes that were killed, and mirrors that open again.

use std::fs;
use std::path::{Path, PathBuf};

use config_repo::{Credentials, Mirror, MirrorError};
use testkit::Person;

use crate::common::{Bench, draft, id, limits, open, try_open};

/// Closes the mirror and gives what is needed to open it again.
fn closed(bench: Bench) -> (tempfile::TempDir, testkit::GitRemote, PathBuf) {
    let Bench { room, remote, mirror } = bench;
    drop(mirror);
    let dir = room.path().join("mirror.git");
    (room, remote, dir)
}

fn objects_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(objects_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[tokio::test]
async fn a_healthy_mirror_opens_again_without_the_remote() {
    let (room, remote, _) = closed(Bench::file(&[("a.yaml", "a: 1\n")]).await);
    let (url, head) = (remote.file_url(), remote.head().unwrap());
    drop(remote);
    let mirror = open(&room, &url, Credentials::none()).await;
    assert_eq!(mirror.head(), id(&head));
    let error = mirror.fetch().await.unwrap_err();
    assert!(matches!(error, MirrorError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_mirror_has_one_owner() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let error = try_open(&bench.room, &bench.remote.file_url(), Credentials::none()).await.unwrap_err();
    assert!(matches!(error, MirrorError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_mirror_that_lost_its_objects_is_cloned_again() {
    let (room, remote, dir) = closed(Bench::file(&[("a.yaml", "a: 1\n")]).await);
    for object in objects_below(&dir.join("objects")) {
        fs::remove_file(object).unwrap();
    }
    let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
    assert_eq!(mirror.read_files(&mirror.head(), &["a.yaml"]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mirror_whose_files_were_cut_short_is_cloned_again() {
    for victim in ["HEAD", "config", "refs/pinnace/accepted/main"] {
        let (room, remote, dir) = closed(Bench::file(&[("a.yaml", "a: 1\n")]).await);
        fs::write(dir.join(victim), "").unwrap();
        let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
        assert_eq!(mirror.head().as_str(), remote.head().unwrap(), "{victim}");
    }
}

#[tokio::test]
async fn damage_while_open_is_healed_by_the_next_fetch() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let dir = bench.room.path().join("mirror.git");
    for object in objects_below(&dir.join("objects")) {
        fs::remove_file(object).unwrap();
    }
    let head = bench.mirror.head();
    assert!(bench.mirror.read_files(&head, &[""]).await.is_err());
    bench.remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap();
    let head = bench.mirror.fetch().await.unwrap().head;
    assert_eq!(bench.mirror.read_files(&head, &[""]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_rewrite_can_not_hide_behind_a_damaged_disk() {
    let (room, remote, dir) = closed(Bench::file(&[("a.yaml", "a: 1\n")]).await);
    let old = id(&remote.head().unwrap());
    let new = id(&remote.rewrite_as(Person::BOB, &[("z.yaml", "z: 1\n")]).unwrap());
    fs::remove_dir_all(dir.join("objects")).unwrap();
    for _ in 0..2 {
        let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
        assert_eq!(mirror.head(), old);
        let error = mirror.fetch().await.unwrap_err();
        assert!(matches!(error, MirrorError::HistoryRewritten { .. }), "{error}");
    }
    let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
    mirror.fetch().await.unwrap_err();
    mirror.accept_rewrite(&new).await.unwrap();
    assert_eq!(mirror.fetch().await.unwrap().head, new);
    drop(mirror);
    assert_eq!(open(&room, &remote.file_url(), Credentials::none()).await.head(), new);
}

#[tokio::test]
async fn a_rewrite_that_was_not_accepted_is_still_one_after_a_restart() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    bench.remote.rewrite_as(Person::BOB, &[("z.yaml", "z: 1\n")]).unwrap();
    let old = bench.mirror.head();
    bench.mirror.fetch().await.unwrap_err();
    let (room, remote, _) = closed(bench);
    let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
    assert_eq!(mirror.head(), old);
    assert!(matches!(mirror.fetch().await, Err(MirrorError::HistoryRewritten { .. })));
}

#[tokio::test]
async fn stale_lock_files_of_a_killed_git_are_no_obstacle() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let dir = bench.room.path().join("mirror.git");
    let locks = ["packed-refs.lock", "HEAD.lock", "refs/pinnace/fetched/main.lock", "refs/pinnace/accepted/main.lock"];
    for lock in locks {
        fs::write(dir.join(lock), "").unwrap();
    }
    let theirs = bench.remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap();
    assert_eq!(bench.mirror.fetch().await.unwrap().head.as_str(), theirs);
    for lock in locks {
        fs::write(dir.join(lock), "").unwrap();
    }
    let head = bench.mirror.head();
    let commit = bench.mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    bench.mirror.push(&commit, &head).await.unwrap();
    assert_eq!(bench.mirror.head(), commit);
}

#[tokio::test]
async fn what_stands_in_the_mirrors_own_files_runs_nothing() {
    let (room, remote, dir) =
        closed(Bench::file(&[("a.yaml", "a: 1\n"), (".gitattributes", "* filter=evil diff=evil\n")]).await);
    let proof = room.path().join("owned");
    let touch = format!("touch {}", proof.display());
    let hooks = dir.join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["reference-transaction", "pre-push", "post-index-change", "fsmonitor"] {
        let path = hooks.join(hook);
        fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let evil = format!(
        "[core]\nbare = true\nrepositoryformatversion = 0\nfsmonitor = {touch}\nhooksPath = {0}\n[filter \"evil\"]\n\
         clean = {touch}\nsmudge = {touch}\n[diff]\nexternal = {touch}\n[diff \"evil\"]\ncommand = {touch}\ntextconv = {touch}\n",
        hooks.display()
    );
    fs::write(dir.join("config"), evil).unwrap();
    let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
    remote.commit_as(Person::BOB, "b.yaml", "b: 1\n").unwrap();
    let head = mirror.fetch().await.unwrap().head;
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    mirror.diff(&head, &commit, "").await.unwrap();
    mirror.push(&commit, &head).await.unwrap();
    assert!(!proof.exists());
}

#[tokio::test]
async fn a_remote_with_sha256_ids_works_too() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let dir = bench.room.path().join("sha256.git");
    let text = dir.to_string_lossy().into_owned();
    bench.remote.git(&["init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", &text]).unwrap();
    let tree = bench.remote.git(&["--git-dir", &text, "hash-object", "-t", "tree", "-w", "/dev/null"]).unwrap();
    let who = ["-c", "user.name=Ann", "-c", "user.email=a@x"];
    let mut args = vec!["--git-dir", text.as_str()];
    args.extend(who);
    args.extend(["commit-tree", &tree, "-m", "Seed"]);
    let commit = bench.remote.git(&args).unwrap();
    bench.remote.git(&["--git-dir", &text, "update-ref", "refs/heads/main", &commit]).unwrap();
    let url = format!("file://{text}").parse().unwrap();
    let mirror =
        Mirror::open(&bench.room.path().join("m256"), url, "main".parse().unwrap(), Credentials::none(), limits())
            .await
            .unwrap();
    let head = mirror.head();
    assert_eq!(head.as_str(), commit);
    let commit = mirror.create_commit(&draft(&head, &[("a.yaml", "a: 2\n")])).await.unwrap();
    assert_eq!(mirror.push(&commit, &head).await.unwrap(), config_repo::PushOutcome::Pushed);
}

#[tokio::test]
async fn packs_do_not_pile_up() {
    let remote = testkit::GitRemote::bare(&[("a.yaml", "a: 0\n")]).unwrap();
    let room = tempfile::TempDir::new().unwrap();
    let limits = config_repo::Limits { fetches_per_packing: 1, ..limits() };
    let mirror = crate::common::try_open_within(&room, &remote.file_url(), Credentials::none(), limits).await.unwrap();
    let draft = draft(&mirror.head(), &[("b.yaml", "b: 1\n")]);
    let waiting = mirror.create_commit(&draft).await.unwrap();
    for n in 1..=22 {
        remote.commit_as(Person::BOB, "a.yaml", &format!("a: {n}\n")).unwrap();
        mirror.fetch().await.unwrap();
    }
    let packs = objects_below(&room.path().join("mirror.git/objects/pack"));
    let packs = packs.iter().filter(|file| file.extension().is_some_and(|ext| ext == "pack")).count();
    assert!(packs < 20, "{packs}");
    assert_eq!(mirror.read_files(&mirror.head(), &["a.yaml"]).await.unwrap()["a.yaml"], b"a: 22\n");
    assert_eq!(mirror.commit_info(&waiting).await.unwrap().id, waiting);
}

#[tokio::test]
async fn a_repository_over_the_limit_is_told_and_leaves_nothing_behind() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let noise: String = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let room = tempfile::TempDir::new().unwrap();
    let limits = config_repo::Limits { pack_bytes: 100_000, ..limits() };
    let mirror =
        crate::common::try_open_within(&room, &bench.remote.file_url(), Credentials::none(), limits).await.unwrap();
    let head = bench.remote.commit_as(Person::BOB, "noise", &noise).unwrap();
    for _ in 0..2 {
        let error = mirror.fetch().await.unwrap_err();
        assert!(matches!(error, MirrorError::RepositoryTooBig { .. }), "{error}");
    }
    let packs = objects_below(&room.path().join("mirror.git/objects/pack"));
    let leftovers = packs.iter().filter(|file| file.to_string_lossy().contains("tmp_")).count();
    assert!(leftovers <= 1, "{packs:?}");
    assert_eq!(bench.mirror.fetch().await.unwrap().head.as_str(), head);
}

#[tokio::test]
async fn a_rewrite_can_not_hide_behind_a_death_between_two_renames() {
    let (room, remote, dir) = closed(Bench::file(&[("a.yaml", "a: 1\n")]).await);
    let old = id(&remote.head().unwrap());
    remote.rewrite_as(Person::BOB, &[("z.yaml", "z: 1\n")]).unwrap();
    fs::rename(&dir, room.path().join("mirror.git.broken")).unwrap();
    let mirror = open(&room, &remote.file_url(), Credentials::none()).await;
    assert_eq!(mirror.head(), old);
    assert!(matches!(mirror.fetch().await, Err(MirrorError::HistoryRewritten { .. })));
}
