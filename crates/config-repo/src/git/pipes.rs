//! Feeds and drains the three pipes of a child at once, so that none of them can block the others.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

pub(super) struct Pipes {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Pipes {
    pub(super) fn take(child: &mut Child) -> Self {
        Self { stdin: child.stdin.take(), stdout: child.stdout.take(), stderr: child.stderr.take() }
    }

    /// Gives standard output, standard error (its beginning), and whether standard output went over its bound.
    pub(super) async fn pump(
        self,
        input: &[u8],
        at_most: usize,
        errors_kept: usize,
    ) -> io::Result<(Vec<u8>, Vec<u8>, bool)> {
        let Self { stdin, stdout, stderr } = self;
        let feed = async {
            let Some(mut pipe) = stdin else { return Ok(()) };
            match pipe.write_all(input).await {
                // A child that does not read to the end says why by its exit status.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other,
            }
        };
        let out = read_bounded(stdout, at_most);
        let errors = read_and_drain(stderr, errors_kept);
        let both = async { tokio::try_join!(feed, errors) };
        tokio::pin!(out, both);
        // Over the bound there is no reason to wait for the other pipes: the caller kills the child.
        tokio::select! {
            out = &mut out => {
                let (stdout, over) = out?;
                if over { return Ok((stdout, Vec::new(), true)); }
                let ((), stderr) = both.await?;
                Ok((stdout, stderr, false))
            }
            both = &mut both => {
                let ((), stderr) = both?;
                let (stdout, over) = out.await?;
                Ok((stdout, stderr, over))
            }
        }
    }
}

async fn read_bounded(pipe: Option<impl AsyncRead + Unpin>, at_most: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let Some(pipe) = pipe else { return Ok((bytes, false)) };
    let one_more = u64::try_from(at_most).unwrap_or(u64::MAX).saturating_add(1);
    pipe.take(one_more).read_to_end(&mut bytes).await?;
    let over = bytes.len() > at_most;
    bytes.truncate(at_most);
    Ok((bytes, over))
}

async fn read_and_drain(pipe: Option<impl AsyncRead + Unpin>, kept: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(bytes) };
    let mut chunk = vec![0; 8192];
    loop {
        let read = pipe.read(&mut chunk).await?;
        if read == 0 {
            return Ok(bytes);
        }
        let room = kept.saturating_sub(bytes.len()).min(read);
        bytes.extend(chunk.iter().take(room));
    }
}
