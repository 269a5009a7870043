//! An image set in the files of an instance: which of them change, and how that reads as a git diff.
//!
//! On the path of a pin: the mirror reads the folder, this makes the candidate's files, `render` takes them from there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use model::{ImageRef, ImageRepository};

use crate::PinsPath;
use crate::yaml_edit::{self, Edit, EditError, ImagePlace, images_there};

/// The files that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesEdit {
    /// The new bytes of each file that changes. Empty when all places say so already.
    pub changed: BTreeMap<String, Vec<u8>>,
    /// What stood at the first place.
    pub from: ImageRef,
    /// What stood anywhere, each once. More than one when the places differed.
    pub all_from: Vec<ImageRef>,
    /// Every place of the image.
    pub places: Vec<FilePlace>,
}

/// A place and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: ImagePlace,
    /// What stood there.
    pub from: ImageRef,
}

/// Why the files were left as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// A file is no text.
    #[error("{file}: not UTF-8 from byte {at} on: save it as UTF-8")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The first byte that is none, counted from 0.
        at: usize,
    },
    /// A file can't be edited.
    #[error("{file}: {problem}")]
    Edit {
        /// The file.
        file: String,
        /// Why not.
        problem: EditError,
    },
    /// The image is in no file.
    #[error("no image of `{repository}` in the {files} file{} read{}", if *files == 1 { "" } else { "s" }, images_there(.images))]
    NoPlace {
        /// What was looked for.
        repository: ImageRepository,
        /// How many files were looked into.
        files: usize,
        /// The images that there are, each with its file.
        images: Vec<String>,
    },
    /// A file that `pins` names is not there.
    #[error("{file}: there is no such file: correct `pins` in the project's config")]
    NoSuchFile {
        /// The file.
        file: String,
    },
}

/// Sets an image in a folder's manifests, found by its repository. Files that are no manifests by name stay out of it.
pub fn set_image_in_files(
    files: &BTreeMap<String, Vec<u8>>,
    repository: &ImageRepository,
    to: &ImageRef,
) -> Result<FilesEdit, FilesError> {
    let manifests = files.iter().filter(|(file, _)| is_manifest(file));
    set_image_in(manifests.map(|(file, bytes)| (file.as_str(), bytes.as_slice())), repository, to)
}

/// The image of this repository as a folder's manifests name it; none where they don't, or can't be read.
pub fn image_in_files(files: &BTreeMap<String, Vec<u8>>, repository: &ImageRepository) -> Option<ImageRef> {
    let manifests = files.iter().filter(|(file, _)| is_manifest(file));
    let texts = manifests.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let places = texts.flat_map(|text| yaml_edit::find_images(text).unwrap_or_default());
    let mut images = places.filter_map(|place| place.reference.parse::<ImageRef>().ok());
    images.find(|image| image.repository == *repository)
}

/// Whether a file is one that an image is looked for in.
pub fn is_manifest(file: &str) -> bool {
    // The one name without an ending that Kustomize knows.
    if file.rsplit('/').next() == Some("Kustomization") {
        return true;
    }
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Sets an image in these files, whatever they are called.
pub fn set_image_in<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    repository: &ImageRepository,
    to: &ImageRef,
) -> Result<FilesEdit, FilesError> {
    let mut edits = Edits::default();
    let (mut texts, mut template) = (Vec::new(), None);
    for (file, bytes) in files {
        let text = utf8(file, bytes)?;
        texts.push((file, text));
        if !mentions(text, repository) {
            continue;
        }
        match yaml_edit::set_image(text, repository, to) {
            Ok(edit) => edits.add(file, text, edit),
            Err(EditError::NoPlace { .. }) => {}
            // A chart's templates stand beside the values that are edited.
            Err(problem @ EditError::Template { .. }) => template = template.or(Some(in_file(file, problem))),
            Err(problem) => return Err(in_file(file, problem)),
        }
    }
    let images =
        |texts: &[(&str, &str)]| texts.iter().flat_map(|(file, text)| images_of(file, text)).collect::<BTreeSet<_>>();
    edits.finish().ok_or_else(|| {
        template.unwrap_or_else(|| FilesError::NoPlace {
            repository: repository.clone(),
            files: texts.len(),
            images: images(&texts).into_iter().collect(),
        })
    })
}

/// Sets an image at the places that `pins` names, and nowhere else.
pub fn set_image_at_pins(
    files: &BTreeMap<String, Vec<u8>>,
    pins: &[PinsPath],
    repository: &ImageRepository,
    to: &ImageRef,
) -> Result<FilesEdit, FilesError> {
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pin in pins {
        by_file.entry(&pin.file).or_default().push(&pin.path);
    }
    let mut edits = Edits::default();
    for (file, paths) in by_file {
        let bytes = files.get(file).ok_or_else(|| FilesError::NoSuchFile { file: file.to_owned() })?;
        let text = utf8(file, bytes)?;
        let edit = yaml_edit::set_image_at(text, &paths, repository, to).map_err(|problem| in_file(file, problem))?;
        edits.add(file, text, edit);
    }
    let nowhere = || FilesError::NoPlace { repository: repository.clone(), files: 0, images: Vec::new() };
    edits.finish().ok_or_else(nowhere)
}

/// What was edited so far.
#[derive(Default)]
struct Edits {
    changed: BTreeMap<String, Vec<u8>>,
    places: Vec<FilePlace>,
}

impl Edits {
    fn add(&mut self, file: &str, before: &str, edit: Edit) {
        let places = edit.places.into_iter().zip(edit.from);
        self.places.extend(places.map(|(place, from)| FilePlace { file: file.to_owned(), place, from }));
        if edit.text != before {
            self.changed.insert(file.to_owned(), edit.text.into_bytes());
        }
    }

    fn finish(self) -> Option<FilesEdit> {
        let mut all_from: Vec<ImageRef> = Vec::new();
        for place in &self.places {
            if !all_from.contains(&place.from) {
                all_from.push(place.from.clone());
            }
        }
        let from = all_from.first()?.clone();
        Some(FilesEdit { changed: self.changed, from, all_from, places: self.places })
    }
}

fn utf8<'f>(file: &str, bytes: &'f [u8]) -> Result<&'f str, FilesError> {
    std::str::from_utf8(bytes).map_err(|error| FilesError::NotUtf8 { file: file.to_owned(), at: error.valid_up_to() })
}

fn in_file(file: &str, problem: EditError) -> FilesError {
    FilesError::Edit { file: file.to_owned(), problem }
}

/// Every spelling of a repository ends with its last part: files without it need not be read.
fn mentions(text: &str, repository: &ImageRepository) -> bool {
    repository.path().rsplit('/').next().is_some_and(|name| text.contains(name))
}

fn images_of(file: &str, text: &str) -> Vec<String> {
    let images = yaml_edit::find_images(text).unwrap_or_default();
    images.into_iter().map(|image| format!("{} ({file}:{})", image.reference, image.line)).collect()
}

/// What a person means by `--to`: a whole reference, `tag`, `tag@sha256:...` or a digest alone.
pub fn reference(repository: &ImageRepository, text: &str) -> Result<ImageRef, model::InvalidImage> {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    if text.starts_with("sha256:") {
        return Ok(ImageRef { repository: repository.clone(), tag: None, digest: Some(text.parse()?) });
    }
    if name.contains(['/', ':']) {
        return text.parse();
    }
    let tag = if name.is_empty() && digest.is_some() { None } else { Some(name.parse()?) };
    Ok(ImageRef { repository: repository.clone(), tag, digest: digest.map(str::parse).transpose()? })
}

/// A unified diff of one file, as git writes it. Empty when nothing changed.
pub fn git_diff(path: &str, old: &str, new: &str) -> String {
    // Without a limit two long files that have nothing in common take minutes.
    let diff = similar::TextDiff::configure().timeout(Duration::from_millis(500)).diff_lines(old, new);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

/// Replaces a file in one step and keeps its mode: a reader sees the old bytes or the new ones. A link stays a link.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let permissions = path.metadata()?.permissions();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(".pinnace-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
