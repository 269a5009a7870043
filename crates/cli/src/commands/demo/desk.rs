//! The demo that people press: the page, and buttons that break things.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::stage::{NAMESPACE, Stage};
use super::transcript::Transcript;

/// What the remote says while git is cut.
const REFUSAL: &str =
    "#!/bin/sh\necho 'git was cut by the demo: this remote takes nothing until it is mended' >&2\nexit 1\n";

/// Prints where to look, and does what is pressed until the caller drops it.
pub(super) async fn open(mut stage: Stage, transcript: &mut Transcript) -> anyhow::Result<ExitCode> {
    stage.build(true).await?;
    let link = stage.server.sign_in_link("ann").await?;
    transcript.scene("A new build of the shop is waiting. Open this page and press Approve:");
    transcript.say(&link);
    transcript.say("Ctrl-C ends the demo and leaves nothing behind");
    let listener = UnixListener::bind(&stage.desk).context("opening the desk")?;
    loop {
        let (stream, _) = listener.accept().await?;
        if let Err(error) = serve(stream, &mut stage, transcript).await {
            transcript.say(&format!("a button was lost: {error:#}"));
        }
    }
}

/// One button: its name in, `ok` or what went wrong out.
async fn serve(stream: UnixStream, stage: &mut Stage, transcript: &mut Transcript) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut button = String::new();
    (&mut stream).take(100).read_line(&mut button).await?;
    let answer = match press(stage, button.trim()).await {
        Ok(said) => {
            transcript.say(&said);
            "ok".to_owned()
        }
        Err(error) => {
            transcript.say(&format!("{}: {error:#}", button.trim()));
            format!("{error:#}")
        }
    };
    Ok(stream.get_mut().write_all(answer.as_bytes()).await?)
}

/// Does what a button says.
async fn press(stage: &mut Stage, button: &str) -> anyhow::Result<String> {
    match button {
        "build" => Ok(format!("CI announced {}", stage.build(true).await?)),
        "break" => Ok(format!("CI announced {}, which crashes at start", stage.build(false).await?)),
        "edit" => edit_by_hand(stage).await,
        "cut" => {
            stage.remote.install_hook("pre-receive", REFUSAL)?;
            Ok("git is cut: the remote refuses every push".to_owned())
        }
        "mend" => {
            // Nothing to take away when it was never cut.
            let _ = stage.remote.remove_hook("pre-receive");
            Ok("git is mended".to_owned())
        }
        other => bail!("there is no button `{other}`"),
    }
}

/// Somebody changes a live object behind our back, as `kubectl edit` would.
async fn edit_by_hand(stage: &Stage) -> anyhow::Result<String> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let api: Api<DynamicObject> = Api::namespaced_with(stage.admin.clone(), NAMESPACE, &resource);
    let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
    let edit = json!({"data": {"GREETING": "Edited by hand at three in the morning"}});
    api.patch("settings", &params, &Patch::Merge(&edit)).await.context("editing the settings")?;
    Ok("somebody edited ConfigMap/settings by hand".to_owned())
}
