//! Versions of kinds that no cluster serves any more.

use super::{Found, Scene};
use crate::references;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let gone = scene.objects.iter().filter_map(|object| Some((object, references::removed(object)?)));
    gone.map(|(object, what)| Found::of(object, what, "")).collect()
}
