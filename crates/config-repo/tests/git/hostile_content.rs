//! Content of the config repo, and drafts, that must not get through.

use config_repo::{Credentials, Limits, MirrorError};
use tempfile::TempDir;
use testkit::{GitRemote, Person};

use crate::common::{Bench, draft, id, try_open_within};

#[tokio::test]
async fn links_and_submodules_are_refused_with_their_path() {
    for (mode, what) in [("120000", "symbolic link"), ("160000", "submodule")] {
        let bench = Bench::file(&[("apps/shop/a.yaml", "a: 1\n"), ("other/b.yaml", "b: 1\n")]).await;
        bench.remote.commit_entry(Person::BOB, mode, "apps/shop/evil", "/etc/passwd").unwrap();
        let head = bench.mirror.fetch().await.unwrap().head;
        for error in [
            bench.mirror.read_files(&head, &["apps/shop"]).await.unwrap_err(),
            bench.mirror.list_files(&head, "apps/shop/evil").await.unwrap_err(),
            bench.mirror.create_commit(&draft(&head, &[("apps/shop/evil", "x")])).await.unwrap_err(),
        ] {
            let told =
                matches!(&error, MirrorError::NotAFile { path, what: w } if path == "apps/shop/evil" && *w == what);
            assert!(told, "{error}");
        }
        // Outside the path that is read, it is nobody's business.
        assert_eq!(bench.mirror.read_files(&head, &["other"]).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_link_on_the_way_is_told_and_not_taken_for_an_empty_directory() {
    let bench = Bench::file(&[("real/shop/a.yaml", "a: 1\n")]).await;
    bench.remote.commit_entry(Person::BOB, "120000", "apps", "real").unwrap();
    let head = bench.mirror.fetch().await.unwrap().head;
    let error = bench.mirror.list_files(&head, "apps/shop").await.unwrap_err();
    assert!(matches!(&error, MirrorError::NotAFile { path, .. } if path == "apps"), "{error}");
    assert!(bench.mirror.create_commit(&draft(&head, &[("apps/shop/a.yaml", "x")])).await.is_err());
    assert_eq!(bench.mirror.list_files(&head, "nowhere/at/all").await.unwrap(), Vec::new());
}

#[tokio::test]
async fn each_limit_is_an_error_that_names_what_is_too_big() {
    let remote = GitRemote::bare(&[("a/big", "123456"), ("b/1", "1234"), ("b/2", "1234"), ("b/3", "1234")]).unwrap();
    let room = TempDir::new().unwrap();
    let limits = Limits { file_bytes: 5, total_bytes: 8, files: 2, ..Limits::default() };
    let mirror = try_open_within(&room, &remote.file_url(), Credentials::none(), limits).await.unwrap();
    let head = mirror.head();
    let error = mirror.read_files(&head, &["a"]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`a/big` is too big: 6 bytes, at most 5 are read; move it out of the configured path"
    );
    let error = mirror.list_files(&head, "b").await.unwrap_err();
    assert!(matches!(&error, MirrorError::TooMuch { path, limit: 2, unit: "files" } if path == "b"), "{error}");
    assert_eq!(mirror.read_files(&head, &["b/1", "b/2"]).await.unwrap().len(), 2);
    let error = mirror.read_files(&head, &["b/1", "b/2", "b/3"]).await.unwrap_err();
    assert!(matches!(error, MirrorError::TooMuch { .. }), "{error}");
    let error = mirror.create_commit(&draft(&head, &[("b/1", "123456")])).await.unwrap_err();
    assert!(matches!(error, MirrorError::TooBig { .. }), "{error}");
}

#[tokio::test]
async fn paths_that_leave_the_tree_never_reach_git() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    let head = bench.mirror.head();
    for path in ["../x", "/etc/passwd", "a/../../b", ".git/config", "a\nb"] {
        assert!(matches!(bench.mirror.list_files(&head, path).await, Err(MirrorError::BadPath { .. })), "{path:?}");
        assert!(matches!(bench.mirror.tree_id(&head, path).await, Err(MirrorError::BadPath { .. })), "{path:?}");
        assert!(matches!(bench.mirror.diff(&head, &head, path).await, Err(MirrorError::BadPath { .. })), "{path:?}");
        let draft = draft(&head, &[(path, "x")]);
        assert!(matches!(bench.mirror.create_commit(&draft).await, Err(MirrorError::BadPath { .. })), "{path:?}");
    }
}

#[tokio::test]
async fn paths_that_look_like_options_or_patterns_are_taken_as_they_are() {
    let odd = ["--output=x", ":(top)y", "*", "-r", "with space"];
    let files: Vec<(&str, &str)> = odd.iter().map(|path| (*path, "v: 1\n")).collect();
    let bench = Bench::file(&files).await;
    let head = bench.mirror.head();
    for path in odd {
        assert_eq!(bench.mirror.read_files(&head, &[path]).await.unwrap().len(), 1, "{path}");
        assert!(bench.mirror.tree_id(&head, path).await.unwrap().is_some(), "{path}");
        assert_eq!(bench.mirror.log_range(None, &head, path, 10).await.unwrap().len(), 1, "{path}");
        let commit = bench.mirror.create_commit(&draft(&head, &[(path, "v: 2\n")])).await.unwrap();
        assert!(bench.mirror.diff(&head, &commit, path).await.unwrap().contains("+v: 2"), "{path}");
    }
}

#[tokio::test]
async fn a_draft_that_makes_no_sound_commit_is_refused_with_the_reason() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n"), ("dir/b.yaml", "b: 1\n")]).await;
    let head = bench.mirror.head();
    let good = draft(&head, &[("a.yaml", "a: 2\n")]);
    let mut drafts = vec![draft(&head, &[]), draft(&head, &[("dir", "x")]), draft(&head, &[("a.yaml/x", "x")])];
    for evil in ["Ann <evil@x>", "", "Ann\nparent x", ".,"] {
        let mut draft = good.clone();
        evil.clone_into(&mut draft.author.name);
        drafts.push(draft);
    }
    for message in ["", " \n", "a\0b"] {
        let mut draft = good.clone();
        message.clone_into(&mut draft.message);
        drafts.push(draft);
    }
    for draft in drafts {
        let error = bench.mirror.create_commit(&draft).await.unwrap_err();
        assert!(matches!(error, MirrorError::Draft { .. } | MirrorError::NotAFile { .. }), "{draft:?}: {error}");
    }
    let same = draft(&head, &[("a.yaml", "a: 1\n")]);
    assert!(matches!(bench.mirror.create_commit(&same).await, Err(MirrorError::NothingToCommit { .. })));
    let nowhere = draft(&id(&"0".repeat(39).chars().chain(['1']).collect::<String>()), &[("a.yaml", "a: 2\n")]);
    assert!(matches!(bench.mirror.create_commit(&nowhere).await, Err(MirrorError::UnknownCommit { .. })));
}

#[tokio::test]
async fn an_executable_stays_executable_and_other_files_stay_untouched() {
    let bench = Bench::file(&[("a.yaml", "a: 1\n")]).await;
    bench.remote.commit_entry(Person::BOB, "100755", "run.sh", "#!/bin/sh\n").unwrap();
    let head = bench.mirror.fetch().await.unwrap().head;
    let commit =
        bench.mirror.create_commit(&draft(&head, &[("run.sh", "#!/bin/sh\nexit\n"), ("n/e/w", "1")])).await.unwrap();
    let files = bench.mirror.list_files(&commit, "").await.unwrap();
    let modes: Vec<(&str, &str)> = files.iter().map(|file| (file.path.as_str(), file.mode.as_str())).collect();
    assert_eq!(modes, [("a.yaml", "100644"), ("n/e/w", "100644"), ("run.sh", "100755")]);
    assert_eq!(
        bench.mirror.tree_id(&head, "a.yaml").await.unwrap(),
        bench.mirror.tree_id(&commit, "a.yaml").await.unwrap()
    );
    assert_eq!(bench.mirror.tree_id(&commit, "gone").await.unwrap(), None);
}

#[tokio::test]
async fn files_of_any_bytes_come_and_go_unchanged() {
    let bench =
        Bench::file(&[("a", "x\r\ny\r\n"), ("empty", ""), (".gitattributes", "* text=auto eol=lf filter=evil\n")])
            .await;
    let head = bench.mirror.head();
    let mut draft = draft(&head, &[]);
    let bytes: Vec<u8> = (0..=255).chain(*b"\r\n\n").collect();
    draft.files.insert("binary".to_owned(), bytes.clone());
    draft.files.insert("crlf".to_owned(), b"a\r\nb\r\n".to_vec());
    let commit = bench.mirror.create_commit(&draft).await.unwrap();
    let files = bench.mirror.read_files(&commit, &[""]).await.unwrap();
    assert_eq!(files["binary"], bytes);
    assert_eq!(files["crlf"], b"a\r\nb\r\n");
    assert_eq!(files["a"], b"x\r\ny\r\n");
    assert_eq!(files["empty"], b"");
}

#[tokio::test]
async fn a_long_diff_is_cut_and_says_so() {
    let remote = GitRemote::bare(&[("a", "1\n")]).unwrap();
    let room = TempDir::new().unwrap();
    let limits = Limits { diff_bytes: 1000, ..Limits::default() };
    let mirror = try_open_within(&room, &remote.file_url(), Credentials::none(), limits).await.unwrap();
    let head = mirror.head();
    let long = "a line of text\n".repeat(100_000);
    let commit = mirror.create_commit(&draft(&head, &[("a", &long)])).await.unwrap();
    let diff = mirror.diff(&head, &commit, "").await.unwrap();
    assert!(diff.len() < 1100 && diff.ends_with("(the rest is left out: longer than 1000 bytes)\n"), "{diff}");
}

#[tokio::test]
async fn texts_of_commits_are_told_apart_whatever_they_hold() {
    let bench = Bench::file(&[("a", "1\n")]).await;
    let head = bench.mirror.head();
    let mut first = draft(&head, &[("a", "2\n")]);
    first.message =
        format!("{}\n\nbody: not a trailer\n\nPinnace-Pin: 1\nCo-Authored-By: Bob <b@x>\n", "s".repeat(900));
    let first = bench.mirror.create_commit(&first).await.unwrap();
    let info = bench.mirror.commit_info(&first).await.unwrap();
    assert_eq!(info.subject.len(), 500);
    assert_eq!(
        info.trailers,
        [("Pinnace-Pin".to_owned(), "1".to_owned()), ("Co-Authored-By".to_owned(), "Bob <b@x>".to_owned())]
    );
    assert_eq!(info.parents, std::slice::from_ref(&head));
    let mut second = draft(&first, &[("a", "3\n")]);
    second.message = "no trailers: here\nPinnace-Pin: 2\n".to_owned();
    let second = bench.mirror.create_commit(&second).await.unwrap();
    let log = bench.mirror.log_range(Some(&head), &second, "a", 10).await.unwrap();
    assert_eq!(log.iter().map(|info| &info.id).collect::<Vec<_>>(), [&second, &first]);
    assert_eq!(bench.mirror.log_range(None, &second, "", 1).await.unwrap().len(), 1);
    assert_eq!(bench.mirror.find_by_trailer("Pinnace-Pin", "1", &head, &second).await.unwrap(), Some(first));
}
