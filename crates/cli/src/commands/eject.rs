//! `pinnace eject`: an App as the plain objects that it comes to.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use operator::app::{self, App, Seen};
use render::{LARGEST_FILE, live_objects};
use secrets::MaskKey;
use serde_json::Value;

/// Print the plain Kubernetes objects that an App comes to, to go on without it
///
/// The objects that the App refers to may stand in the same files: Secrets, PostgresDatabases, Redises, RabbitVhosts. What is not there is
/// named on stderr, and a text that says where its value stands takes its place. No server and no cluster is asked.
///
/// Jobs that an App's status says to have run, as migration and seed, are left out, so that they do not run once more, and named on stderr. A
/// file from git has no status: all its Jobs are printed.
///
/// Fields and what they refer to are checked here; names, hosts, numbers and quantities only by the API server:
/// kubectl apply --dry-run=server -f FILE
///
/// What is printed holds the values of Secrets: encrypt it before it goes to git.
///
/// Examples:
///   pinnace eject apps/shop/prod/app.yaml apps/shop/prod/secrets.yaml
///   kubectl get pinnace,secret -n shop -o yaml | pinnace eject -
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Eject {
    /// Files of YAML documents or JSON, lists too; `-` reads what is piped in
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Prints to the terminal.
pub(crate) fn run(args: &Eject) -> anyhow::Result<ExitCode> {
    let mut objects = Vec::new();
    for file in &args.files {
        let (name, bytes) = read(file)?;
        objects.extend(live_objects(&name, &bytes)?);
    }
    let Ejected { text, notes } = eject(&objects)?;
    for note in notes {
        writeln!(std::io::stderr(), "{}", secrets::clean_terminal(&note))?;
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What is printed.
#[derive(Debug)]
struct Ejected {
    text: String,
    notes: Vec<String>,
}

/// All Apps among these objects.
fn eject(objects: &[Value]) -> anyhow::Result<Ejected> {
    let mut ejected = Ejected { text: String::new(), notes: Vec::new() };
    let apps = objects.iter().filter(|object| operator::is_ours(object) && object["kind"] == app::KIND.kind);
    let mut count = 0;
    for object in apps {
        one(object, objects, &mut ejected)?;
        count += 1;
    }
    if count == 0 {
        bail!("there is no App in the input: give a file with `kind: App`");
    }
    Ok(ejected)
}

fn one(object: &Value, objects: &[Value], ejected: &mut Ejected) -> anyhow::Result<()> {
    // First, as a field that is missing may be one that was misspelt.
    if let Some(field) = operator::unknown_fields(&app::KIND, object).first() {
        let name = object["metadata"]["name"].as_str().unwrap_or("without a name");
        bail!(
            "App {name}: there is no field {field}; `kubectl explain apps.pinnace.dev.spec` lists those that there are"
        );
    }
    let app = App::read(object)?;
    let name = &app.metadata.name;
    let mut seen = Seen::from_objects(&app, objects, key());
    seen.scaled = app.spec.processes.keys().cloned().collect();
    let mut missing = seen.fill_in_what_is_missing(&app);
    let made = app::eject(&app, &seen).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("App {name}: {}", told.join("\n"))
    })?;
    missing.extend(password_of_superuser(&app, &made, objects));
    ejected.notes.extend(
        missing.iter().map(|what| format!("App {name}: give {what} with it, or fill in what is printed in its place")),
    );
    ejected.notes.extend(left_out(name, &made));
    ejected.notes.extend(will_run(&app, &made.will_run));
    let ours = made.objects.iter().filter(|object| operator::is_ours(object));
    ejected.notes.extend(ours.map(|object| {
        format!(
            "App {name}: {} {} stays an object of Pinnace: it needs `pinnace crds`, or take it out and write the Secret yourself",
            object["kind"].as_str().unwrap_or_default(),
            object["metadata"]["name"].as_str().unwrap_or_default()
        )
    }));
    ejected.text.push_str(&render::to_yaml(made.objects)?);
    Ok(())
}

/// What has nothing to do any more, and why. Loaded once more, it would write over what people have changed since.
fn left_out(app: &str, made: &app::Ejected) -> Option<String> {
    let why =
        [(&made.done, "which its status says to have run"), (&made.had_data, "as its database had data before it")];
    let told = |(jobs, why): (&Vec<String>, &str)| (!jobs.is_empty()).then(|| format!("{}, {why}", jobs.join(", ")));
    let told: Vec<String> = why.into_iter().filter_map(told).collect();
    (!told.is_empty()).then(|| format!("App {app}: left out of its Jobs: {}", told.join("; ")))
}

/// What is done once it is applied. An object that comes from a cluster says what has run; a file does not.
fn will_run(app: &App, jobs: &[String]) -> Option<String> {
    let first = jobs.first()?;
    let advice = if app.status.is_some() {
        format!(
            "its status does not say that they have run: see kubectl describe job/{first}, and take out what is not to run"
        )
    } else {
        "there is no status that says what has run; take out what is not to run".to_owned()
    };
    Some(format!("App {}: these Jobs run when they are applied: {}; {}", app.metadata.name, jobs.join(", "), advice))
}

/// The Secret of the first user's password, where it is not there and the Job that makes the user reads it.
fn password_of_superuser(app: &App, made: &app::Ejected, objects: &[Value]) -> Option<String> {
    let name = app::superuser_secret(app)?;
    let there = objects.iter().any(|object| secrets::is_secret(object) && object["metadata"]["name"] == name.as_str());
    (made.makes_superuser && !there).then(|| format!("Secret {name} (the key password, for the superuser)"))
}

/// The values are printed beside the names that bear their hashes, so that this key keeps nothing: it is the same each time, as what is
/// printed should be.
fn key() -> MaskKey {
    MaskKey::from_bytes([0; 32])
}

fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let piped = file == Path::new("-");
    let name = if piped { "standard input".to_owned() } else { file.display().to_string() };
    let reading = || format!("{name}: reading it failed");
    let mut bytes = Vec::new();
    let limit = u64::try_from(LARGEST_FILE + 1).unwrap_or(u64::MAX);
    if piped {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).with_context(reading)?;
    } else {
        std::fs::File::open(file).with_context(reading)?.take(limit).read_to_end(&mut bytes).with_context(reading)?;
    }
    Ok((name, bytes))
}

#[cfg(test)]
mod tests;
