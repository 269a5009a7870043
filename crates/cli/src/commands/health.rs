//! `pinnace health`: judges objects in a file as the server judges them in a cluster.

use std::collections::HashSet;
use std::io::{Read as _, Write, stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use config_repo::Config;
use health::{Children, CustomRules, ObjectKey, Verdict};
use render::{LARGEST_DUMP, live_objects};
use serde::Serialize;
use serde_json::Value;

/// Say of objects as the cluster shows them whether they are what was asked for, and if not, why
///
/// One line of JSON for each object: kind, namespace, name, verdict (Current, InProgress, Failed, Terminating, Unknown) and
/// reason. ReplicaSets, pods and events of objects in the same input are taken as evidence and have no line of their own.
///
///     kubectl get deployments,replicasets,pods,events -o json | pinnace health -f -
///
/// Exit codes: 0 all are Current, 1 some are not, 2 the input can't be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// A file of YAML documents or JSON, lists too; `-` reads what is piped in
    #[arg(short = 'f', long = "filename", required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The `pinnace.yaml` whose rules for custom resources hold
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

/// Runs the command and prints to the terminal.
pub(crate) fn run(args: &Health) -> anyhow::Result<ExitCode> {
    let judged = rules(args.rules.as_deref()).and_then(|rules| Ok(judge(&read(&args.files)?, &rules)));
    match judged {
        Ok(lines) => Ok(ExitCode::from(print(&lines, &mut stdout().lock())?)),
        Err(error) => {
            writeln!(stderr(), "error: {error:#}")?;
            Ok(ExitCode::from(2))
        }
    }
}

/// What is said of one object. Its fields are only ever added.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    kind: String,
    namespace: Option<String>,
    name: String,
    verdict: &'static str,
    reason: String,
}

fn print(lines: &[Line], out: &mut impl Write) -> anyhow::Result<u8> {
    for line in lines {
        writeln!(out, "{}", serde_json::to_string(line)?)?;
    }
    Ok(u8::from(lines.iter().any(|line| line.verdict != "Current")))
}

fn judge(objects: &[Value], rules: &CustomRules) -> Vec<Line> {
    let children = Children::new(objects);
    let there: HashSet<&str> = objects.iter().filter_map(|object| object.pointer("/metadata/uid")?.as_str()).collect();
    let judged = objects.iter().filter(|object| !is_evidence(object, &there));
    judged.map(|object| line(ObjectKey::of(object), &health::judge_object(object, &children, rules))).collect()
}

/// Whether an object only says how another is: it has an owner here, or is an event.
fn is_evidence(object: &Value, there: &HashSet<&str>) -> bool {
    if object.get("kind").is_some_and(|kind| kind == "Event") {
        return true;
    }
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let uids = owners.into_iter().flatten().filter_map(|owner| owner.get("uid")?.as_str());
    uids.into_iter().any(|uid| there.contains(uid))
}

fn line(key: ObjectKey, verdict: &Verdict) -> Line {
    let word = match verdict {
        Verdict::Current => "Current",
        Verdict::InProgress(_) => "InProgress",
        Verdict::Failed(_) => "Failed",
        Verdict::Terminating => "Terminating",
        Verdict::Unknown(_) => "Unknown",
    };
    let ObjectKey { kind, namespace, name, .. } = key;
    Line { kind, namespace, name, verdict: word, reason: verdict.sentence().to_owned() }
}

/// The rules that a config gives.
fn rules(file: Option<&Path>) -> anyhow::Result<CustomRules> {
    let Some(file) = file else { return Ok(CustomRules::default()) };
    let (name, bytes) = bytes_of(file)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name}: is not UTF-8 text"))?;
    Ok(Config::parse(&text, &name)?.health)
}

fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for file in files {
        let (name, bytes) = bytes_of(file)?;
        objects.extend(live_objects(&name, &bytes)?);
    }
    if objects.is_empty() {
        bail!("there is no object in the input: give what `kubectl get ... -o yaml` or `-o json` prints");
    }
    Ok(objects)
}

fn bytes_of(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let reading = || format!("{name}: reading it failed");
    let mut bytes = Vec::new();
    let limit = u64::try_from(LARGEST_DUMP + 1).unwrap_or(u64::MAX);
    if file == Path::new("-") {
        stdin().lock().take(limit).read_to_end(&mut bytes).with_context(reading)?;
    } else {
        let opened = std::fs::File::open(file).with_context(reading)?;
        opened.take(limit).read_to_end(&mut bytes).with_context(reading)?;
    }
    Ok((name, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> (String, u8) {
        let mut out = Vec::new();
        let code =
            print(&judge(&live_objects("objects.yaml", text.as_bytes()).unwrap(), &CustomRules::default()), &mut out)
                .unwrap();
        (String::from_utf8(out).unwrap(), code)
    }

    const SETTINGS: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}}\n";
    const CLAIM: &str = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, status: {phase: Pending}}\n";

    #[test]
    fn each_object_gets_a_line_and_one_that_is_not_current_gives_one() {
        let (out, code) = judged(&format!("{SETTINGS}---\n{CLAIM}"));
        let expected = concat!(
            r#"{"kind":"ConfigMap","namespace":"shop","name":"settings","verdict":"Current","reason":"runs as it should"}"#,
            "\n",
            r#"{"kind":"PersistentVolumeClaim","namespace":"shop","name":"data","verdict":"InProgress","#,
            r#""reason":"data waits for storage"}"#,
            "\n",
        );
        assert_eq!((out.as_str(), code), (expected, 1));
        assert_eq!(judged(SETTINGS).1, 0);
    }

    #[test]
    fn lists_are_taken_apart_in_yaml_and_in_json() {
        let yaml = format!("apiVersion: v1\nkind: List\nitems:\n- {SETTINGS}- {CLAIM}");
        let json = r#"{"apiVersion": "v1", "kind": "ConfigMapList", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}]}"#;
        assert_eq!(judged(&yaml).0.lines().count(), 2);
        assert_eq!(judged(json).0.lines().count(), 2);
        assert!(judged(json).0.contains(r#""namespace":null"#));
    }

    /// A Deployment whose new pod has crashed three times, and an old pod that is ill too.
    const ROLLOUT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d, generation: 2, annotations: {deployment.kubernetes.io/revision: "2"}}
spec: {replicas: 1, template: {spec: {containers: [{name: web, image: shop:2}]}}}
status: {observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: web-2, namespace: shop, uid: new, annotations: {deployment.kubernetes.io/revision: "2"},
  labels: {pod-template-hash: b}, ownerReferences: [{kind: Deployment, name: web, uid: d, controller: true}]}
spec: {replicas: 1, template: {metadata: {labels: {pod-template-hash: b}}, spec: {containers: [{name: web, image: shop:2}]}}}
status: {observedGeneration: 1, replicas: 1, availableReplicas: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: web-2-x, namespace: shop, uid: p, ownerReferences: [{kind: ReplicaSet, name: web, uid: OWNER, controller: true}]}
spec: {restartPolicy: Always, containers: [{name: web, image: shop:2}]}
status: {phase: Running, containerStatuses: [{name: web, image: shop:2, restartCount: 3,
  state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}
---
{apiVersion: v1, kind: Event, metadata: {name: e}, involvedObject: {uid: p}, reason: BackOff}
"#;

    #[test]
    fn pods_in_the_input_are_evidence_about_their_owner_and_have_no_line() {
        let (out, code) = judged(&ROLLOUT.replace("OWNER", "new"));
        assert_eq!(code, 1, "{out}");
        assert_eq!(out.lines().count(), 1, "{out}");
        assert!(out.contains("web starts and stops again (4 times): exit code 1"), "{out}");
    }

    #[test]
    fn a_pod_whose_owner_is_not_there_is_judged_by_itself() {
        let (out, code) = judged(&ROLLOUT.replace("OWNER", "elsewhere"));
        assert_eq!((out.lines().count(), code), (2, 1), "{out}");
        assert!(
            out.lines()
                .next()
                .unwrap()
                .contains(r#""kind":"Deployment","namespace":"shop","name":"web","verdict":"Current""#),
            "{out}"
        );
    }

    #[test]
    fn what_can_not_be_read_is_told_with_its_place() {
        for (text, told) in [
            ("a: [", "objects.yaml:1"),
            ("{\"kind\": \"Pod\"", "objects.yaml"),
            ("- a\n- b\n", "this is a list"),
            ("just words", "this is a text"),
        ] {
            let error = live_objects("objects.yaml", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn rules_of_a_config_hold_for_custom_resources() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pinnace.yaml");
        let config = "apiVersion: pinnace.dev/v1\nkind: Config\nhealth:\n  Widget.example.org: {current: status.up}\n";
        std::fs::write(&file, config).unwrap();
        let widget = "{apiVersion: example.org/v1, kind: Widget, metadata: {name: a}, status: {up: false}}";
        let objects = live_objects("a.yaml", widget.as_bytes()).unwrap();
        assert_eq!(judge(&objects, &rules(Some(&file)).unwrap())[0].verdict, "InProgress");
        assert_eq!(judge(&objects, &rules(None).unwrap())[0].verdict, "Current");
        std::fs::write(&file, config.replace("status.up", "status.")).unwrap();
        let error = rules(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("pinnace.yaml:4:"), "{error}");
    }

    #[test]
    fn an_input_without_an_object_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("empty.yaml");
        std::fs::write(&file, "# nothing\n").unwrap();
        assert!(read(&[file]).unwrap_err().to_string().contains("no object in the input"));
        assert!(read(&[folder.path().join("gone.yaml")]).is_err());
    }
}
