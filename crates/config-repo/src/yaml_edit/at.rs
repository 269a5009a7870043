//! Edits at a path that somebody named: a scalar of any kind, or the places of an image that `pins` lists.

use std::collections::BTreeMap;

use model::{ImageRef, ImageRepository};

use super::tree::{NodeId, Tree};
use super::{Edit, EditError, ImagePlace, check_repository, path, read, splice, uses};

/// Gives the scalar at a path of a document another value.
pub fn set_scalar(text: &str, document: usize, path: &str, value: &str) -> Result<String, EditError> {
    let tree = Tree::parse(text)?;
    let id = path::resolve(&tree, document, path)?;
    uses::check_alone(&tree, id)?;
    splice::apply(text, &tree, &BTreeMap::from([(id, value.to_owned())]))
}

/// Sets an image at these paths and nowhere else. A scalar may hold the whole reference, a tag or a digest.
pub fn set_image_at(
    text: &str,
    paths: &[&str],
    repository: &ImageRepository,
    to: &ImageRef,
) -> Result<Edit, EditError> {
    check_repository(repository, to)?;
    let tree = Tree::parse(text)?;
    let (mut edits, mut places, mut from) = (BTreeMap::new(), Vec::new(), Vec::new());
    for path in paths {
        let (document, id) = only_document(&tree, path)?;
        let node = tree.node(id);
        let written = if tree.is_empty(id) { "" } else { tree.scalar(id).unwrap_or_default().trim_end_matches('\n') };
        let (old, new) = replacement(written, repository, to, node.line)?;
        if new != written {
            uses::check_alone(&tree, id)?;
            edits.insert(id, new);
        }
        from.push(old);
        places.push(ImagePlace {
            document,
            path: (*path).to_owned(),
            line: node.line,
            column: node.column,
            reference: written.to_owned(),
            holds_digest: written.contains('@') || written.starts_with("sha256:") || is_whole(written, repository),
        });
    }
    let text = if edits.is_empty() { text.to_owned() } else { splice::apply(text, &tree, &edits)? };
    Ok(Edit { text, places, from })
}

/// The one document that has something at the path.
fn only_document(tree: &Tree, path: &str) -> Result<(usize, NodeId), EditError> {
    let mut found = None;
    for document in 0..tree.documents.len() {
        match path::resolve(tree, document, path) {
            Ok(_) if found.is_some() => return Err(EditError::Ambiguous { path: path.to_owned() }),
            Ok(id) => found = Some((document, id)),
            Err(EditError::NoSuchPath { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    found.ok_or_else(|| EditError::NoSuchPath { path: path.to_owned() })
}

/// What a scalar says, and what it should say.
fn replacement(
    written: &str,
    repository: &ImageRepository,
    to: &ImageRef,
    line: usize,
) -> Result<(ImageRef, String), EditError> {
    let not_ours = || EditError::not_a_reference(line, written);
    let new_digest = || to.digest.as_ref().map(ToString::to_string).ok_or(EditError::NeedsDigest { line });
    if is_whole(written, repository) {
        let old: ImageRef = written.parse().map_err(|_| not_ours())?;
        let version = read::version(to).ok_or(EditError::NoVersion { line })?;
        return if old.repository == *repository {
            Ok((old, read::repository_part(written).to_owned() + &version))
        } else {
            Err(not_ours())
        };
    }
    let old = if written.is_empty() {
        ImageRef { repository: repository.clone(), tag: None, digest: None }
    } else {
        crate::set_image::reference(repository, written).map_err(|_| not_ours())?
    };
    if written.starts_with("sha256:") {
        return Ok((old, new_digest()?));
    }
    let tag = to.tag.as_ref().map(ToString::to_string).ok_or(EditError::NeedsTag { line })?;
    let digest = if written.contains('@') { format!("@{}", new_digest()?) } else { String::new() };
    Ok((old, tag + &digest))
}

/// Whether a text is a reference with its repository, and not a tag or digest alone.
fn is_whole(written: &str, repository: &ImageRepository) -> bool {
    let name = written.split_once('@').map_or(written, |(name, _)| name);
    let is_name = || written.parse::<ImageRef>().is_ok_and(|image| image.repository == *repository);
    !written.starts_with("sha256:") && (name.contains(['/', ':']) || is_name())
}
