//! One container of a pod of the newest revision: is it doomed, and if not, what is waited for?

use serde_json::Value;

use crate::children::Restarts;
use crate::pull::{self, Pull};
use crate::read::{flag, int, list, text};
use crate::verdict::Cause;
use crate::words;

/// What one container's state says.
pub(crate) enum State {
    /// Nothing is wrong; it may be ready or on its way.
    Fine,
    /// Something is being waited for that is worth telling.
    Waiting(Said),
    /// It will not run without a change.
    Doomed(Fault),
}

/// A sentence and its technical twin.
pub(crate) struct Said {
    pub(crate) sentence: String,
    pub(crate) technical: String,
}

/// What dooms a container.
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    pub(crate) sentence: String,
    pub(crate) technical: String,
    pub(crate) exit_code: Option<i64>,
    /// Whether the container ever ran, so that there are lines to read.
    pub(crate) has_logs: bool,
}

/// One container and what is known around it.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    /// The pod it is in.
    pub(crate) pod: &'a Value,
    /// Its entry in the pod's status.
    pub(crate) status: &'a Value,
    /// How people call it.
    pub(crate) called: &'a str,
    /// Its restarts.
    pub(crate) restarts: Restarts,
    /// Whether restarts count against it: a job's pods are judged by their job.
    pub(crate) may_not_restart: bool,
}

/// Restarts of a container of the new revision that doom it.
const DOOMING_RESTARTS: u64 = 2;

impl Container<'_> {
    /// Judges it by its state.
    pub(crate) fn judge(self) -> State {
        let reason = text(self.status, "/state/waiting/reason").unwrap_or_default();
        let message = text(self.status, "/state/waiting/message").unwrap_or_default();
        match reason {
            "ErrImagePull" | "ImagePullBackOff" => return self.pull(reason, message),
            "ErrImageNeverPull" => {
                let why = "it is not on the machine, and downloading it is switched off";
                return self.doom(Cause::ImageMissing, words::image(self.called, self.image(), why), reason, message);
            }
            "InvalidImageName" => {
                let why = "that is not a name of an image";
                return self.doom(
                    Cause::ImageNameInvalid,
                    words::image(self.called, self.image(), why),
                    reason,
                    message,
                );
            }
            "SignatureValidationFailed" => {
                let why = "its signature is not accepted";
                return self.doom(Cause::ImageRefused, words::image(self.called, self.image(), why), reason, message);
            }
            "ImageInspectError" | "RegistryUnavailable" => {
                let why = words::image(self.called, self.image(), "the registry does not answer; trying again");
                return self.wait(why, reason, message);
            }
            "CreateContainerConfigError" => return self.config(reason, message),
            "CreateContainerError" | "RunContainerError" | "PostStartHookError" if !may_pass(message) => {
                return self.doom(Cause::ContainerCannotRun, words::cannot_run(self.called, message), reason, message);
            }
            _ => {}
        }
        self.exits(reason)
    }

    fn pull(self, reason: &str, message: &str) -> State {
        let image = self.image();
        let say = |why| words::image(self.called, image, why);
        match pull::classify(message, image) {
            Pull::Missing => self.doom(Cause::ImageMissing, say("not found"), reason, message),
            Pull::Refused => self.doom(Cause::ImageRefused, say("the registry refuses access"), reason, message),
            Pull::Trouble => self.wait(say("the registry is in trouble; trying again"), reason, message),
        }
    }

    fn config(self, reason: &str, message: &str) -> State {
        // The kubelet's own cache was late: it tries again by itself.
        if message.contains("failed to sync") || may_pass(message) {
            return self.wait(format!("{} waits for its settings", self.called), reason, message);
        }
        match words::missing_setting(self.called, message, self.spec()) {
            Some(sentence) => self.doom(Cause::ConfigMissing, sentence, reason, message),
            None => self.doom(Cause::ContainerCannotRun, words::cannot_run(self.called, message), reason, message),
        }
    }

    /// What its ends so far say.
    fn exits(self, waiting: &str) -> State {
        let now = self.status.pointer("/state/terminated").filter(|state| state.is_object());
        let Some(end) = now.or_else(|| self.status.pointer("/lastState/terminated").filter(|end| end.is_object()))
        else {
            return State::Fine;
        };
        let code = int(end, "/exitCode");
        if now.is_some() && code == Some(0) && self.ends_well() {
            return State::Fine;
        }
        let reason = text(end, "/reason").unwrap_or_default();
        let message = text(end, "/message").unwrap_or_default();
        if matches!(reason, "StartError" | "ContainerCannotRun") && words::never_will_start(message) {
            return self.doom(Cause::ContainerCannotRun, words::cannot_run(self.called, message), reason, message);
        }
        if !self.may_not_restart {
            return State::Fine;
        }
        // From before the candidate, and well since: that is history.
        let settled = text(self.status, "/state/running/startedAt").is_some() && flag(self.status, "/ready");
        let none_in_window = self.restarts.count == 0 && now.is_none();
        if none_in_window || (settled && !self.restarts.in_window) {
            return State::Fine;
        }
        // Between two starts it has stopped once more than it was started again.
        let ends = self.restarts.count + u64::from(now.is_some() || waiting == "CrashLoopBackOff");
        let out_of_memory = reason == "OOMKilled";
        let sentence = if out_of_memory {
            words::out_of_memory(self.called, text(self.spec(), "/resources/limits/memory"), ends)
        } else {
            words::crash_loop(self.called, ends, code)
        };
        let technical = self.technical(if waiting.is_empty() { reason } else { waiting }, message)
            + &format!("; restarts: {}, last end: {reason} (exit code {})", self.restarts.count, code.unwrap_or(-1));
        // Running out of memory twice is enough: it is no accident of the start.
        let twice_out_of_memory = out_of_memory && ends >= 2;
        if self.restarts.count >= DOOMING_RESTARTS || twice_out_of_memory {
            let cause = if out_of_memory { Cause::OutOfMemory } else { Cause::CrashLoop };
            return State::Doomed(Fault { cause, sentence, technical, exit_code: code, has_logs: true });
        }
        State::Waiting(Said { sentence, technical })
    }

    /// Whether an end with code 0 is what this container is for: preparing, or a pod that isn't restarted.
    fn ends_well(self) -> bool {
        let name = text(self.status, "/name");
        // One that is itself always restarted runs beside the others and is meant to stay.
        let prepares = list(self.pod, "/spec/initContainers")
            .iter()
            .any(|spec| text(spec, "/name") == name && text(spec, "/restartPolicy") != Some("Always"));
        prepares || text(self.pod, "/spec/restartPolicy").is_some_and(|policy| policy != "Always")
    }

    /// Its part of the pod's spec.
    fn spec(&self) -> &Value {
        let name = text(self.status, "/name");
        list(self.pod, "/spec/initContainers")
            .iter()
            .chain(list(self.pod, "/spec/containers"))
            .find(|spec| text(spec, "/name") == name)
            .unwrap_or(&Value::Null)
    }

    fn image(&self) -> &str {
        text(self.spec(), "/image").or_else(|| text(self.status, "/image")).unwrap_or_default()
    }

    fn technical(&self, reason: &str, message: &str) -> String {
        let pod = crate::read::name(self.pod);
        let container = text(self.status, "/name").unwrap_or_default();
        let rest = if message.is_empty() { String::new() } else { format!(": {message}") };
        format!("Pod {pod}, container {container}: {reason}{rest}")
    }

    fn wait(&self, sentence: String, reason: &str, message: &str) -> State {
        State::Waiting(Said { sentence, technical: self.technical(reason, message) })
    }

    fn doom(&self, cause: Cause, sentence: String, reason: &str, message: &str) -> State {
        let technical = self.technical(reason, message);
        State::Doomed(Fault { cause, sentence, technical, exit_code: None, has_logs: false })
    }
}

/// Whether the machine, and not the container, was at fault: it tries again by itself.
fn may_pass(message: &str) -> bool {
    ["deadline exceeded", "timed out", "connection refused", "is reserved for", "code = Unavailable"]
        .iter()
        .any(|word| message.contains(word))
}
