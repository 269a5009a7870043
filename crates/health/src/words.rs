//! Every sentence about what broke or is waited for, in words that ask for no knowledge of Kubernetes.

use serde_json::Value;

use crate::read::{list, text};

/// `web starts and stops again (2 times): exit code 1`
pub(crate) fn crash_loop(who: &str, ends: u64, code: Option<i64>) -> String {
    let code = match code {
        Some(0) => "it ends by itself (exit code 0)".to_owned(),
        Some(126 | 127) => format!("its program was not found or may not be run (exit code {})", code.unwrap_or(127)),
        Some(137) => "killed (exit code 137)".to_owned(),
        Some(139) => "crashed (exit code 139)".to_owned(),
        Some(code) => format!("exit code {code}"),
        None => "exit code unknown".to_owned(),
    };
    match ends {
        0 | 1 => format!("{who} started and stopped: {code}"),
        ends => format!("{who} starts and stops again ({ends} times): {code}"),
    }
}

/// `web used more memory than its limit of 512 MiB (2 times)`
pub(crate) fn out_of_memory(who: &str, limit: Option<&str>, ends: u64) -> String {
    let limit = limit.map(|limit| format!(" of {}", amount(limit))).unwrap_or_default();
    let times = if ends > 1 { format!(" ({ends} times)") } else { String::new() };
    format!("{who} used more memory than its limit{limit}{times}")
}

/// ``cannot download the image of web: not found (`registry.example/shop:1.42`)``
pub(crate) fn image(who: &str, image: &str, why: &str) -> String {
    format!("cannot download the image of {who}: {why} (`{image}`)")
}

/// `web cannot be started: its program was not found`
pub(crate) fn cannot_run(who: &str, message: &str) -> String {
    let why = if message.contains("executable file not found") || message.contains("no such file or directory") {
        "its program is not in the image".to_owned()
    } else if message.contains("permission denied") {
        "its program may not be run".to_owned()
    } else if message.contains("runAsNonRoot") {
        "it wants to run as root, which is forbidden here".to_owned()
    } else if message.is_empty() {
        "the machine says no more".to_owned()
    } else {
        short(message)
    };
    format!("{who} cannot be started: {why}")
}

/// Whether a start that failed with this message fails every time.
pub(crate) fn never_will_start(message: &str) -> bool {
    ["executable file not found", "no such file or directory", "permission denied"]
        .iter()
        .any(|word| message.contains(word))
}

/// ``setting `DB_URL` of web is missing: the secret `db` has no such key``, when the message is about one.
pub(crate) fn missing_setting(who: &str, message: &str, container: &Value) -> Option<String> {
    // couldn't find key DB_URL in Secret shop/db
    if let Some(rest) = message.split("find key ").nth(1) {
        let mut words = rest.split_whitespace();
        let key = words.next()?;
        let kind = words.nth(1)?.to_lowercase();
        let object = words.next()?.rsplit('/').next()?;
        let setting = setting_from(container, object, Some(key)).unwrap_or(key);
        return Some(format!("setting `{setting}` of {who} is missing: {} has no key `{key}`", named(&kind, object)));
    }
    // secret "db" not found
    let (before, rest) = message.split_once('"')?;
    let (object, after) = rest.split_once('"')?;
    let kind = before.split_whitespace().last()?.to_lowercase();
    if !after.contains("not found") || !matches!(kind.as_str(), "secret" | "configmap") {
        return None;
    }
    let missing = match setting_from(container, object, None) {
        Some(setting) => format!("setting `{setting}` of {who} is missing"),
        None => format!("settings of {who} are missing"),
    };
    Some(format!("{missing}: {} does not exist", named(&kind, object)))
}

/// `the namespace is full: 10 of 10 pods`, or what the cluster says.
pub(crate) fn not_admitted(who: &str, message: &str) -> String {
    match quota(message) {
        Some((used, limited, what)) => format!("the namespace is full: {used} of {limited} {what}"),
        None => format!("the cluster refuses to start {who}: {}", short(message)),
    }
}

/// `no room on any machine: needs 2 CPU`
pub(crate) fn no_room(who: &str, pod: &Value) -> String {
    let of = |what: &str| -> Vec<&str> {
        let pointer = format!("/resources/requests/{what}");
        list(pod, "/spec/containers").iter().filter_map(|container| text(container, &pointer)).collect()
    };
    let (cpu, memory) = (of("cpu"), of("memory"));
    let mut needs = Vec::new();
    if !cpu.is_empty() {
        needs.push(format!("{} CPU", cpu.join(" + ")));
    }
    if !memory.is_empty() {
        let memory: Vec<_> = memory.iter().map(|amount_of| amount(amount_of)).collect();
        needs.push(format!("{} of memory", memory.join(" + ")));
    }
    if needs.is_empty() {
        format!("no room on any machine for {who}")
    } else {
        format!("no room on any machine for {who}: needs {}", needs.join(" and "))
    }
}

/// A message, cut to what fits a line of chat.
pub(crate) fn short(message: &str) -> String {
    const LONGEST: usize = 300;
    let line = message.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The variable of a container that is read from an object (and from that key of it).
fn setting_from<'a>(container: &'a Value, object: &str, key: Option<&str>) -> Option<&'a str> {
    let variable = list(container, "/env").iter().find(|variable| {
        ["/valueFrom/secretKeyRef", "/valueFrom/configMapKeyRef"].iter().any(|at| {
            variable.pointer(at).is_some_and(|reference| {
                text(reference, "/name") == Some(object) && (key.is_none() || text(reference, "/key") == key)
            })
        })
    })?;
    text(variable, "/name")
}

fn named(kind: &str, object: &str) -> String {
    match kind {
        "secret" => format!("the secret `{object}`"),
        "configmap" => format!("the config map `{object}`"),
        _ => format!("`{object}`"),
    }
}

/// `exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10` -> used, limited, what
fn quota(message: &str) -> Option<(&str, &str, String)> {
    let rest = message.split("exceeded quota:").nth(1)?;
    let part = |name: &str| rest.split(name).nth(1)?.split([',', ' ']).find(|word| word.contains('='))?.split_once('=');
    let (what, used) = part("used:")?;
    let (_, limited) = part("limited:")?;
    let what = match what {
        "requests.cpu" | "cpu" | "limits.cpu" => "CPU".to_owned(),
        "requests.memory" | "memory" | "limits.memory" => "memory".to_owned(),
        other => other.trim_start_matches("count/").to_owned(),
    };
    Some((used, limited, what))
}

/// `512Mi` -> `512 MiB`
fn amount(quantity: &str) -> String {
    let digits = quantity.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    match &quantity[digits.len()..] {
        "" => format!("{digits} bytes"),
        unit @ ("Ki" | "Mi" | "Gi" | "Ti" | "k" | "M" | "G" | "T") => format!("{digits} {unit}B"),
        _ => quantity.to_owned(),
    }
}
