//! Changes the scalars of one image in a YAML file and not one other byte.
//!
//! On the path of a pin this makes the candidate: text in, text out, no IO. The tree is walked for the places of images
//! (`places`), the scalars are spliced (`scalar`, `splice`), and the result is read again to prove that nothing else changed.

mod at;
mod error;
mod path;
mod places;
mod read;
mod scalar;
mod splice;
mod tree;
mod uses;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use model::{ImageRef, ImageRepository};

use places::Found;
use read::Reading;
use tree::{NodeId, Tree};

pub use at::{set_image_at, set_scalar};
pub use error::EditError;
pub(crate) use error::images_there;
pub use value::{ObjectName, document_text, find_object, remove_value, set_value, value_at};

/// Where an image stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlace {
    /// Which document of the file, counted from 0.
    pub document: usize,
    /// The path in it (`spec.template.spec.containers[0].image`).
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The reference as it is written, put together where it stands in parts.
    pub reference: String,
    /// Whether a digest can stand here. Where it can't (a Helm `tag` without a `digest`) the tag alone is written.
    pub holds_digest: bool,
}

/// An edit that was proven to change these places and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The whole new text.
    pub text: String,
    /// The places of the image, as they were before.
    pub places: Vec<ImagePlace>,
    /// What stood at each of them.
    pub from: Vec<ImageRef>,
}

/// Every image in the file that can be read, whatever its repository.
pub fn find_images(text: &str) -> Result<Vec<ImagePlace>, EditError> {
    let tree = Tree::parse(text)?;
    let found = places::find(&tree)?;
    let readable = found.iter().filter(|found| matches!(read::read(&tree, found), Reading::Image(_)));
    Ok(readable.map(|found| place(&tree, found)).collect())
}

/// Whether a text is a path that [`set_scalar`] understands.
pub fn is_path(text: &str) -> bool {
    path::is_path(text)
}

/// Makes every place of this repository in the file run another build.
pub fn set_image(text: &str, repository: &ImageRepository, to: &ImageRef) -> Result<Edit, EditError> {
    check_repository(repository, to)?;
    let tree = Tree::parse(text)?;
    let all = places::find(&tree)?;
    let (ours, from) = of_repository(&tree, &all, repository, text)?;
    let mut edits: BTreeMap<NodeId, (String, Vec<&Found>)> = BTreeMap::new();
    for found in &ours {
        if let Some(key) = found.duplicate {
            return Err(EditError::duplicate_key(&tree, key));
        }
        for (target, text) in read::texts(&tree, &found.form, to)? {
            edits.entry(target).or_insert_with(|| (text, Vec::new())).1.push(found);
        }
    }
    edits.retain(|id, (text, _)| !says(&tree, *id, text));
    for (target, (_, agreed)) in &edits {
        uses::check(&tree, *target, agreed)?;
    }
    let edits = edits.into_iter().map(|(target, (text, _))| (target, text)).collect::<BTreeMap<_, _>>();
    let text = if edits.is_empty() { text.to_owned() } else { splice::apply(text, &tree, &edits)? };
    Ok(Edit { text, places: ours.iter().map(|found| place(&tree, found)).collect(), from })
}

fn check_repository(repository: &ImageRepository, to: &ImageRef) -> Result<(), EditError> {
    if to.repository == *repository {
        return Ok(());
    }
    Err(EditError::OtherRepository { repository: repository.clone(), to: to.repository.clone() })
}

/// The places of a repository and what stands there.
fn of_repository<'f>(
    tree: &Tree,
    all: &'f [Found],
    repository: &ImageRepository,
    text: &str,
) -> Result<(Vec<&'f Found>, Vec<ImageRef>), EditError> {
    let (mut ours, mut from, mut others, mut template) = (Vec::new(), Vec::new(), BTreeSet::new(), None);
    for found in all {
        let (written, shown) = (found.form.written(tree), tree.node(found.form.shown()));
        match read::read(tree, found) {
            Reading::Image(image) if image.repository == *repository => {
                ours.push(found);
                from.push(image);
            }
            Reading::Image(_) => {
                others.insert(written);
            }
            Reading::Other if read::is_meant(&written, repository) => {
                return Err(EditError::not_a_reference(shown.line, &written));
            }
            Reading::Other => {
                let is_template = text.get(shown.span.start..).is_some_and(|rest| rest.starts_with("{{"));
                template = template.or((is_template || written.contains("{{")).then_some(shown.line));
            }
        }
    }
    match template {
        _ if !ours.is_empty() => Ok((ours, from)),
        Some(line) => Err(EditError::Template { line }),
        None => Err(EditError::NoPlace { repository: repository.clone(), images: others.into_iter().collect() }),
    }
}

fn place(tree: &Tree, found: &Found) -> ImagePlace {
    let shown = tree.node(found.form.shown());
    ImagePlace {
        document: found.document,
        path: found.path.clone(),
        line: shown.line,
        column: shown.column,
        reference: found.form.written(tree),
        holds_digest: found.form.holds_digest(tree),
    }
}

/// Whether a scalar says this already.
fn says(tree: &Tree, id: NodeId, text: &str) -> bool {
    !tree.is_empty(id) && tree.scalar(id).is_some_and(|old| old.trim_end_matches('\n') == text)
}

#[cfg(test)]
mod tests;
