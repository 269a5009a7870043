//! What is written for a database in the cluster: its server where it has one there, and the Secrets that tell of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{Autoscaled, MADE_BY, MADE_LABEL};
use jiff::Timestamp;
use secrets::in_address;
use serde_json::{Map, Value, json};

use super::dereference::Reached;
use crate::driver::{OperatorError, Work, rfc3339};
use crate::postgres::{Login, Wanted};

/// When the password in a Secret took the place of another.
const ROTATED_ANNOTATION: &str = "pinnace.dev/rotated";

/// When the password that a Secret holds took the place of another.
pub(crate) fn rotated(secret: Option<&Value>) -> Option<Timestamp> {
    secret?["metadata"]["annotations"][ROTATED_ANNOTATION].as_str()?.parse().ok()
}

/// The Secret with address and login, as apps read it, and when that login took the place of another.
pub(crate) async fn connection(
    work: &mut Work,
    name: &str,
    reached: &Reached,
    wanted: &Wanted,
    (login, rotated): (&Login, Option<Timestamp>),
) -> Result<(), OperatorError> {
    let (host, port, database) = (&reached.host, reached.port.to_string(), wanted.database.as_str());
    let password = login.password.expose();
    let url = format!(
        "postgresql://{}:{}@{host}:{port}/{}",
        in_address(&login.role),
        in_address(password),
        in_address(database)
    );
    let mut texts = vec![
        ("host", host.as_str()),
        ("port", &port),
        ("name", database),
        ("username", &login.role),
        ("password", password),
        ("url", &url),
    ];
    texts.extend(reached.read_host.as_deref().map(|host| ("readHost", host)));
    let data: Map<String, Value> =
        texts.into_iter().map(|(key, text)| (key.to_owned(), json!(STANDARD.encode(text)))).collect();
    let labels = json!({MADE_LABEL: MADE_BY, "app.kubernetes.io/name": work.key.name});
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": work.key.namespace, "labels": labels}, "data": data,
    });
    if let Some(at) = rotated {
        secret["metadata"]["annotations"] = json!({ROTATED_ANNOTATION: rfc3339(at)});
    }
    work.keep(&secret, &Autoscaled::default()).await?;
    Ok(())
}
