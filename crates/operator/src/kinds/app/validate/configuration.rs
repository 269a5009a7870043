//! What the processes are given: configuration, what is known of servers, and secrets, put together.

use serde_json::{Map, Value};

use super::template::fill_in;
use super::{Problem, Texts, yaml};
use crate::kinds::app::crd::{Configuration, EnvironmentForm, FileForm, SecretOverlay};
use crate::kinds::app::dereference::{generated_names, generated_secret, sources};
use crate::kinds::app::{App, Seen};

/// What the processes are given. It holds secrets.
#[derive(Clone, Default)]
pub(crate) struct Given {
    /// As a file.
    pub(crate) file: Option<GivenFile>,
    /// As environment variables that are no secret.
    pub(crate) public: Texts,
    /// As environment variables that are.
    pub(crate) private: Texts,
}

/// One file.
#[derive(Clone)]
pub(crate) struct GivenFile {
    /// Where it lies.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
    /// Whether anything in it is a secret.
    pub(crate) is_secret: bool,
}

/// The usual names of what is known of servers.
const USUAL: &[(&str, &str)] = &[
    ("DATABASE_URL", "database.url"),
    ("DATABASE_HOST", "database.host"),
    ("DATABASE_PORT", "database.port"),
    ("DATABASE_NAME", "database.name"),
    ("DATABASE_USER", "database.username"),
    ("DATABASE_PASSWORD", "database.password"),
    ("REDIS_URL", "redis.url"),
    ("CELERY_BROKER_URL", "rabbit.url"),
];

/// Puts together what the processes are given, in the forms that the App asks for.
pub(super) fn give(app: &App, seen: &Seen, problems: &mut Vec<Problem>) -> Given {
    let usual = Configuration { environment: Some(EnvironmentForm::default()), ..Configuration::default() };
    let said = app.spec.configuration.as_ref().filter(|said| said.file.is_some() || said.environment.is_some());
    let configuration = said.unwrap_or(&usual);
    let parts = parts(app, seen, problems);
    let overlays = overlays(app, seen, problems);
    let generated = generated(app, seen, problems);
    let config = app.spec.config.as_object().cloned().unwrap_or_default();
    let mut given = Given::default();
    if let Some(form) = &configuration.file {
        let connections = connections("file", &form.connections, &parts, problems);
        given.file = Some(file(form, config.clone(), connections, &generated, &overlays));
    }
    if let Some(form) = &configuration.environment {
        given.private = connections("environment", &form.connections, &parts, problems);
        given.private.extend(generated);
        variables(&form.prefix, overlays, &mut given.private);
        variables(&form.prefix, config, &mut given.public);
        given.public.retain(|name, _| !given.private.contains_key(name));
        let bad = given.public.keys().chain(given.private.keys()).filter(|name| !is_variable(name));
        problems.extend(bad.map(|name| Problem::Variable { name: secrets::clip(name, 80) }));
    }
    given
}

/// What templates may name.
fn parts(app: &App, seen: &Seen, problems: &mut Vec<Problem>) -> Texts {
    let mut parts = Texts::new();
    for source in sources(&app.metadata.name, &app.spec) {
        let Some(connection) = seen.connections.get(source.what) else {
            problems.push(Problem::NoConnection { what: source.what, secret: source.secret });
            continue;
        };
        parts.extend(connection.parts.iter().map(|(part, value)| (format!("{}.{part}", source.what), value.clone())));
    }
    if let Some(routes) = &app.spec.routes {
        let scheme = if super::super::build::is_encrypted(routes) { "https" } else { "http" };
        parts.insert("app.host".to_owned(), routes.host.clone());
        parts.insert("app.url".to_owned(), format!("{scheme}://{}", routes.host));
    }
    parts.insert("app.name".to_owned(), app.metadata.name.clone());
    parts
}

fn connections(form: &str, asked: &Texts, parts: &Texts, problems: &mut Vec<Problem>) -> Texts {
    if asked.is_empty() {
        let there = USUAL.iter().filter_map(|(name, part)| Some(((*name).to_owned(), parts.get(*part)?.clone())));
        return there.collect();
    }
    // Where something is still waited for, what it would fill in is no error.
    let waiting = problems.iter().any(Problem::is_waiting);
    let mut filled = Texts::new();
    for (name, text) in asked {
        match fill_in(text, parts) {
            Ok(value) => {
                filled.insert(name.clone(), value);
            }
            Err(_) if waiting => {}
            Err(why) => {
                let field = format!("spec.configuration.{form}.connections.{name}");
                problems.push(Problem::Template { field, why });
            }
        }
    }
    filled
}

fn generated(app: &App, seen: &Seen, problems: &mut Vec<Problem>) -> Texts {
    let mut generated = Texts::new();
    for name in generated_names(app) {
        match seen.generated.get(name) {
            Some(value) => {
                generated.insert(name.clone(), value.clone());
            }
            None => problems.push(Problem::NotGenerated { name: name.clone(), secret: generated_secret(app) }),
        }
    }
    generated
}

/// All Secrets laid over each other, in their order.
fn overlays(app: &App, seen: &Seen, problems: &mut Vec<Problem>) -> Map<String, Value> {
    let mut all = Map::new();
    for overlay in &app.spec.secrets {
        match read(overlay, seen) {
            Ok(mapping) => yaml::lay_over(&mut all, mapping),
            Err(problem) => problems.push(problem),
        }
    }
    all
}

fn read(overlay: &SecretOverlay, seen: &Seen) -> Result<Map<String, Value>, Problem> {
    let SecretOverlay { name, key, optional } = overlay;
    let absent = |key: Option<&String>| {
        if *optional { Ok(Map::new()) } else { Err(Problem::NoSecret { name: name.clone(), key: key.cloned() }) }
    };
    let Some(data) = seen.secrets.get(name) else { return absent(None) };
    let bad = |key: &String, why: String| Problem::Overlay { name: name.clone(), key: key.clone(), why };
    if let Some(key) = key {
        let Some(bytes) = data.get(key) else { return absent(Some(key)) };
        return yaml::read_mapping(bytes).map_err(|why| bad(key, why));
    }
    let text = |(key, bytes): (&String, &Vec<u8>)| match String::from_utf8(bytes.clone()) {
        Ok(text) => Ok((key.clone(), Value::from(text))),
        Err(_) => Err(bad(key, "is no UTF-8 text, which a configuration can't hold: mount it with volumes".to_owned())),
    };
    data.iter().map(text).collect()
}

fn file(
    form: &FileForm,
    config: Map<String, Value>,
    connections: Texts,
    generated: &Texts,
    overlays: &Map<String, Value>,
) -> GivenFile {
    let is_secret = !(connections.is_empty() && generated.is_empty() && overlays.is_empty());
    let mut all = config;
    for (name, value) in connections.into_iter().chain(generated.clone()) {
        set(&mut all, &name, value);
    }
    yaml::lay_over(&mut all, overlays.clone());
    GivenFile { path: form.path.clone(), text: yaml::write(&all), is_secret }
}

/// Sets a text; dots in its name lead into mappings.
fn set(mapping: &mut Map<String, Value>, name: &str, value: String) {
    let Some((first, rest)) = name.split_once('.') else {
        mapping.insert(name.to_owned(), Value::from(value));
        return;
    };
    let below = mapping.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if !below.is_object() {
        *below = Value::Object(Map::new());
    }
    if let Value::Object(below) = below {
        set(below, rest, value);
    }
}

/// A mapping as variables: texts as they are, everything else as JSON, what is null not at all.
fn variables(prefix: &str, mapping: Map<String, Value>, into: &mut Texts) {
    for (key, value) in mapping {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => yaml::json(&other),
        };
        into.insert(format!("{prefix}{key}"), text);
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
