//! A Secret's value that would become empty where one was: mostly a variable or a file that was not found, and an app that runs
//! without its password. Refused before the first write, unless a person says that it is meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{DryRun, Refusal};
use render::{Object, Rendered};
use serde_json::Value;

use crate::converge::key;

/// The keys of a Secret that may become empty, with commas between; `true` for all.
const ALLOW: &str = "/metadata/annotations/pinnace.dev~1allow-empty";

/// What would lose its value, by what is live. What is taken out altogether is not meant.
pub(crate) fn emptied(rendered: &Rendered, seen: &DryRun) -> Vec<Refusal> {
    rendered.objects.iter().filter_map(|object| emptied_from(object, seen.live.get(&key(object))?)).collect()
}

/// The same of one object, which is live like this.
pub(crate) fn emptied_from(object: &Object, live: &Value) -> Option<Refusal> {
    if !secrets::is_secret(&object.value) {
        return None;
    }
    let key = key(object);
    let live = live.get("data")?;
    let allowed = object.value.pointer(ALLOW).and_then(Value::as_str).unwrap_or_default();
    let is_allowed = |name: &str| allowed.split(',').map(str::trim).any(|one| one == "true" || one == name);
    let data = object.value.get("data").and_then(Value::as_object)?;
    let lost = data.iter().filter(|(name, value)| {
        is_empty(value) && live.get(name.as_str()).is_some_and(|live| !is_empty(live)) && !is_allowed(name)
    });
    let names: Vec<&str> = lost.map(|(name, _)| name.as_str()).collect();
    let first = names.first()?;
    let message = format!(
        "`{}` would become empty, and has a value now: write the value, or take the key out; where it is meant, say so with the \
         annotation `pinnace.dev/allow-empty: \"{first}\"`",
        names.join("`, `")
    );
    Some(Refusal { key, message })
}

fn is_empty(value: &Value) -> bool {
    let packed = value.as_str().unwrap_or_default();
    STANDARD.decode(packed).is_ok_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use render::RenderContext;
    use secrets::MaskKey;

    use super::*;

    fn messages(annotation: &str, new: &str, live: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\n  annotations: {{{annotation}}}\nstringData: {{{new}}}\n"
        );
        let files = BTreeMap::from([("keys.yaml".to_owned(), text.into_bytes())]);
        let key = MaskKey::from_bytes([7; 32]);
        let rendered =
            render::render(&files, &RenderContext { namespace: "shop", cluster_kinds: &[], key: &key }).unwrap();
        let live = serde_json::json!({"data": {"A": STANDARD.encode(live)}});
        let live = BTreeMap::from([(crate::converge::key(&rendered.objects[0]), Arc::new(live))]);
        emptied(&rendered, &DryRun { live, ..DryRun::default() }).into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_value_that_goes_is_named_and_never_shown() {
        let told = messages("", "A: ''", "hunter2");
        assert!(told[0].contains("`A` would become empty") && !told[0].contains("hunter2"), "{told:?}");
        assert_eq!(messages("", "A: \"\\n\"", "hunter2").len(), 1, "a line end is no value");
    }

    #[test]
    fn what_was_empty_is_new_is_gone_or_is_allowed_is_left_alone() {
        for (annotation, new, live) in [
            ("", "A: ''", ""),
            ("", "A: x", "hunter2"),
            ("", "B: ''", "hunter2"),
            ("pinnace.dev/allow-empty: 'true'", "A: ''", "hunter2"),
            ("pinnace.dev/allow-empty: 'B, A'", "A: ''", "hunter2"),
        ] {
            assert_eq!(messages(annotation, new, live), Vec::<String>::new(), "{annotation} {new} {live}");
        }
        assert_eq!(messages("pinnace.dev/allow-empty: 'B'", "A: ''", "hunter2").len(), 1);
    }
}
