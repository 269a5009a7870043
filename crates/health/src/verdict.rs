//! What can be said about an object.

use serde::{Deserialize, Serialize};

use crate::key::ObjectKey;

/// What an object, or all objects of an instance together, is judged to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
pub enum Verdict {
    /// It is what was asked for, now.
    Current,
    /// It is on its way; nothing says that it cannot arrive.
    InProgress(Progress),
    /// It will not arrive without a change.
    Failed(Failure),
    /// It is being deleted.
    Terminating,
    /// It could not be judged.
    Unknown(String),
}

impl Verdict {
    /// How bad it is, for finding the worst of many: larger is worse.
    pub fn badness(&self) -> u8 {
        match self {
            Self::Current => 0,
            Self::InProgress(_) => 1,
            Self::Terminating => 2,
            Self::Unknown(_) => 3,
            Self::Failed(_) => 4,
        }
    }

    /// Whether it is [`Verdict::Current`].
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether it is [`Verdict::Failed`].
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// One sentence for people.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Current => "runs as it should",
            Self::InProgress(progress) => &progress.sentence,
            Self::Failed(failure) => &failure.sentence,
            Self::Terminating => "is being deleted",
            Self::Unknown(why) => why,
        }
    }
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The object that is waited for.
    pub object: ObjectKey,
    /// What happens, in words: `web: 1 of 3 are ready`.
    pub sentence: String,
    /// The same in the words of Kubernetes, for those who want them.
    pub technical: String,
    /// How many are ready, and of how many, where that can be counted.
    pub ready: Option<(u64, u64)>,
    /// The lines that would explain a long wait, where there are any.
    pub logs_of: Option<LogSource>,
    /// Something was set in motion that takes longer than usual (a machine is being added): worth more patience.
    pub patience: bool,
    /// Whoever does it has a deadline of its own for this, and says so when it is over: this time counts for no other.
    #[serde(default)]
    pub timed: bool,
}

impl Progress {
    /// A wait for one object, with nothing to count.
    pub fn new(object: &ObjectKey, sentence: impl Into<String>, technical: impl Into<String>) -> Self {
        Self {
            object: object.clone(),
            sentence: sentence.into(),
            technical: technical.into(),
            ready: None,
            logs_of: None,
            patience: false,
            timed: false,
        }
    }
}

/// What broke, with the evidence for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The object that we applied and that will not become Current.
    pub object: ObjectKey,
    /// The kind of fault.
    pub cause: Cause,
    /// What broke, in words: `web starts and stops again (2 times): exit code 1`.
    pub sentence: String,
    /// The same in the words of Kubernetes, for those who want them.
    pub technical: String,
    /// Where the last lines of the failing container are to be had.
    pub logs_of: Option<LogSource>,
    /// The exit code of the failing container, where it exited.
    pub exit_code: Option<i64>,
}

impl Failure {
    /// A failure with neither lines nor an exit code.
    pub fn new(object: &ObjectKey, cause: Cause, sentence: impl Into<String>, technical: impl Into<String>) -> Self {
        Self {
            object: object.clone(),
            cause,
            sentence: sentence.into(),
            technical: technical.into(),
            logs_of: None,
            exit_code: None,
        }
    }
}

/// Why something failed: closed, so that whoever acts on it can list what it handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A container of the new version exits again and again.
    CrashLoop,
    /// The registry has no such image.
    ImageMissing,
    /// The registry will not hand the image out, or its signature is not accepted.
    ImageRefused,
    /// The image's name can't be one.
    ImageNameInvalid,
    /// A Secret, a ConfigMap or a key of one that a container needs is not there.
    ConfigMissing,
    /// A container needed more memory than it may have.
    OutOfMemory,
    /// The machine could not start the container: no such program, not permitted.
    ContainerCannotRun,
    /// A quota or an admission rule forbids the pods.
    QuotaOrAdmission,
    /// A job, or a pod that should end well, ended badly.
    JobFailed,
    /// The object's own controller says that it can't go on.
    Stalled,
    /// A custom resource definition's names are taken.
    NamesNotAccepted,
    /// What held the data is gone.
    Lost,
    /// It did not become Current in time.
    DeadlineExceeded,
}

/// Where to read a container's lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container in it.
    pub container: String,
    /// Whether the lines of the run before this one are meant.
    pub previous: bool,
}
