//! What can be wrong with the files, and what to do about it. No variant holds a value out of a file.

use std::fmt;

use crate::engine::EngineError;
use crate::object::ObjectKey;

/// Where in the files something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path in the config repo.
    pub file: String,
    /// The line, from 1; 0 when it is about the whole file.
    pub line: u64,
    /// The column, from 1; 0 when it is about the whole line.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// Why nothing can be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The files were read and hold no object. Never taken for "everything is to go".
    #[error(
        "no Kubernetes object in {files} files: nothing was changed; check the path of the source in `pinnace.yaml`"
    )]
    NothingRendered {
        /// How many files were looked at.
        files: usize,
    },
    /// More than we are ready to read.
    #[error("{what}: split the source into several instances")]
    TooMuch {
        /// What there is too much of.
        what: String,
    },
    /// Kustomize or Helm gave no objects.
    #[error(transparent)]
    Engine(#[from] Box<EngineError>),
    /// Something is wrong at one place.
    #[error("{place}: {problem}")]
    At {
        /// Where.
        place: Place,
        /// What.
        problem: Problem,
    },
}

impl RenderError {
    /// Whether the files are at fault, and not the machine: then it stays so until somebody changes them.
    pub fn is_content(&self) -> bool {
        !matches!(self, Self::Engine(error) if !error.is_content())
    }
}

impl From<EngineError> for RenderError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A folder of another engine in a folder of plain manifests.
    #[error("a {what} inside a folder of plain manifests is not rendered: make its folder a source of its own")]
    Inside {
        /// `kustomization` or `chart`.
        what: &'static str,
    },
    /// A file over the limit.
    #[error("the file has {size} bytes, the limit is {limit}: split it")]
    FileTooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("the file is not UTF-8 text; if it is encrypted, it has to be decrypted before it is applied")]
    NotText,
    /// Not YAML, or YAML beyond the limits (nesting, aliases, doubled keys).
    #[error("not readable as YAML: {why}")]
    Yaml {
        /// The reader's words; it doesn't quote values.
        why: String,
    },
    /// Not JSON.
    #[error("not readable as JSON: is it cut off?")]
    Json,
    /// A document that is no object.
    #[error("a Kubernetes object is a mapping with apiVersion, kind and metadata.name; this is {what}")]
    NotAnObject {
        /// What it is instead.
        what: &'static str,
    },
    /// A field that every object has to have.
    #[error("`{field}` is missing or not a text: every object needs it")]
    Missing {
        /// Which one.
        field: &'static str,
    },
    /// A name that the cluster makes up would be another one each time.
    #[error("`generateName` gives another object each time: use `metadata.name`")]
    GeneratedName,
    /// A name that the API server would refuse.
    #[error("`{name}` can't be the name of a {kind}: {rule}")]
    BadName {
        /// The kind.
        kind: String,
        /// The name, cut.
        name: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// An object for another namespace.
    #[error(
        "{object} is for another namespace than this instance's, `{allowed}`: remove `metadata.namespace` or make it an instance of its own"
    )]
    ForeignNamespace {
        /// The object.
        object: Box<ObjectKey>,
        /// The instance's namespace.
        allowed: String,
    },
    /// An object that is not in any namespace, and was not allowed.
    #[error(
        "{object} concerns the whole cluster; that is refused unless the kind `{kind}` is allowed for this project in `pinnace.yaml`"
    )]
    ClusterScoped {
        /// The object.
        object: Box<ObjectKey>,
        /// How to name the kind in the list.
        kind: String,
    },
    /// A label or annotation that is ours to set.
    #[error("`{name}` in {object} is set by Pinnace only: remove it")]
    Reserved {
        /// The object.
        object: Box<ObjectKey>,
        /// The label or annotation.
        name: String,
    },
    /// A label or annotation that the API server would refuse.
    #[error("{what} `{name}` of {object}: {rule}")]
    BadMetadata {
        /// The object.
        object: Box<ObjectKey>,
        /// `label` or `annotation`.
        what: &'static str,
        /// Its name, cut.
        name: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// An encrypted value would go to the cluster as it is.
    #[error(
        "`{field}` of {object} is still encrypted ({format}): it would reach the cluster as ciphertext; decrypt it or leave it out. Where the app opens it itself, a ConfigMap or Secret with the annotation `pinnace.dev/ciphertext: \"true\"` may carry it"
    )]
    Ciphertext {
        /// The object.
        object: Box<ObjectKey>,
        /// The field.
        field: String,
        /// The format it looks like.
        format: &'static str,
    },
    /// It is marked to carry ciphertext, and what it carries is in the clear.
    #[error(
        "{object} has the annotation `pinnace.dev/ciphertext: \"true\"` and carries no ciphertext: what it carries may have been opened on the way; write the encrypted text into the manifest, or let a generator of Kustomize with that annotation read the encrypted file"
    )]
    NoCiphertext {
        /// The object.
        object: Box<ObjectKey>,
    },
    /// A Secret with a value that can't be one.
    #[error("`{field}` of {object} {rule}")]
    BadSecret {
        /// The object.
        object: Box<ObjectKey>,
        /// The field.
        field: String,
        /// What it has to be.
        rule: &'static str,
    },
    /// What an object says that it needs can't be.
    #[error("`pinnace.dev/needs` of {object}: {why}")]
    Needs {
        /// The object.
        object: Box<ObjectKey>,
        /// Why not, and what to write.
        why: String,
    },
    /// Objects that wait for each other.
    #[error("these wait for each other, so that none could ever be applied: {circle}; take one of the needs out")]
    Circle {
        /// The whole circle, each with its place.
        circle: String,
    },
    /// The same object twice.
    #[error("{object} is already at {first}: remove one of them")]
    Twice {
        /// The object.
        object: Box<ObjectKey>,
        /// The other place.
        first: Place,
    },
}
