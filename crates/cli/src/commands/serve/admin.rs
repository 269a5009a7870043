//! The server's door for whoever owns its data folder: a socket in it, by which one-time sign-in links are made and the
//! demo asks whether all agree. The rights of the folder (0700) are the lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use control::Control;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const SOCKET: &str = "admin.sock";
const LONGEST_LINE: u64 = 300;
const WITHIN: Duration = Duration::from_secs(15);

fn path(data: &Path) -> PathBuf {
    data.join("db").join(SOCKET)
}

/// Answers on the socket until the task is aborted.
pub(crate) fn listen(data: &Path, control: Control) -> anyhow::Result<JoinHandle<()>> {
    let path = path(data);
    // What a killed server left behind; a running one would hold the database's lock.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("listening on {}", path.display()))?;
    Ok(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let control = control.clone();
            tokio::spawn(async move {
                if tokio::time::timeout(WITHIN, answer(stream, &control)).await.is_err() {
                    tracing::warn!("somebody at the admin socket said nothing");
                }
            });
        }
    }))
}

async fn answer(stream: UnixStream, control: &Control) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(LONGEST_LINE).read_line(&mut line).await?;
    let said = match line.trim().split_once(' ') {
        Some(("sign-in", person)) => sign_in(control, person).await,
        Some(("disagreements", instance)) => disagreements(control, instance).await,
        Some(("newest-pin", instance)) => newest_pin(control, instance).await,
        _ => Err(anyhow::anyhow!("unknown request")),
    };
    let said = match said {
        Ok(answer) => format!("ok {answer}\n"),
        Err(error) => format!("error {error:#}\n"),
    };
    stream.get_mut().write_all(said.as_bytes()).await
}

/// What git, cluster and database do not agree about, in one line.
async fn disagreements(control: &Control, instance: &str) -> anyhow::Result<String> {
    let found = control.disagreements(&instance.parse()?).await;
    Ok(if found.is_empty() { "none".to_owned() } else { found.join("; ") })
}

/// The newest pin of an instance, and what is verified there, as one line of JSON.
async fn newest_pin(control: &Control, instance: &str) -> anyhow::Result<String> {
    let id = instance.parse()?;
    let view = control.instance_view(&id).await?;
    let mut shown = serde_json::json!({"verified": view.state.verified.map(|verified| verified.commit)});
    if let Some(pin) = control.pins(Some(&id), None).await?.into_iter().next() {
        shown["number"] = pin.number.0.into();
        shown["version"] = pin.build.version().into();
        shown["stage"] = pin.stage.name().into();
        shown["ended"] = pin.ended().into();
        shown["headline"] = chat::wording::headline(&pin).into();
        shown["sentence"] = chat::wording::sentence(&pin).into();
    }
    Ok(shown.to_string())
}

async fn sign_in(control: &Control, person: &str) -> anyhow::Result<String> {
    let name = person.parse()?;
    if control.config().person(&name).is_none() {
        bail!("there is no `{name}` under `people:` in pinnace.yaml; add them, or name somebody who is there");
    }
    Ok(server::sign_in_link(control, &name).await?)
}

/// Asks the server that owns this data folder.
pub(crate) async fn ask(data: &Path, request: &str) -> anyhow::Result<String> {
    let path = path(data);
    let asked = async {
        let mut stream = UnixStream::connect(&path).await.with_context(|| {
            format!("no server answers at {}: is `pinnace serve` running with this --data?", path.display())
        })?;
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        anyhow::Ok(said)
    };
    let said = tokio::time::timeout(WITHIN, asked).await.context("the server did not answer in time")??;
    match said.trim().split_once(' ') {
        Some(("ok", answer)) => Ok(answer.to_owned()),
        Some((_, why)) => bail!("{why}"),
        None => bail!("the server's answer can't be read"),
    }
}
