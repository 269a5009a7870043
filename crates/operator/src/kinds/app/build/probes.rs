//! How it is seen whether a pod works.

use serde_json::{Map, Value, json};

use super::super::validate::Checked;
use super::{is_encrypted, put};
use crate::kinds::app::crd::{Probe, Process};

/// The field of the probe that decides whether a pod gets requests.
pub(super) const READINESS_PROBE: &str = "readinessProbe";

/// How often, how long and how many times, where the App does not say.
struct Usual {
    period: u32,
    timeout: u32,
    failures: u32,
}

const READINESS: Usual = Usual { period: 5, timeout: 5, failures: 3 };
/// A minute, and never by what the database does.
const LIVENESS: Usual = Usual { period: 10, timeout: 5, failures: 6 };
/// Five minutes.
const STARTUP: Usual = Usual { period: 2, timeout: 2, failures: 150 };

/// The probes of a container.
pub(super) fn build(checked: &Checked<'_>, name: &str, process: &Process, port: Option<u16>) -> Map<String, Value> {
    let connect = port.map(|_| Probe { connect: true, ..Probe::default() });
    let asked = Probe { path: Some("/readyz".to_owned()), ..Probe::default() };
    let ready = if name == "web" && port.is_some() { Some(asked) } else { connect.clone() };
    let given = &process.probes;
    let all = [
        ("startupProbe", given.startup.clone().or_else(|| connect.clone()), STARTUP),
        (READINESS_PROBE, given.readiness.clone().or(ready), READINESS),
        ("livenessProbe", given.liveness.clone().or(connect), LIVENESS),
    ];
    let one = |(field, probe, usual): (&str, Option<Probe>, Usual)| {
        Some((field.to_owned(), written(checked, &probe?, &usual)?))
    };
    all.into_iter().filter_map(one).collect()
}

fn written(checked: &Checked<'_>, probe: &Probe, usual: &Usual) -> Option<Value> {
    if probe.disabled {
        return None;
    }
    let mut written = json!({});
    if let Some(path) = &probe.path {
        put(&mut written, "httpGet", http(checked, path));
    } else if let Some(command) = &probe.command {
        put(&mut written, "exec", json!({"command": command}));
    } else {
        put(&mut written, "tcpSocket", json!({"port": "http"}));
    }
    put(&mut written, "periodSeconds", probe.period_seconds.unwrap_or(usual.period));
    put(&mut written, "timeoutSeconds", probe.timeout_seconds.unwrap_or(usual.timeout));
    put(&mut written, "failureThreshold", probe.failures.unwrap_or(usual.failures));
    Some(written)
}

/// An app that knows its hosts refuses others, and one that is encrypted outside sends everybody there.
fn http(checked: &Checked<'_>, path: &str) -> Value {
    let mut get = json!({"path": path, "port": "http"});
    if let Some(routes) = &checked.app.spec.routes {
        let mut headers = vec![json!({"name": "Host", "value": routes.host})];
        if is_encrypted(routes) {
            headers.push(json!({"name": "X-Forwarded-Proto", "value": "https"}));
        }
        put(&mut get, "httpHeaders", headers);
    }
    get
}
