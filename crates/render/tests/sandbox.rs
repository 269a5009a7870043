//! What an engine can do in its room, and what not: a probe is run in the place of one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by it what is broken")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use render::engine::{ChildProgram, Job, Limits, RunError, run};
use tempfile::TempDir;

/// A room with one file in its source, and one file of somebody else outside.
struct Room {
    folder: TempDir,
    limits: Limits,
}

impl Room {
    fn new() -> Self {
        let folder = TempDir::with_prefix("pinnace-room-").unwrap();
        for (path, text) in [("source/web.yaml", "kind: Deployment"), ("outside/secret", "hunter2")] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self { folder, limits: Limits { seconds: 20, ..Limits::default() } }
    }

    fn limited(limits: Limits) -> Self {
        Self { limits, ..Self::new() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    async fn attempt(&self, what: &str, on: impl AsRef<Path>) -> Result<String, RunError> {
        let child = ChildProgram { program: env!("CARGO_BIN_EXE_render-child").into(), args: Vec::new() };
        let job = Job {
            program: env!("CARGO_BIN_EXE_render-probe").into(),
            args: vec![what.to_owned(), on.as_ref().display().to_string()],
            source: self.path("source"),
            home: self.path("home"),
            limits: self.limits,
            unconfined: false,
        };
        run(&child, &job).await.map(|output| String::from_utf8_lossy(&output).into_owned())
    }

    /// Asserts that the probe was told "not permitted" or "no such thing to you", and not that it failed otherwise.
    async fn refuses(&self, what: &str, on: impl AsRef<Path>) {
        let on = on.as_ref();
        match self.attempt(what, on).await {
            Err(RunError::Refused(words)) => assert!(
                // The last is how Landlock refuses a link to a file elsewhere.
                ["ermission denied", "not permitted", "cross-device"].iter().any(|no| words.contains(no)),
                "{what} {}: {words}",
                on.display()
            ),
            other => panic!("{what} {}: {other:?}", on.display()),
        }
    }
}

#[tokio::test]
async fn the_source_can_be_read_and_the_home_can_be_written() {
    let room = Room::new();
    assert_eq!(room.attempt("read", room.path("source/web.yaml")).await.unwrap(), "kind: Deployment");
    assert_eq!(room.attempt("list", room.path("source")).await.unwrap(), "1");
    assert_eq!(room.attempt("write-home", "10").await.unwrap(), "written");
    assert_eq!(room.attempt("thread", "").await.unwrap(), "threaded");
}

#[tokio::test]
async fn no_file_outside_can_be_read_changed_or_linked() {
    let room = Room::new();
    let (secret, link) = (room.path("outside/secret"), room.path("source/link"));
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    for path in [secret.as_path(), &link, Path::new("/etc/passwd"), Path::new("/proc/self/environ")] {
        room.refuses("read", path).await;
    }
    room.refuses("list", "/").await;
    room.refuses("list", room.path("outside")).await;
    for what in ["write", "truncate", "chmod", "link"] {
        room.refuses(what, &secret).await;
    }
    assert_eq!(std::fs::read_to_string(secret).unwrap(), "hunter2");
}

#[tokio::test]
async fn the_source_can_not_be_changed() {
    let room = Room::new();
    for what in ["write", "truncate", "chmod"] {
        room.refuses(what, room.path("source/web.yaml")).await;
    }
    room.refuses("write", room.path("source/new.yaml")).await;
}

#[tokio::test]
async fn there_is_no_network() {
    let room = Room::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    room.refuses("connect", listener.local_addr().unwrap().to_string()).await;
    room.refuses("datagram", "").await;
    let socket = room.path("source/socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    room.refuses("unix", socket).await;
}

#[tokio::test]
async fn no_other_program_can_be_started() {
    let room = Room::new();
    let script = room.path("home/run.sh");
    std::fs::write(&script, "#!/bin/sh\necho ran\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for program in [Path::new("/bin/sh"), Path::new("/usr/bin/git"), &script] {
        room.refuses("run", program).await;
        room.refuses("become", program).await;
    }
}

#[tokio::test]
async fn other_processes_are_out_of_reach() {
    let room = Room::new();
    room.refuses("signal", std::process::id().to_string()).await;
    room.refuses("leave-group", "").await;
}

#[tokio::test]
async fn the_environment_holds_nothing_of_the_server() {
    let room = Room::new();
    let mut names: Vec<_> = room.attempt("environment", "").await.unwrap().lines().map(str::to_owned).collect();
    names.sort();
    let known = ["GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "HELM_PLUGINS", "HOME", "LC_ALL", "TMPDIR", "TZ"];
    assert_eq!(names, [known.as_slice(), &["XDG_CONFIG_HOME"]].concat());
}

#[tokio::test]
async fn who_wants_too_much_memory_is_ended_and_told_so() {
    let room = Room::limited(Limits { memory: 64 << 20, seconds: 20, ..Limits::default() });
    assert_eq!(room.attempt("eat", "1000000").await.unwrap(), "1000000");
    let error = room.attempt("eat", (256 << 20).to_string()).await.unwrap_err();
    assert_eq!(error, RunError::TooMuchMemory { bytes: 64 << 20 });
    assert!(error.is_content());
}

#[tokio::test]
async fn who_works_or_waits_too_long_is_ended_and_told_so() {
    let room = Room::limited(Limits { cpu_seconds: 1, seconds: 20, ..Limits::default() });
    assert_eq!(room.attempt("spin", "").await.unwrap_err(), RunError::TooMuchWork { seconds: 1 });
    let room = Room::limited(Limits { seconds: 1, ..Limits::default() });
    let begun = Instant::now();
    assert_eq!(room.attempt("hang", "").await.unwrap_err(), RunError::TooSlow { seconds: 1 });
    assert!(begun.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn who_says_or_writes_too_much_is_ended_and_told_so() {
    let room = Room::limited(Limits { output_bytes: 1000, file_bytes: 1000, open_files: 20, ..Limits::default() });
    assert_eq!(room.attempt("say", "1000").await.unwrap().len(), 1000);
    assert_eq!(room.attempt("say", "1002").await.unwrap_err(), RunError::TooLong { bytes: 1000 });
    assert_eq!(room.attempt("say", "100000000").await.unwrap_err(), RunError::TooLong { bytes: 1000 });
    assert_eq!(room.attempt("write-home", "1000").await.unwrap(), "written");
    // The signal that ends it depends on what the engine does about it.
    assert!(room.attempt("write-home", "1001").await.is_err());
    assert!(matches!(room.attempt("open", "20").await.unwrap_err(), RunError::Refused(_)));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let room = Room::new();
    let child = ChildProgram { program: env!("CARGO_BIN_EXE_render-child").into(), args: Vec::new() };
    let job = Job {
        program: room.path("nothing"),
        args: Vec::new(),
        source: room.path("source"),
        home: room.path("home"),
        limits: room.limits,
        unconfined: false,
    };
    let error = run(&child, &job).await.unwrap_err();
    assert!(matches!(&error, RunError::NotStarted(why) if why.contains("/nothing: ")), "{error}");
    assert!(!error.is_content());
}
