//! Why an edit was refused, and what to do.

use model::ImageRepository;

use super::tree::{NodeId, Tree};

/// An edit that was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is not YAML.
    #[error("line {line}, column {column}: not valid YAML: {message}")]
    NotYaml {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// The file is a template for YAML.
    #[error("line {line}: this is a template and not YAML: set the image in the values that it is filled from")]
    Template {
        /// Counted from 1.
        line: usize,
    },
    /// The file is too large.
    #[error("the file has {bytes} bytes, at most {most} are read: split it")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Nested too deeply, or aliases that expand to too much.
    #[error("line {line}: nested too deeply, or too many aliases: write it flatter")]
    TooDeep {
        /// Counted from 1.
        line: usize,
    },
    /// The image is nowhere in the text.
    #[error("no image of `{repository}` here{}", images_there(.images))]
    NoPlace {
        /// What was looked for.
        repository: ImageRepository,
        /// The images that are there, as they are written.
        images: Vec<String>,
    },
    /// The new reference is of another repository.
    #[error("`{to}` is not an image of `{repository}`: give a reference of that repository, or a tag or digest alone")]
    OtherRepository {
        /// What is to be edited.
        repository: ImageRepository,
        /// Where the new reference points.
        to: ImageRepository,
    },
    /// The new reference has neither tag nor digest.
    #[error("line {line}: the new reference has neither tag nor digest: give at least one")]
    NoVersion {
        /// Counted from 1.
        line: usize,
    },
    /// The place has a digest and the new reference has none: the old digest would go on to be what runs.
    #[error("line {line}: the image is pinned by digest here: give the new digest too (`tag@sha256:...`)")]
    NeedsDigest {
        /// Counted from 1.
        line: usize,
    },
    /// The place has a tag and the new reference has none.
    #[error("line {line}: the image has a tag of its own here: give the new tag too")]
    NeedsTag {
        /// Counted from 1.
        line: usize,
    },
    /// A repository without tag and digest beside it.
    #[error("line {line}: neither tag nor digest stands beside this repository: write one of them there first")]
    NothingToSet {
        /// Counted from 1.
        line: usize,
    },
    /// A text at an image's place that begins like the image and is none.
    #[error(
        "line {line}: `{text}` is not an image reference that can be set: write `repository:tag`, without variables"
    )]
    NotAReference {
        /// Counted from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The scalar is shared through an anchor with something that is not this image.
    #[error(
        "line {line}: this value is shared by an anchor, and {} is not an image of this repository in a place that is \
         known: write the value out there, then set it again",
        if line == other_line { "the place where it is defined".to_owned() } else { format!("its use in line {other_line}") }
    )]
    SharedAnchor {
        /// Where the value stands, counted from 1.
        line: usize,
        /// Where else it is used, counted from 1.
        other_line: usize,
    },
    /// A key stands twice in one mapping: readers differ in which one counts.
    #[error("line {line}: the key `{key}` stands twice: remove one")]
    DuplicateKey {
        /// Of the second one, counted from 1.
        line: usize,
        /// Which one.
        key: String,
    },
    /// Not a path.
    #[error("`{path}` is not a path: write it like `spec.template.spec.containers[name=web].image`")]
    NotAPath {
        /// As given.
        path: String,
    },
    /// Nothing stands at the path.
    #[error("nothing stands at `{path}`: correct the path")]
    NoSuchPath {
        /// As given.
        path: String,
    },
    /// Several documents have something at the path.
    #[error("several documents of the file have `{path}`: put them into files of their own")]
    Ambiguous {
        /// As given.
        path: String,
    },
    /// The path leads to or through an alias.
    #[error("line {line}: this is an alias: an edit would change its anchor and all other uses")]
    IsAlias {
        /// Counted from 1.
        line: usize,
    },
    /// The path leads to a mapping or a list.
    #[error("line {line}: this is not a single value")]
    NotAScalar {
        /// Counted from 1.
        line: usize,
    },
    /// The scalar can't be written.
    #[error("line {line}: the value can't be set: {why}")]
    Unwritable {
        /// Counted from 1.
        line: usize,
        /// Why not.
        why: &'static str,
    },
    /// The edited text, read again, differed in more than the value.
    #[error("line {line}: the edit would change more than this value, so nothing was changed: set it by hand")]
    NotProven {
        /// Counted from 1.
        line: usize,
    },
}

impl EditError {
    pub(super) fn duplicate_key(tree: &Tree, key: NodeId) -> Self {
        let text = shown(tree.scalar(key).unwrap_or_default());
        Self::DuplicateKey { line: tree.node(key).line, key: text }
    }

    pub(super) fn not_a_reference(line: usize, written: &str) -> Self {
        Self::NotAReference { line, text: shown(written) }
    }
}

/// Short, and without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub(crate) fn images_there(images: &[String]) -> String {
    const MOST: usize = 10;
    if images.is_empty() {
        return ", nor of any other: images are found in workloads, Kustomize `images`, Helm values and Apps"
            .to_owned();
    }
    let shown: Vec<_> = images.iter().take(MOST).map(|image| format!("`{image}`")).collect();
    let more = if images.len() > MOST { format!(" and {} more", images.len() - MOST) } else { String::new() };
    format!("; there are {}{more}", shown.join(", "))
}
