//! The whole scene with nobody watching: what a stranger would press, and after each act the question whether git, cluster
//! and database agree.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use super::stage::{INSTANCE, Stage};
use super::transcript::Transcript;

/// How long an act may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Plays it; the exit code says whether all agreed.
pub(super) async fn play(stage: &mut Stage, transcript: &mut Transcript) -> anyhow::Result<ExitCode> {
    transcript.scene("The shop is installed as git says");
    until(stage, "the first install", |pin| pin["verified"].is_string()).await?;
    agree(stage, transcript).await?;

    transcript.scene("A build is approved, proven, and only then committed");
    let (tag, pin) = asked(stage, transcript, true).await?;
    stage.visitor.press(pin, "approve").await?;
    transcript.say("ann approved");
    ended(stage, transcript, pin, "done").await?;
    in_git(stage, transcript, &tag)?;
    agree(stage, transcript).await?;

    transcript.scene("A build that crashes is dropped, and the cluster is back on what worked");
    let (_, broken) = asked(stage, transcript, false).await?;
    stage.visitor.press(broken, "approve").await?;
    transcript.say("ann approved");
    ended(stage, transcript, broken, "dropped").await?;
    in_git(stage, transcript, &tag)?;
    agree(stage, transcript).await?;

    transcript.scene("The server is killed right after it applied, and goes on where it was");
    let (tag, pin) = asked(stage, transcript, true).await?;
    let mut applied = stage.harness.hold("after apply");
    stage.visitor.press(pin, "approve").await?;
    applied.reached().await;
    transcript.say("applied; the server is killed (SIGKILL)");
    stage.server.kill_and_start_again().await?;
    transcript.say("started again");
    ended(stage, transcript, pin, "done").await?;
    in_git(stage, transcript, &tag)?;
    agree(stage, transcript).await?;

    transcript.scene("Unpin: back to the version before, with one click");
    stage.visitor.press_instance(INSTANCE, "unpin").await?;
    let unpin = until(stage, "the unpin", |seen| number(seen) > pin).await?;
    ended(stage, transcript, number(&unpin), "done").await?;
    agree(stage, transcript).await?;

    transcript.scene("Git, cluster and database agree");
    for line in stage.remote.git(&["log", "--format=%h %an: %s", "main"])?.lines() {
        transcript.say(line);
    }
    Ok(ExitCode::SUCCESS)
}

/// CI makes a build; waits until people are asked about it.
async fn asked(stage: &mut Stage, transcript: &mut Transcript, works: bool) -> anyhow::Result<(String, u64)> {
    let tag = stage.build(works).await?;
    transcript.say(&format!("CI announced {tag}"));
    let wanted = tag.clone();
    let seen =
        until(stage, "the ask", |pin| pin["stage"] == "asked" && pin["version"] == Value::String(wanted.clone()))
            .await?;
    transcript.say(&text(&seen, "headline"));
    Ok((tag, number(&seen)))
}

/// Waits for the end of a pin, which must be this one.
async fn ended(stage: &Stage, transcript: &mut Transcript, pin: u64, outcome: &str) -> anyhow::Result<()> {
    let mut said = String::new();
    let ended = until(stage, "the end of the pin", |seen| {
        if number(seen) == pin && text(seen, "sentence") != said {
            said = text(seen, "sentence");
            transcript.say(&said);
        }
        number(seen) == pin && seen["ended"] == true
    })
    .await?;
    if ended["stage"] != outcome {
        bail!("pin #{pin} was to end {outcome} and ended {}: {}", ended["stage"], ended["sentence"]);
    }
    Ok(())
}

fn in_git(stage: &Stage, transcript: &mut Transcript, tag: &str) -> anyhow::Result<()> {
    let file = stage.remote.file("apps/shop/demo/web.yaml")?;
    let line = file.lines().find(|line| line.contains("image:")).unwrap_or_default().trim();
    if !line.contains(&format!(":{tag}@sha256:")) {
        bail!("git was to say {tag} and says `{line}`");
    }
    transcript.say(&format!("git says {}", secrets::clip(line, 90)));
    Ok(())
}

async fn agree(stage: &Stage, transcript: &mut Transcript) -> anyhow::Result<()> {
    let found = stage.server.disagreements(INSTANCE).await?;
    if found != "none" {
        bail!("git, cluster and database disagree: {found}");
    }
    transcript.say("git, cluster and database agree");
    Ok(())
}

async fn until(stage: &Stage, what: &str, is_so: impl FnMut(&Value) -> bool) -> anyhow::Result<Value> {
    Ok(stage.server.until(what, INSTANCE, PATIENCE, is_so).await?)
}

fn number(pin: &Value) -> u64 {
    pin["number"].as_u64().unwrap_or_default()
}

fn text(pin: &Value, field: &str) -> String {
    pin[field].as_str().unwrap_or_default().to_owned()
}
