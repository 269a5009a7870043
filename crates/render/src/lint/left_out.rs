//! What a chart brings and what is not applied: said once here, and not only when somebody misses it.

use super::{Found, Scene};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    // `the Pod `web-test` is a test of the chart: it is left out`: where the chart is named is the place to act.
    let help = "nothing runs it: do by hand what it would do, where what health proves is not enough";
    let of = |what: &String| Found::at(scene.config_file, 0, what.clone(), help);
    scene.left_out.iter().map(of).collect()
}
