//! An App as it is shown, read from the object. What it says is the operator's; nothing is judged here.

use health::LogSource;
use model::{Digest, ImageRef, Timestamp};
use serde_json::Value;

use super::{AppView, MigrationState, MigrationView};

/// Left as it is, whatever happens; by any value but `false`, as the operator reads it.
const SKIP: &str = "/metadata/annotations/pinnace.dev~1skip";
/// A message is cut here.
const LONGEST: usize = 2000;
/// The reasons of an App that `pinnace app retry` may help.
pub const RETRIED: &[&str] = &["MigrationFailed", "BackupFailed", "CommandFailed"];

/// What a condition says.
#[derive(Default)]
pub(super) struct Condition {
    pub(super) holds: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

/// How an App stands, without what it needs, and where the lines of what is not well are. `context` is the kube context that it runs
/// in.
pub(crate) fn app(object: &Value, context: &str) -> (AppView, Option<LogSource>) {
    let name = text(object, "/metadata/name").unwrap_or_default();
    let namespace = text(object, "/metadata/namespace").unwrap_or_default();
    let (ready, stalled) = (condition(object, "Ready"), condition(object, "Stalled"));
    let phase = text(object, "/status/phase");
    let serving = text(object, "/status/image");
    let wanted = text(object, "/spec/image").unwrap_or_default();
    let is_new = !is_observed(object);
    let message = match (&phase, is_new) {
        (None, _) if ready.message.is_empty() => {
            format!(
                "no operator has looked after it yet: see whether `pinnace operator` runs for the context {context}"
            )
        }
        (_, true) => format!("its newest change is not taken up yet; before it was said: {}", ready.message),
        _ => ready.message,
    };
    let failed = RETRIED.contains(&ready.reason.as_str()) && !is_new;
    let source = lines(object, &namespace);
    let view = AppView {
        since: time(object, "/status/phaseSince"),
        ready: ready.holds && !is_new,
        stalled: stalled.holds && !is_new,
        message: secrets::clip(&message, LONGEST),
        version: text(object, "/status/version"),
        to: (serving.as_ref() != Some(&wanted)).then(|| version(&wanted)),
        url: text(object, "/status/url"),
        paused: paused(object),
        migration: migration(object, &wanted, &ready.reason, phase.as_deref()),
        retry: failed.then(|| retry(&name, &namespace, context)),
        lines_of: source.as_ref().map(said).unwrap_or_default(),
        reason: ready.reason,
        name,
        namespace,
        phase,
        ..AppView::default()
    };
    (view, source)
}

/// Whether the status is about what is wanted now.
fn is_observed(object: &Value) -> bool {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    match (number("/metadata/generation"), number("/status/observedGeneration")) {
        (Some(generation), Some(observed)) => observed >= generation,
        _ => true,
    }
}

fn paused(object: &Value) -> Option<&'static str> {
    if object.pointer("/spec/pause").and_then(Value::as_bool).unwrap_or_default() {
        return Some("spec.pause");
    }
    let skip = text(object, SKIP).is_some_and(|value| value != "false");
    skip.then_some("the annotation pinnace.dev/skip")
}

fn migration(object: &Value, wanted: &str, reason: &str, phase: Option<&str>) -> Option<MigrationView> {
    object.pointer("/spec/migrations").filter(|migrations| migrations.is_object())?;
    let done = object.pointer("/status/migrations").and_then(Value::as_array);
    let digest = wanted.split_once('@').map(|(_, digest)| digest).unwrap_or_default();
    let is_done = done.is_some_and(|done| done.iter().any(|one| one == digest));
    let state = match (is_done, phase) {
        (true, _) => MigrationState::Done,
        _ if ["MigrationFailed", "BackupFailed"].contains(&reason) => MigrationState::Failed,
        (_, Some("Migrating")) => MigrationState::Runs,
        _ => MigrationState::Waits,
    };
    let last = text(object, "/status/migrated").filter(|last| last != digest);
    let serving = text(object, "/status/image").unwrap_or_default();
    let done_last = last.map(|last| if serving.ends_with(&last) { version(&serving) } else { short(&last) });
    Some(MigrationView { state, version: version(wanted), digest: short(digest), done_last })
}

/// Where the last lines are to be had.
fn lines(object: &Value, namespace: &str) -> Option<LogSource> {
    let logs = object.pointer("/status/logs").filter(|logs| logs.is_object())?;
    let previous = logs.get("previous").and_then(Value::as_bool).unwrap_or_default();
    let (pod, container) = (text(logs, "/pod")?, text(logs, "/container")?);
    Some(LogSource { namespace: namespace.to_owned(), pod, container, previous })
}

fn said(source: &LogSource) -> String {
    let run = if source.previous { ", the run before" } else { "" };
    format!("pod {}, container {}{run}", source.pod, source.container)
}

/// The command that runs once more what failed.
fn retry(name: &str, namespace: &str, context: &str) -> String {
    let [context, namespace, name] = [context, namespace, name].map(quoted);
    format!("pinnace app retry --context {context} -n {namespace} {name}")
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@=+".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What people call an image.
fn version(image: &str) -> String {
    image.parse::<ImageRef>().map_or_else(|_| secrets::clip(image, 80), |image| image.version().to_owned())
}

fn short(digest: &str) -> String {
    digest.parse::<Digest>().map_or_else(|_| secrets::clip(digest, 20), |digest| digest.short().to_owned())
}

pub(super) fn condition(object: &Value, kind: &str) -> Condition {
    let all = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = all.into_iter().flatten().find(|one| one.get("type").and_then(Value::as_str) == Some(kind));
    found.map_or_else(Condition::default, |one| Condition {
        holds: text(one, "/status").is_some_and(|status| status == "True"),
        reason: text(one, "/reason").unwrap_or_default(),
        message: secrets::clip(&text(one, "/message").unwrap_or_default(), LONGEST),
    })
}

/// A text that says something.
pub(super) fn text(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer)?.parse().ok()
}

#[cfg(test)]
mod tests;
