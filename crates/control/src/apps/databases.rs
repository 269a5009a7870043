//! What an App needs, read from the objects themselves.

use cluster::ObjectKey;
use serde_json::Value;

use super::{NeedState, NeedView, Sight, kind};
use crate::apps::read::{condition, text, time};

/// The needs that are objects of ours: what the App calls them, and their kind.
const OURS: &[(&str, &str)] = &[("database", "PostgresDatabase"), ("redis", "Redis"), ("rabbit", "RabbitVhost")];

/// The objects of ours that an App needs: its own bear its name.
pub(crate) fn named(app: &Value) -> Vec<ObjectKey> {
    OURS.iter().filter_map(|(what, of)| named_as(app, what, of)).collect()
}

fn named_as(app: &Value, what: &str, of: &str) -> Option<ObjectKey> {
    let need = app.pointer("/spec/needs")?.get(what).filter(|need| need.is_object())?;
    if need.get("secret").is_some() {
        return None;
    }
    let ObjectKey { namespace, name, .. } = ObjectKey::of(app);
    let name = need.get("name").and_then(Value::as_str).map_or(name, str::to_owned);
    Some(ObjectKey { kind: kind(of), namespace, name })
}

/// How what an App needs is.
pub(crate) fn needed(app: &Value, sight: &dyn Fn(&ObjectKey) -> Sight) -> Vec<NeedView> {
    let mut all = Vec::new();
    for (what, of) in OURS {
        if let Some(key) = named_as(app, what, of) {
            let mut view = NeedView { what: (*what).to_owned(), ..self::of(&key, sight(&key)) };
            // The App knows of more than the database does.
            view.restored = view.restored.map(|said| restored(app).unwrap_or(said));
            all.push(view);
        } else if let Some(secret) = text(app, &format!("/spec/needs/{what}/secret/name")) {
            let why = format!("known by the Secret {secret} alone");
            all.push(NeedView { why, ..bare(what, &secret, NeedState::Elsewhere) });
        }
    }
    let others = app.pointer("/spec/needs/objects").and_then(Value::as_array);
    for other in others.into_iter().flatten() {
        let (kind, name) = (text(other, "/kind").unwrap_or_default(), text(other, "/name").unwrap_or_default());
        let condition = text(other, "/condition").unwrap_or_else(|| "Ready".to_owned());
        let why = format!("has to be {condition} before the App begins; kubectl tells how it is");
        all.push(NeedView { why, ..bare(&kind, &name, NeedState::Elsewhere) });
    }
    all
}

/// How a database, a Redis or a virtual host is.
pub(crate) fn of(key: &ObjectKey, sight: Sight) -> NeedView {
    let what = OURS.iter().find(|(_, kind)| *kind == key.kind.kind).map_or(key.kind.kind.as_str(), |(what, _)| what);
    let object = match sight {
        Sight::There(object) => object,
        Sight::Gone => {
            let why = format!("there is no {}", key.label());
            return NeedView { why, ..bare(what, &key.name, NeedState::Waits) };
        }
        Sight::Blind(why) => {
            let why = why.map_or("it is being looked at".to_owned(), |why| {
                format!("{why}; the rights for it are what `pinnace rbac` prints")
            });
            return NeedView { why, ..bare(what, &key.name, NeedState::Unseen) };
        }
    };
    let (ready, stalled) = (condition(&object, "Ready"), condition(&object, "Stalled"));
    let state = match (ready.holds, stalled.holds) {
        (true, _) => NeedState::Ready,
        (false, true) => NeedState::Stalled,
        (false, false) => NeedState::Waits,
    };
    let why = match state {
        NeedState::Ready => String::new(),
        _ if ready.message.is_empty() => "no operator has looked after it yet".to_owned(),
        _ => ready.message,
    };
    NeedView {
        server: server(&object),
        why,
        backed_up: time(&object, "/status/backedUp"),
        backup: text(&object, "/status/backup/message"),
        restored: restored(&object),
        ..bare(what, &key.name, state)
    }
}

/// What did not come back with a database that was made anew.
fn restored(object: &Value) -> Option<String> {
    let said = condition(object, "Restored");
    said.holds.then_some(said.message)
}

/// The kind of server: as the status says, else as is wanted.
fn server(object: &Value) -> Option<String> {
    let is_there = |pointer: &str| object.pointer(pointer).is_some_and(|value| !value.is_null());
    let wanted = |at: &str| {
        let field = object.pointer(at).and_then(Value::as_object)?;
        field.iter().find(|(_, value)| !value.is_null()).map(|(name, _)| name.clone())
    };
    match text(object, "/kind").as_deref() {
        Some("PostgresDatabase") => text(object, "/status/server").or_else(|| wanted("/spec/server")),
        Some("RabbitVhost") => wanted("/spec/broker"),
        Some("Redis") if is_there("/spec/external") => Some("external".to_owned()),
        Some("Redis") => Some("local".to_owned()),
        _ => None,
    }
}

fn bare(what: &str, name: &str, state: NeedState) -> NeedView {
    NeedView {
        what: what.to_owned(),
        name: name.to_owned(),
        server: None,
        state,
        why: String::new(),
        backed_up: None,
        backup: None,
        restored: None,
    }
}
