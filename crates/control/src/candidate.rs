//! The two gates, as types: only a [`Candidate`] goes to the cluster as something new, only a [`Verified`] goes to git.

mod chart;

use config_repo::{FilesEdit, FilesError, Instance};
use model::{BuildChart, CommitId, ImageRef, Pin};
use render::Rendered;

use chart::EditError;

use crate::inner::Inner;
use crate::sources::{self, Files};
use crate::trouble::Trouble;

/// What desired would be if a pin holds: its edit on top of one commit, rendered.
pub(crate) struct Candidate {
    /// The commit that the edit was made on.
    pub base: CommitId,
    /// The files that the edit changes.
    pub changed: Files,
    /// What the files said before.
    pub from: ImageRef,
    /// The chart's version that they said, where the build has one.
    pub from_chart: Option<BuildChart>,
    /// The change of the files.
    pub git_diff: String,
    /// The objects.
    pub rendered: Rendered,
}

impl Candidate {
    /// Makes the pin's edit on this commit and renders it.
    pub(crate) async fn on(inner: &Inner, instance: &Instance, pin: &Pin, base: &CommitId) -> Result<Self, Trouble> {
        let mut files = inner.files(instance, base).await?;
        let Edited { changed, from, from_chart } = match edit(&sources::own(instance, &files), instance, pin) {
            Ok(edited) => edited,
            Err(error) => {
                let by = inner.last_touched(instance, base).await;
                return Err(Trouble::Impossible(format!("{error} (as of {by})")));
            }
        };
        let git_diff = diff(&files, &changed);
        files.extend(changed.clone());
        let rendered = inner.render(instance, &files, base).await?;
        Ok(Self { base: base.clone(), changed, from, from_chart, git_diff, rendered })
    }

    /// The hash of what it renders to.
    pub(crate) fn hash(&self) -> String {
        self.rendered.hash.to_string()
    }
}

/// The files that a pin's edit changes, and what they said before.
struct Edited {
    changed: Files,
    from: ImageRef,
    from_chart: Option<BuildChart>,
}

/// The edit of the pin: of the image, of the chart's version, or of both.
fn edit(files: &Files, instance: &Instance, pin: &Pin) -> Result<Edited, EditError> {
    let chart = pin.build.chart.as_ref();
    let mut edited = if chart.is_some_and(|chart| chart.alone) {
        let none = || ImageRef { repository: instance.image.clone(), tag: None, digest: None };
        let from = config_repo::image_in_files(files, &instance.image).unwrap_or_else(none);
        Edited { changed: Files::new(), from, from_chart: None }
    } else {
        let edit = edit_image(files, instance, pin)?;
        Edited { changed: edit.changed, from: edit.from, from_chart: None }
    };
    if let Some(chart) = chart {
        edited.from_chart = Some(chart::set(files, instance, chart, &mut edited.changed)?);
    }
    Ok(edited)
}

/// The image's edit, at the places that `pins` names or wherever it stands.
fn edit_image(files: &Files, instance: &Instance, pin: &Pin) -> Result<FilesEdit, FilesError> {
    if instance.pins.is_empty() {
        config_repo::set_image_in_files(files, &instance.image, pin.to())
    } else {
        config_repo::set_image_at_pins(files, &instance.pins, &instance.image, pin.to())
    }
}

fn diff(files: &Files, changed: &Files) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let of = |(path, new): (&String, &Vec<u8>)| {
        let old = files.get(path).map(|bytes| text(bytes)).unwrap_or_default();
        config_repo::git_diff(path, &old, &text(new))
    };
    changed.iter().map(of).collect()
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
