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
/// Fields and what they refer to are checked here; names, hosts, numbers and quantities only by the API server:
/// kubectl apply --dry-run=server -f FILE
///
/// What is printed holds the values of Secrets: encrypt it before it goes to git.
///
/// Examples:
///   pinnace eject apps/shop/prod/app.yaml apps/shop/prod/secrets.yaml
///   kubectl get app,secret -n shop -o yaml | pinnace eject -
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
    missing.extend(password_of_superuser(&app, objects));
    ejected.notes.extend(
        missing.iter().map(|what| format!("App {name}: give {what} with it, or fill in what is printed in its place")),
    );
    let made = app::objects(&app, &seen).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("App {name}: {}", told.join("\n"))
    })?;
    let ours = made.iter().filter(|object| operator::is_ours(object));
    ejected.notes.extend(ours.map(|object| {
        format!(
            "App {name}: {} {} stays an object of Pinnace: it needs `pinnace crds`, or take it out and write the Secret yourself",
            object["kind"].as_str().unwrap_or_default(),
            object["metadata"]["name"].as_str().unwrap_or_default()
        )
    }));
    ejected.text.push_str(&render::to_yaml(made)?);
    Ok(())
}

/// The Secret of the first user's password, where it is not there: the Job that makes the user reads it.
fn password_of_superuser(app: &App, objects: &[Value]) -> Option<String> {
    let name = app::superuser_secret(app)?;
    let there = objects.iter().any(|object| secrets::is_secret(object) && object["metadata"]["name"] == name.as_str());
    (!there).then(|| format!("Secret {name} (the key password, for the superuser)"))
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
mod tests {
    use super::*;

    const APP: &str = "apiVersion: pinnace.dev/v1alpha1
kind: App
metadata: {name: shop, namespace: shop}
spec:
  image: registry.example/acme/shop:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  defaults: dev
  processes: {web: {}}
  needs: {database: {name: shared}}
  secrets: [{name: mail}]
";

    fn ejected(text: &str) -> anyhow::Result<Ejected> {
        eject(&live_objects("app.yaml", text.as_bytes())?)
    }

    fn kinds(ejected: &Ejected) -> Vec<String> {
        let objects = live_objects("out.yaml", ejected.text.as_bytes()).unwrap();
        objects.iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_app_comes_out_as_plain_objects_with_the_secrets_of_the_same_file() {
        let beside = "---
apiVersion: v1
kind: Secret
metadata: {name: mail}
stringData: {MAIL_PASSWORD: hunter2}
---
apiVersion: v1
kind: Secret
metadata: {name: shared-postgres}
stringData: {url: 'postgresql://shop:secret@db/shop'}
";
        let ejected = ejected(&format!("{APP}{beside}")).unwrap();
        assert_eq!(kinds(&ejected), ["Secret", "Service", "Deployment"]);
        assert_eq!(ejected.notes, Vec::<String>::new());
        assert!(ejected.text.contains("MAIL_PASSWORD: aHVudGVyMg=="), "{}", ejected.text);
    }

    #[test]
    fn what_is_not_there_is_told_and_takes_a_text_that_says_where_it_stands() {
        let ejected = ejected(APP).unwrap();
        assert_eq!(
            ejected.notes,
            [
                "App shop: give Secret shared-postgres (address and login of database) with it, or fill in what is printed in its place",
                "App shop: give Secret mail (its keys are left out of the configuration) with it, or fill in what is printed in its place"
            ]
        );
        assert_eq!(kinds(&ejected), ["Secret", "Service", "Deployment"]);
    }

    #[test]
    fn a_field_that_an_app_does_not_have_is_told_with_its_place() {
        let typo = APP.replace("web: {}", "web: {replica: 2}");
        let error = ejected(&typo).unwrap_err().to_string();
        assert!(error.contains("there is no field spec.processes.web.replica"), "{error}");
        let error = ejected(&APP.replace("processes", "proceses")).unwrap_err().to_string();
        assert!(error.contains("there is no field spec.proceses"), "{error}");
        let error = ejected(&APP.replace("@sha256", "@sha")).unwrap_err().to_string();
        assert!(error.contains("spec.image: "), "{error}");
        assert!(
            ejected("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
                .unwrap_err()
                .to_string()
                .contains("no App")
        );
    }

    #[test]
    fn what_is_ejected_goes_into_the_config_repo_as_it_is() {
        for app in [
            include_str!("../../../operator/tests/golden/prod.yaml"),
            include_str!("../../../operator/tests/golden/moved.yaml"),
        ] {
            let objects = live_objects("app.yaml", app.as_bytes()).unwrap();
            let namespace = objects[0]["metadata"]["namespace"].as_str().unwrap();
            let files = [("plain.yaml".to_owned(), eject(&objects).unwrap().text.into_bytes())].into();
            let context = render::RenderContext { namespace, cluster_kinds: &[], key: &key() };
            let rendered = render::render(&files, &context).unwrap();
            assert_eq!(render::references_of(&rendered).wrong, []);
            assert!(rendered.objects.len() > 8);
        }
    }

    #[test]
    fn a_database_that_is_made_for_it_is_said_to_stay_ours() {
        let made = APP.replace("{name: shared}", "{}");
        let notes = ejected(&format!("{made}  superuser: {{username: admin}}\n")).unwrap().notes;
        assert!(
            notes.contains(&"App shop: give Secret shop-superuser (the key password, for the superuser) with it, or fill in what is printed in its place".to_owned())
        );
        assert!(
            notes.iter().any(|note| note.contains("PostgresDatabase shop stays an object of Pinnace")),
            "{notes:?}"
        );
    }
}
