//! A process of the test cluster that says with one line on stdout that it is ready and ends when its stdin does.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::devcluster::DevClusterError;

/// The running process; dropped, it is ended and waited for.
#[derive(Debug)]
pub(crate) struct Supervised {
    child: Option<Child>,
}

impl Supervised {
    /// Starts `program` and waits for its first line.
    pub(crate) async fn start(
        program: &Path,
        arguments: &[String],
        environment: &[(&str, &str)],
        log: &Path,
        limit: Duration,
    ) -> Result<(Self, String), DevClusterError> {
        let folder = log.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(DevClusterError::io(format!("make {}", folder.display())))?;
        let stderr = File::create(log).map_err(DevClusterError::io(format!("make {}", log.display())))?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // Its own group, so that Ctrl-C reaches us first and we end it in order.
            .process_group(0)
            .spawn()
            .map_err(DevClusterError::io(format!("start {}", program.display())))?;
        let stdout = child.stdout.take();
        let this = Self { child: Some(child) };
        let first_line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
            line
        });
        let line = tokio::time::timeout(limit, first_line).await.ok().and_then(Result::ok).unwrap_or_default();
        if line.trim().is_empty() {
            drop(this);
            return Err(DevClusterError::Start { output: fs::read_to_string(log).unwrap_or_default() });
        }
        Ok((this, line))
    }

    /// Lets the process go on when this value is dropped. It must have been told not to heed its stdin.
    pub(crate) fn leave_running(mut self) {
        self.child.take();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        drop(child.stdin.take());
        let patience = Instant::now() + Duration::from_secs(5);
        while Instant::now() < patience {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Its children die with it: they asked the kernel for that.
        let _ = child.kill();
        let _ = child.wait();
    }
}
