//! Helm's hooks. Pinnace makes objects be there; what a hook wants is that something runs at a certain time. Those that are
//! only there are ordinary objects, tests are left out, and the rest is refused by name: none is skipped in silence.

use serde_json::Value;

use super::EngineError;
use super::output::{Made, Part};
use crate::yaml;

/// The annotation that makes an object a hook.
const HOOK: &str = "helm.sh/hook";

const RUNS: &str = "it would have to run at each pin, in its order; move it into an init container, or make it an ordinary Job with a name of its own for each version";
const NEVER: &str =
    "Pinnace deletes and rolls back by converging, so it would never run: remove it, or disable it in the values";

/// Takes the tests out and says so, and refuses what would have to be run.
pub(super) fn sort_out(parts: Vec<Part>) -> Result<Made, EngineError> {
    let mut made = Made::default();
    for part in parts {
        match test(&part)? {
            Some(test) => made.left_out.push(format!("{test} is a test of the chart and is left out")),
            None => made.parts.push(part),
        }
    }
    Ok(made)
}

/// What the part is, if it is a test.
fn test((place, text): &Part) -> Result<Option<String>, EngineError> {
    if !contains(text, HOOK.as_bytes()) {
        return Ok(None);
    }
    // What can't be read is said when it is rendered.
    let mut test = None;
    for document in yaml::documents(place, text).unwrap_or_default() {
        let Some(hook) = document.value.pointer("/metadata/annotations/helm.sh~1hook").and_then(Value::as_str) else {
            continue;
        };
        let word = |field: &str| document.value.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = word("/kind");
        let what = format!("the {kind} `{}`", word("/metadata/name"));
        let refused = |what, why| Err(EngineError::Hook { place: place.clone(), what, hook: hook.to_owned(), why });
        let events: Vec<&str> = hook.split(',').map(str::trim).collect();
        if events.iter().all(|event| event.starts_with("test")) {
            test = Some(what);
        } else if events.iter().all(|event| event.ends_with("-delete") || event.ends_with("-rollback")) {
            return refused(what, NEVER);
        } else if matches!(kind.as_str(), "Job" | "Pod") {
            return refused(what, RUNS);
        }
    }
    Ok(test)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(kind: &str, hook: &str) -> Result<usize, String> {
        let text = format!("kind: {kind}\nmetadata: {{name: it, annotations: {{helm.sh/hook: '{hook}'}}}}");
        sort_out(vec![("templates/it.yaml".to_owned(), text.into_bytes())])
            .map(|made| made.parts.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn tests_are_left_out_and_what_is_only_there_stays() {
        assert_eq!(sorted("Pod", "test").unwrap(), 0);
        assert_eq!(sorted("Pod", "test-success, test-failure").unwrap(), 0);
        assert_eq!(sorted("ServiceAccount", "pre-install,pre-upgrade").unwrap(), 1);
        assert_eq!(sorted("ConfigMap", "post-install").unwrap(), 1);
    }

    #[test]
    fn what_would_have_to_run_is_refused_by_name() {
        let error = sorted("Job", "pre-install, pre-upgrade").unwrap_err();
        assert!(
            error.contains("templates/it.yaml") && error.contains("the Job `it`") && error.contains("pre-install"),
            "{error}"
        );
        assert!(sorted("ServiceAccount", "pre-delete").unwrap_err().contains("would never run"));
        assert!(sorted("Job", "test, post-upgrade").unwrap_err().contains("at each pin"));
    }
}
