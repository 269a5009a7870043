//! The two gates, as types: only a [`Candidate`] goes to the cluster as something new, only a [`Verified`] goes to git.

use std::collections::BTreeMap;

use config_repo::{FilesEdit, FilesError, Instance};
use model::{CommitId, ImageRef, Pin};
use render::Rendered;

use crate::inner::Inner;
use crate::sources;
use crate::trouble::Trouble;

/// What desired would be if a pin holds: its edit on top of one commit, rendered.
pub(crate) struct Candidate {
    /// The commit that the edit was made on.
    pub base: CommitId,
    /// The files that the edit changes.
    pub changed: BTreeMap<String, Vec<u8>>,
    /// What the files said before.
    pub from: ImageRef,
    /// The change of the files.
    pub git_diff: String,
    /// The objects.
    pub rendered: Rendered,
}

impl Candidate {
    /// Makes the pin's edit on this commit and renders it.
    pub(crate) async fn on(inner: &Inner, instance: &Instance, pin: &Pin, base: &CommitId) -> Result<Self, Trouble> {
        let mut files = inner.files(instance, base).await?;
        let edit = match edit(&sources::own(instance, &files), instance, pin) {
            Ok(edit) => edit,
            Err(error) => {
                let by = inner.last_touched(instance, base).await;
                return Err(Trouble::Impossible(format!("{error} (as of {by})")));
            }
        };
        let git_diff = diff(&files, &edit);
        let from = edit.from.clone();
        let changed = edit.changed.clone();
        files.extend(edit.changed);
        let rendered = inner.render(instance, &files, base).await?;
        Ok(Self { base: base.clone(), changed, from, git_diff, rendered })
    }

    /// The hash of what it renders to.
    pub(crate) fn hash(&self) -> String {
        self.rendered.hash.to_string()
    }
}

/// The edit of the pin, at the places that `pins` names or wherever the image stands.
fn edit(files: &BTreeMap<String, Vec<u8>>, instance: &Instance, pin: &Pin) -> Result<FilesEdit, FilesError> {
    if instance.pins.is_empty() {
        config_repo::set_image_in_files(files, &instance.image, pin.to())
    } else {
        config_repo::set_image_at_pins(files, &instance.pins, &instance.image, pin.to())
    }
}

fn diff(files: &BTreeMap<String, Vec<u8>>, edit: &FilesEdit) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let of = |(path, new): (&String, &Vec<u8>)| {
        let old = files.get(path).map(|bytes| text(bytes)).unwrap_or_default();
        config_repo::git_diff(path, &old, &text(new))
    };
    edit.changed.iter().map(of).collect()
}

/// A candidate with a stored verdict for exactly its render.
pub(crate) struct Verified(Candidate);

impl Verified {
    /// The one way to get one: the database holds a verdict of this pin for the hash of this very render.
    pub(crate) fn by_stored_verdict(pin: &Pin, candidate: Candidate) -> Result<Self, Trouble> {
        match &pin.verified {
            Some(verified) if verified.render_hash == candidate.hash() => Ok(Self(candidate)),
            _ => {
                Err(Trouble::Wait("what would be committed is not what was verified; it is looked at again".to_owned()))
            }
        }
    }

    /// The candidate that was verified.
    pub(crate) fn candidate(&self) -> &Candidate {
        &self.0
    }
}
