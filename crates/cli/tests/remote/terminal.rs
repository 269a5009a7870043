//! A terminal at which somebody types commands.

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

pub(crate) const PINNACE: &str = env!("CARGO_BIN_EXE_pinnace");

/// A terminal with a home of its own.
pub(crate) struct Terminal {
    pub(crate) home: tempfile::TempDir,
}

impl Terminal {
    pub(crate) async fn logged_in(link: &str) -> Self {
        let terminal = Self { home: tempfile::tempdir().unwrap() };
        let login = terminal.typed(&["login"], link).await;
        assert_eq!(code(&login), 0, "{login:?}");
        terminal
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        self.typed(args, "").await
    }

    pub(crate) async fn typed(&self, args: &[&str], text: &str) -> Output {
        let mut child = tokio::process::Command::new(PINNACE)
            .args(args)
            .env_clear()
            .env("XDG_CONFIG_HOME", self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).await.unwrap();
        drop(stdin);
        child.wait_with_output().await.unwrap()
    }

    pub(crate) async fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[args, &["--output", "json"]].concat()).await;
        assert_eq!(code(&said), 0, "{said:?}");
        serde_json::from_slice(&said.stdout).unwrap()
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
