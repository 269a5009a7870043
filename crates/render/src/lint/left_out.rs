//! What a chart brings and what is not applied: said once here, and not only when somebody misses it.

use super::{Found, Scene};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let of = |what: &String| {
        // `the Pod `web-test` is a test of the chart and is left out`: where the chart is named is the place to act.
        Found::at(
            scene.config_file,
            0,
            what.clone(),
            "what it would test is proven by its health; run it by hand where that is not enough",
        )
    };
    scene.left_out.iter().map(of).collect()
}
