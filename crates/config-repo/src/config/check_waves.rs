//! From the file's form to the domain: how a fleet pin goes through the instances.

use std::time::Duration;

use super::Waves;
use super::check::Problems;
use super::check_environment::check_duration;
use super::file;

/// Checks `waves`; it is for projects whose sources are a pattern.
pub(super) fn check_waves(file: Option<file::Waves>, is_pattern: bool, problems: &mut Problems) -> Waves {
    let waves = Waves::default();
    let Some(file) = file else { return waves };
    let first = file.size.as_ref().map(|size| size.referenced).or(file.pause.as_ref().map(|pause| pause.referenced));
    if let (Some(at), false) = (first, is_pattern) {
        let help = "put `{instance}` into the path of its sources, or leave `waves` out";
        problems.add(at, "`waves` is for a project with an instance for each folder or file", help);
    }
    if let Some(size) = file.size.as_ref().filter(|size| size.value == 0) {
        problems.add(size.referenced, "a wave of 0 instances never ends", "write how many are pinned at a time");
    }
    Waves {
        size: file.size.map_or(waves.size, |size| size.value),
        pause: check_duration(file.pause, waves.pause, Duration::ZERO, problems),
    }
}
