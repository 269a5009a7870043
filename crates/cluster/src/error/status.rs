//! What an API server answers when it refuses, turned into a `ClusterError` whose text quotes no values.

use kube::core::Status;
use kube::core::response::StatusDetails;

use crate::client::Call;
use crate::error::ClusterError;

/// A manifest that fits no schema comes as a 500 without a reason; it is the manifest's fault all the same.
const MANIFESTS_FAULT: &[&str] = &[TYPED_PATCH, "failed to convert new object"];
/// What the server says is cut here, in characters.
const LONGEST: usize = 600;
const TYPED_PATCH: &str = "failed to create typed patch object";

/// Whose error it is.
pub(crate) struct Whose<'a> {
    pub(crate) context: &'a str,
    /// The command that prints the rights that it needs.
    pub(crate) command_for_rights: &'a str,
}

/// The error for an answer that is not a success.
pub(crate) fn refused(whose: &Whose<'_>, call: &Call, code: u16, body: &[u8]) -> ClusterError {
    let status = serde_json::from_slice::<Status>(body).unwrap_or_else(|_| {
        let text = clip(String::from_utf8_lossy(body).trim(), 200);
        Status::failure(&text, "").with_code(code)
    });
    from_status(whose, call, code, &status)
}

/// The error for a status object, from an answer or from inside a watch.
pub(crate) fn from_status(whose: &Whose<'_>, call: &Call, code: u16, status: &Status) -> ClusterError {
    let context = whose.context.to_owned();
    let what = call.to_string();
    match (code, &call.object) {
        (401, _) => ClusterError::Unauthorized { context },
        (403, _) => forbidden(call, status, whose.command_for_rights),
        (404, _) if names_a_missing_namespace(call, status) => ClusterError::NamespaceMissing {
            namespace: call
                .namespace
                .clone()
                .unwrap_or_else(|| details(status).map(|d| d.name.clone()).unwrap_or_default()),
        },
        (404, Some(object)) => ClusterError::NotFound { object: object.clone() },
        (409, Some(object)) => ClusterError::Conflict { object: object.clone() },
        (410, _) => ClusterError::Gone { what },
        (429 | 503, _) => ClusterError::Busy { context, what },
        (400 | 422, Some(object)) => ClusterError::Invalid { object: object.clone(), message: message(call, status) },
        (500, Some(object)) if MANIFESTS_FAULT.iter().any(|lead| status.message.starts_with(lead)) => {
            ClusterError::Invalid { object: object.clone(), message: message(call, status) }
        }
        _ => ClusterError::Unexpected { context, what, code, message: message(call, status) },
    }
}

fn forbidden(call: &Call, status: &Status, command: &str) -> ClusterError {
    let text = &status.message;
    match &call.object {
        Some(object) if text.contains("exceeded quota") => {
            ClusterError::Quota { object: object.clone(), message: after(text, "exceeded quota: ") }
        }
        // "User x cannot patch resource ..." is a missing right; every other 403 is a policy speaking.
        Some(object) if !text.contains("cannot ") => {
            ClusterError::Denied { object: object.clone(), message: message(call, status) }
        }
        _ => ClusterError::Forbidden {
            verb: refused_verb(text).unwrap_or(&call.verb).to_owned(),
            resource: call.resource.clone(),
            namespace: call.namespace.clone(),
            command: command.to_owned(),
        },
    }
}

/// A server-side apply of a new object needs `create` as well: the server names the verb it missed.
fn refused_verb(message: &str) -> Option<&str> {
    message.split_once("cannot ")?.1.split_whitespace().next()
}

fn names_a_missing_namespace(call: &Call, status: &Status) -> bool {
    let asked_for_it = call.object.as_ref().is_some_and(|object| object.namespace.is_none());
    !asked_for_it && details(status).is_some_and(|d| d.kind == "namespaces")
}

fn details(status: &Status) -> Option<&StatusDetails> {
    status.details.as_ref()
}

/// The server's words about the object, without the values that it quotes.
fn message(call: &Call, status: &Status) -> String {
    let secret = call.object.as_ref().is_some_and(|o| o.kind.is_secret());
    let causes: Vec<String> = details(status)
        .map(|d| d.causes.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|cause| match secret {
            true => format!("{}: {}", cause.field, cause.reason),
            false if cause.field.is_empty() => without_values(&cause.message),
            false => format!("{}: {}", cause.field, without_values(&cause.message)),
        })
        .collect();
    match (causes.is_empty(), secret) {
        (false, _) => clip(&causes.join("; "), LONGEST),
        (true, true) => about_a_secret(&status.message),
        (true, false) => clip(&without_values(&status.message), LONGEST),
    }
}

/// Only what is known to quote no value.
fn about_a_secret(message: &str) -> String {
    if message.starts_with(TYPED_PATCH) {
        clip(&without_values(message), LONGEST)
    } else if message.contains("illegal base64 data") {
        "a value under `data` is not base64: plain text goes under `stringData`".to_owned()
    } else {
        "its text is not shown, since it may quote the Secret's values".to_owned()
    }
}

/// Cuts a text, and shows it: whoever takes secrets out of it finds what is left of one before the `…` as well.
pub(crate) fn clip(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn after(text: &str, lead: &str) -> String {
    text.split_once(lead).map_or(text, |(_, rest)| rest).to_owned()
}

/// Cuts the values out of validation messages: `Invalid value: {"a": ..}: field is immutable` keeps the second half.
pub(crate) fn without_values(message: &str) -> String {
    const LEAD: &str = "Invalid value: ";
    let mut rest = message;
    let mut out = String::new();
    while let Some((before, value)) = rest.split_once(LEAD) {
        out.push_str(before);
        rest = value.get(value_length(value)..).unwrap_or_default().trim_start_matches(": ");
    }
    out.push_str(rest);
    without_go_values(&out)
}

/// How long the value at the start of a text is, as Go prints it: quoted, in brackets, or up to the next colon.
fn value_length(text: &str) -> usize {
    let up_to_colon = text.find(": ").unwrap_or(text.len());
    match text.bytes().next() {
        Some(b'"') => quoted_length(text),
        Some(b'{' | b'[') => bracketed_length(text),
        // A Go struct: `core.PodTemplateSpec{...}`; its brackets may not balance, so the last one counts.
        _ if text.get(..up_to_colon).is_some_and(|word| word.contains('{')) => {
            text.rfind("}: ").map_or(text.len(), |end| end + 1)
        }
        _ => up_to_colon,
    }
}

fn quoted_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn bracketed_length(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// `expected string, got &value.valueUnstructured{Value:42}` quotes the value as well.
fn without_go_values(message: &str) -> String {
    match message.split_once(", got &value.") {
        Some((before, value)) => {
            let end = value.rfind('}').map_or(value.len(), |at| at + 1);
            format!("{before}{}", value.get(end..).unwrap_or_default())
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
