//! From a place in the tree to the image that stands there, and to the texts that would make it another.

use model::{ImageRef, ImageRepository};

use super::EditError;
use super::places::{Form, Found};
use super::tree::{NodeId, Tree};

impl Form {
    /// The scalar that people look at: the whole reference, else the tag or digest, else the repository.
    pub(super) fn shown(&self) -> NodeId {
        match self {
            Self::Whole(id) => *id,
            Self::Split { repository, tag, digest, .. } => tag.or(*digest).unwrap_or(*repository),
        }
    }

    /// The reference as it is written, the parts put together.
    pub(super) fn written(&self, tree: &Tree) -> String {
        let text = |id: NodeId| if tree.is_empty(id) { "" } else { tree.scalar(id).unwrap_or_default() };
        match self {
            Self::Whole(id) => text(*id).trim_end_matches('\n').to_owned(),
            Self::Split { registry, repository, tag, digest } => {
                let part = |id: &Option<NodeId>, before: &str, after: &str| match id.map(text).unwrap_or_default() {
                    "" => String::new(),
                    text => format!("{before}{}{after}", text.trim_end_matches('\n')),
                };
                format!(
                    "{}{}{}{}",
                    part(registry, "", "/"),
                    text(*repository),
                    part(tag, ":", ""),
                    part(digest, "@", "")
                )
            }
        }
    }

    /// Whether the place can hold a digest at all.
    pub(super) fn holds_digest(&self, tree: &Tree) -> bool {
        match self {
            Self::Whole(_) | Self::Split { digest: Some(_), .. } => true,
            Self::Split { tag, .. } => tag.and_then(|tag| tree.scalar(tag)).is_some_and(|tag| tag.contains('@')),
        }
    }
}

/// What stands at a place.
pub(super) enum Reading {
    Image(ImageRef),
    /// Not a reference: a template, a variable, a slip of the hand.
    Other,
}

pub(super) fn read(tree: &Tree, found: &Found) -> Reading {
    // Tags that nobody could have pushed are no reference either, whatever the parts look like.
    found.form.written(tree).parse().map_or(Reading::Other, Reading::Image)
}

/// Whether a text that is no reference was meant to be one of this repository.
pub(super) fn is_meant(written: &str, repository: &ImageRepository) -> bool {
    let written = written.strip_prefix(repository.registry()).map_or(written, |rest| rest.trim_start_matches('/'));
    let path = repository.path();
    let short = path.strip_prefix("library/").unwrap_or(path);
    let rest = written.strip_prefix(path).or_else(|| written.strip_prefix(short));
    rest.is_some_and(|rest| rest.starts_with([':', '@', ' ', '\t', '\n', '$', '{']))
}

/// The scalars to change and their new texts.
pub(super) fn texts(tree: &Tree, form: &Form, to: &ImageRef) -> Result<Vec<(NodeId, String)>, EditError> {
    let line = tree.node(form.shown()).line;
    match form {
        Form::Whole(id) => {
            // The repository stays as the file spells it: `acme/shop` may be what a mirror expects.
            let written = tree.scalar(*id).unwrap_or_default().trim_end_matches('\n');
            Ok(vec![(
                *id,
                format!("{}{}", repository_part(written), version(to).ok_or(EditError::NoVersion { line })?),
            )])
        }
        Form::Split { tag, digest, .. } => split_texts(tree, *tag, *digest, to, line),
    }
}

fn split_texts(
    tree: &Tree,
    tag: Option<NodeId>,
    digest: Option<NodeId>,
    to: &ImageRef,
    line: usize,
) -> Result<Vec<(NodeId, String)>, EditError> {
    let new_digest = to.digest.as_ref().map(|digest| digest.as_str().to_owned());
    let new_tag = to.tag.as_ref().map(|tag| tag.as_str().to_owned());
    match (tag, digest) {
        (Some(tag), Some(digest)) => {
            let new_tag = new_tag.ok_or(EditError::NeedsTag { line })?;
            Ok(vec![(tag, new_tag), (digest, new_digest.ok_or(EditError::NeedsDigest { line })?)])
        }
        (None, Some(digest)) => Ok(vec![(digest, new_digest.ok_or(EditError::NeedsDigest { line })?)]),
        (Some(tag), None) => {
            let new_tag = new_tag.ok_or(EditError::NeedsTag { line })?;
            // `1.2@sha256:...` in the tag is how charts without a digest are pinned: who wrote it so keeps it so.
            let with_digest = tree.scalar(tag).is_some_and(|old| old.contains('@'));
            let digest = if with_digest {
                format!("@{}", new_digest.ok_or(EditError::NeedsDigest { line })?)
            } else {
                String::new()
            };
            Ok(vec![(tag, new_tag + &digest)])
        }
        (None, None) => Err(EditError::NothingToSet { line }),
    }
}

/// `:tag@digest`, whichever there are.
pub(super) fn version(to: &ImageRef) -> Option<String> {
    let tag = to.tag.as_ref().map(|tag| format!(":{tag}"));
    let digest = to.digest.as_ref().map(|digest| format!("@{digest}"));
    (tag.is_some() || digest.is_some()).then(|| tag.unwrap_or_default() + &digest.unwrap_or_default())
}

/// The text before tag and digest. A colon before the last slash belongs to the registry's port.
pub(super) fn repository_part(written: &str) -> &str {
    let rest = written.split_once('@').map_or(written, |(rest, _)| rest);
    match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => rest,
    }
}
