//! The programs that kubeconfigs name to log in with (of GKE, EKS, AKS and others): run here and not by the client, so that one
//! that hangs, asks or floods delays nothing else.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{AuthInfo, Cluster, ExecConfig, ExecInteractiveMode, Kubeconfig};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::error::status::clip;

/// How long such a program may take: it may have to ask a cloud.
const WITHIN: Duration = Duration::from_secs(20);
/// What is read of what it answers.
const LONGEST_ANSWER: u64 = 1024 * 1024;
/// What is shown of what it says when it fails.
const LONGEST_COMPLAINT: usize = 300;
/// Ours are not for others' programs.
const OUR_VARIABLES: &str = "PINNACE_";
/// The version that is asked for where the kubeconfig names none.
const API_VERSION: &str = "client.authentication.k8s.io/v1";

/// What a program answered.
#[derive(Deserialize)]
struct Answer {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// Puts what the program of this user answers in the place of the program. Gives back until when it holds, if the program says so;
/// or a sentence that says what is wrong.
pub(super) async fn log_in(user: &mut AuthInfo, cluster: Option<&Cluster>) -> Result<Option<Timestamp>, String> {
    let Some(exec) = user.exec.take() else { return Ok(None) };
    let command = exec.command.clone().ok_or("the kubeconfig names no program to log in with")?;
    let answer = run(&exec, &command, cluster, WITHIN).await?;
    let status: Option<Answer> = serde_json::from_slice(&answer).ok();
    let status = status.and_then(|answer| answer.status).ok_or_else(|| {
        format!("`{command}` answered something that is no ExecCredential: run it by hand and look at what it prints")
    })?;
    let pem = |text: String| kube_data(text.as_bytes());
    if let Some(token) = status.token {
        user.token = Some(token.into());
    } else if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        user.client_certificate_data = Some(pem(certificate));
        user.client_key_data = Some(pem(key).into());
    } else {
        return Err(format!("`{command}` answered neither a token nor a certificate with its key"));
    }
    Ok(status.expiration_timestamp)
}

/// The program that the user of this context logs in with; none where it needs none, or where the kubeconfig can't be read.
pub fn login_program(kubeconfig: Option<&Path>, context: &str) -> Option<String> {
    let file = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from).ok()?;
    let named = file.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let user = file.auth_infos.iter().find(|known| Some(&known.name) == named.user.as_ref())?;
    user.auth_info.as_ref()?.exec.as_ref()?.command.clone()
}

/// As a kubeconfig holds it.
fn kube_data(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn run(exec: &ExecConfig, command: &str, cluster: Option<&Cluster>, within: Duration) -> Result<Vec<u8>, String> {
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(format!(
            "`{command}` logs in by asking a person, and a server has none: name another user in the kubeconfig"
        ));
    }
    let mut child = started(exec, command, cluster)?;
    let mut group = Group::of(&child);
    let (out, complaint) = (child.stdout.take(), child.stderr.take());
    let ran = async {
        let (out, complaint) = tokio::join!(read(out), read(complaint));
        (child.wait().await, out, complaint)
    };
    let Ok((status, out, complaint)) = tokio::time::timeout(within, ran).await else {
        return Err(format!("`{command}` did not answer within {} s: run it by hand", within.as_secs()));
    };
    group.ended();
    let status = status.map_err(|error| format!("waiting for `{command}`: {error}"))?;
    if status.success() {
        return Ok(out);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let said = line(&complaint);
    Err(format!("`{command}` failed ({status}): {}", if said.is_empty() { "it said nothing" } else { &said }))
}

/// What somebody else's program says, as part of a line.
fn line(text: &str) -> String {
    let line: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    clip(&line, LONGEST_COMPLAINT)
}

fn started(exec: &ExecConfig, command: &str, cluster: Option<&Cluster>) -> Result<Child, String> {
    let mut program = Command::new(command);
    program.args(exec.args.iter().flatten());
    for (ours, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(OUR_VARIABLES)) {
        program.env_remove(ours);
    }
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            program.env(name, value);
        }
    }
    program.env("KUBERNETES_EXEC_INFO", asked(exec, cluster).to_string());
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.process_group(0).kill_on_drop(true).spawn().map_err(|error| {
        let hint = exec.install_hint.as_deref().unwrap_or("install it where the server runs");
        let hint = line(hint);
        format!("`{command}`, which the kubeconfig names to log in with, does not start: {error}; {hint}")
    })
}

/// What the program is told: nobody is there to be asked, and, where it wants to know, which cluster it is for.
fn asked(exec: &ExecConfig, cluster: Option<&Cluster>) -> Value {
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info
        && let Some(cluster) = cluster
    {
        let mut about = serde_json::to_value(cluster).unwrap_or_default();
        if let Some(fields) = about.as_object_mut() {
            fields.shift_remove("extensions");
            fields.shift_remove("certificate-authority");
            let own = cluster.extensions.iter().flatten().find(|one| one.name == "client.authentication.k8s.io/exec");
            if let Some(own) = own {
                fields.insert("config".to_owned(), own.extension.clone());
            }
        }
        spec["cluster"] = about;
    }
    let version = exec.api_version.as_deref().unwrap_or(API_VERSION);
    json!({"apiVersion": version, "kind": "ExecCredential", "spec": spec})
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error is looked at like all else.
        let _ = pipe.take(LONGEST_ANSWER).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The program and whatever it started; killed when nobody waits for it any more.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The only failure is that nobody is left.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user of a kubeconfig who logs in by this shell script.
    fn user(script: &str, more: Value) -> AuthInfo {
        let mut exec =
            json!({"apiVersion": API_VERSION, "command": "sh", "args": ["-c", script], "interactiveMode": "Never"});
        exec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({"exec": exec})).unwrap()
    }

    fn cluster() -> Cluster {
        serde_json::from_value(json!({"server": "https://prod.example", "extensions": [
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "prod"}}]}))
        .unwrap()
    }

    #[tokio::test]
    async fn a_token_takes_the_place_of_the_program_until_it_ends() {
        let script =
            r#"echo '{"kind":"ExecCredential","status":{"token":"abc","expirationTimestamp":"2031-01-02T03:04:05Z"}}'"#;
        let mut user = user(script, json!({}));
        let until = log_in(&mut user, None).await.unwrap();
        assert_eq!(until.unwrap().to_string(), "2031-01-02T03:04:05Z");
        assert!(user.exec.is_none() && user.token.is_some());
    }

    #[tokio::test]
    async fn a_certificate_comes_with_its_key() {
        let both = r#"echo '{"status":{"clientCertificateData":"PEM","clientKeyData":"KEY"}}'"#;
        let mut with = user(both, json!({}));
        log_in(&mut with, None).await.unwrap();
        assert_eq!(with.client_certificate_data.as_deref(), Some("UEVN"));
        let one = r#"echo '{"status":{"clientCertificateData":"PEM"}}'"#;
        assert!(log_in(&mut user(one, json!({})), None).await.unwrap_err().contains("neither a token nor"));
    }

    #[tokio::test]
    async fn the_program_is_told_which_cluster_it_is_for_where_it_wants_to_know() {
        let script = r#"printf '{"status":{"token":"%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)""#;
        for (wants, told) in [(true, true), (false, false)] {
            let mut user = user(script, json!({"provideClusterInfo": wants}));
            // The script hands back what it was told, so that it can be read here.
            let exec = user.exec.clone().unwrap();
            let answer = run(&exec, "sh", Some(&cluster()), WITHIN).await.unwrap();
            log_in(&mut user, Some(&cluster())).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let info = base64::Engine::decode(
                &base64::engine::general_purpose::STANDARD,
                answer["status"]["token"].as_str().unwrap(),
            );
            let info: Value = serde_json::from_slice(&info.unwrap()).unwrap();
            assert_eq!(info["spec"]["interactive"], false);
            assert_eq!(info["spec"]["cluster"]["server"] == "https://prod.example", told);
            assert_eq!(info["spec"]["cluster"]["config"]["audience"] == "prod", told);
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_with_the_program_and_what_to_do() {
        let told = async |mut user: AuthInfo| log_in(&mut user, None).await.unwrap_err();
        let failed = told(user("echo 'no credentials found' >&2; exit 3", json!({}))).await;
        assert!(failed.contains("`sh` failed (exit status: 3): no credentials found"), "{failed}");
        assert!(told(user("echo hello", json!({}))).await.contains("no ExecCredential"));
        assert!(told(user("true", json!({"interactiveMode": "Always"}))).await.contains("a server has none"));
        let missing =
            json!({"command": "no-such-program", "installHint": "get it from the cloud's command line tools"});
        let missing = told(user("", missing)).await;
        assert!(missing.contains("`no-such-program`") && missing.contains("get it from the cloud's"), "{missing}");
    }

    #[tokio::test]
    async fn one_that_hangs_is_not_waited_for() {
        let exec = user("sleep 600", json!({})).exec.unwrap();
        let told = run(&exec, "sh", None, Duration::ZERO).await.unwrap_err();
        assert!(told.contains("`sh` did not answer within 0 s: run it by hand"), "{told}");
    }

    #[tokio::test]
    async fn whoever_gives_up_leaves_nothing_of_it_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {0}.part; mv {0}.part {0}; wait", file.display());
        let mut user = user(&script, json!({}));
        let began = async {
            while !file.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = log_in(&mut user, None) => panic!("it hangs: {answer:?}"),
            () = began => {}
        }
        let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let child = Pid::from_raw(pid).unwrap();
        while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
            std::thread::yield_now();
        }
    }

    /// Whether it is dead and only waits for its parent's parent to ask.
    fn is_zombie(pid: Pid) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        status.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
    }
}
