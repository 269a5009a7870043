//! What is known of an App from plain objects: those of a file, or those that were read from a cluster.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::App;
use super::connection::{Connection, ConnectionSource, sources};
use super::{MaskKey, Seen, generated_names, generated_secret};
use crate::crd::is_ours;

impl Seen {
    /// What these objects tell of what the App refers to.
    pub fn from_objects(app: &App, objects: &[Value], key: MaskKey) -> Self {
        let mut seen = Self::nothing(key);
        for overlay in &app.spec.secrets {
            if let Some(data) = secret(app, objects, &overlay.name) {
                seen.secrets.insert(overlay.name.clone(), data);
            }
        }
        for source in sources(&app.metadata.name, &app.spec) {
            let name = secret_of(app, objects, &source);
            if let Some(data) = secret(app, objects, &name) {
                seen.connections.insert(source.what, Connection::from_secret(&source, &data));
            }
        }
        let made = secret(app, objects, &generated_secret(app)).unwrap_or_default();
        let text = |name: &String| Some((name.clone(), String::from_utf8(made.get(name)?.clone()).ok()?));
        seen.generated = generated_names(app).iter().filter_map(text).collect();
        seen
    }

    /// Puts in the place of what was not found a text that says where it stands, and returns these texts: for people who fill it in.
    pub fn fill_in_what_is_missing(&mut self, app: &App) -> Vec<String> {
        let mut missing = Vec::new();
        for source in sources(&app.metadata.name, &app.spec) {
            if !self.connections.contains_key(source.what) {
                missing.push(format!("Secret {} (address and login of {})", source.secret, source.what));
                self.connections.insert(source.what, Connection::unknown(&source));
            }
        }
        for name in generated_names(app) {
            if !self.generated.contains_key(name) {
                missing.push(format!("Secret {}, key {name}", generated_secret(app)));
                self.generated.insert(name.clone(), format!("<{name} of Secret {}>", generated_secret(app)));
            }
        }
        for overlay in app.spec.secrets.iter().filter(|overlay| !overlay.optional) {
            if !self.secrets.contains_key(&overlay.name) {
                missing.push(format!("Secret {} (its keys are left out of the configuration)", overlay.name));
                let data = overlay.key.iter().map(|key| (key.clone(), b"{}".to_vec())).collect();
                self.secrets.insert(overlay.name.clone(), data);
            }
        }
        missing
    }
}

/// The Secret that tells of a server: its object may name another one than the usual.
fn secret_of(app: &App, objects: &[Value], source: &ConnectionSource) -> String {
    let named = source.object.as_ref().and_then(|(kind, name)| {
        let ours = objects.iter().find(|object| is(app, object, kind, name) && is_ours(object))?;
        ours.pointer("/spec/connectionSecret")?.as_str()
    });
    named.map_or_else(|| source.secret.clone(), str::to_owned)
}

/// A file may leave the namespace to whoever applies it.
fn is(app: &App, object: &Value, kind: &str, name: &str) -> bool {
    let namespaces = (object["metadata"]["namespace"].as_str(), app.metadata.namespace.as_deref());
    let elsewhere = matches!(namespaces, (Some(one), Some(other)) if one != other);
    object["kind"] == kind && object["metadata"]["name"] == name && !elsewhere
}

/// Keys and values of a Secret. What is no base64 is passed over: the API server would refuse it.
fn secret(app: &App, objects: &[Value], name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let found = objects.iter().find(|object| secrets::is_secret(object) && is(app, object, "Secret", name))?;
    let texts = |field: &str| found[field].as_object().into_iter().flatten();
    let packed = texts("data").filter_map(|(key, value)| Some((key.clone(), STANDARD.decode(value.as_str()?).ok()?)));
    let plain = texts("stringData").filter_map(|(key, value)| Some((key.clone(), value.as_str()?.as_bytes().to_vec())));
    Some(packed.chain(plain).collect())
}
