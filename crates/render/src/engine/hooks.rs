//! Helm's hooks, where nothing but their texts is known: what Pinnace never runs is left out and said, so that a chart that brings
//! it can still be used. Those of install and upgrade stay, and become steps ([`crate::Hook`]).

use serde_json::Value;

use super::output::{Made, Part};
use crate::yaml;

/// The annotation that makes an object a hook.
const HOOK: &str = "helm.sh/hook";

/// Takes out what is never run, and says so.
pub(super) fn sort_out(parts: Vec<Part>) -> Made {
    let mut made = Made::default();
    for part in parts {
        let (stays, told) = sorted(&part);
        made.left_out.extend(told);
        if stays {
            made.parts.push(part);
        }
    }
    made
}

/// Whether a part stays, and what is to be said of it.
fn sorted((place, text): &Part) -> (bool, Option<String>) {
    if !contains(text, HOOK.as_bytes()) {
        return (true, None);
    }
    // What can't be read is said when it is rendered.
    for document in yaml::documents(place, text).unwrap_or_default() {
        let Some(hook) = document.value.pointer("/metadata/annotations/helm.sh~1hook").and_then(Value::as_str) else {
            continue;
        };
        let word = |field: &str| document.value.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let what = format!("the {} `{}`", word("/kind"), word("/metadata/name"));
        return judged(&what, place, &hook.to_ascii_lowercase());
    }
    (true, None)
}

fn judged(what: &str, place: &str, hook: &str) -> (bool, Option<String>) {
    let events: Vec<&str> = hook.split(',').map(str::trim).collect();
    let never: Vec<&str> = events.iter().copied().filter(|event| !is_run(event)).collect();
    let stays = never.len() < events.len();
    let why = match never.as_slice() {
        [] => return (stays, None),
        never if never.iter().all(|event| event.starts_with("test")) => "a test of the chart".to_owned(),
        never if never.iter().all(|event| is_never(event)) => {
            format!("a hook of {}, and Pinnace deletes and goes back by converging", never.join(" and "))
        }
        never => format!("a hook of {}, which Helm does not run either", never.join(" and ")),
    };
    let told = if stays {
        format!("{what} ({place}) is not run as {why}")
    } else {
        format!("{what} is {why}: it is left out")
    };
    (stays, Some(told))
}

fn is_run(event: &str) -> bool {
    matches!(event, "pre-install" | "post-install" | "pre-upgrade" | "post-upgrade")
}

fn is_never(event: &str) -> bool {
    matches!(event, "pre-delete" | "post-delete" | "pre-rollback" | "post-rollback") || event.starts_with("test")
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(kind: &str, hook: &str) -> (usize, String) {
        let text = format!("kind: {kind}\nmetadata: {{name: it, annotations: {{helm.sh/hook: '{hook}'}}}}");
        let made = sort_out(vec![("templates/it.yaml".to_owned(), text.into_bytes())]);
        (made.parts.len(), made.left_out.join("; "))
    }

    #[test]
    fn what_runs_at_install_and_upgrade_stays() {
        assert_eq!(sorted("Job", "pre-install,pre-upgrade"), (1, String::new()));
        assert_eq!(sorted("ConfigMap", "Post-Install"), (1, String::new()));
    }

    #[test]
    fn what_is_never_run_is_left_out_and_said() {
        assert_eq!(sorted("Pod", "test"), (0, "the Pod `it` is a test of the chart: it is left out".to_owned()));
        assert_eq!(sorted("Pod", "test-success, test-failure").0, 0);
        let (left, told) = sorted("Job", "pre-delete");
        assert!(left == 0 && told.contains("a hook of pre-delete"), "{told}");
        let (left, told) = sorted("Job", "pre-instal");
        assert!(left == 0 && told.contains("Helm does not run"), "{told}");
        let (left, told) = sorted("Job", "post-upgrade, pre-rollback");
        assert!(left == 1 && told.contains("is not run as a hook of pre-rollback"), "{told}");
    }
}
