//! A process that is killed while it writes. What it was answered is there afterwards.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::parts::{announced, open};

const DIR: &str = "PINNACE_STORE_CRASH_DIR";

#[tokio::test]
async fn what_was_answered_survives_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    // Each life goes on where the one before was killed, with no look at how it left things.
    for _ in 0..3 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::one_that_is_killed", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ids = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("kept ")?.parse::<i64>().ok());
        answered.extend(ids.take(40));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(answered.len(), 120);
    let store = open(dir.path()).await;
    let kept: Vec<_> = store.builds(None, None, 10_000).await.unwrap().into_iter().map(|row| row.id.0).collect();
    for id in answered {
        assert!(kept.contains(&id), "build {id} was answered and is gone");
    }
    assert_eq!(kept.iter().max(), Some(&i64::try_from(kept.len()).unwrap()), "no number was lost or given twice");
}

#[tokio::test]
#[ignore = "runs in a process of its own, started by the test above"]
async fn one_that_is_killed() {
    let Ok(dir) = env::var(DIR) else { return };
    let store = open(Path::new(&dir)).await;
    let life = std::process::id();
    for n in 0.. {
        let receipt = store.receive(announced("shop", &format!("{life}-{n}"), n)).await.unwrap();
        writeln!(stdout(), "kept {}", receipt.build.0).unwrap();
    }
}
