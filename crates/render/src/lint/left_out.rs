//! What a chart brings and what is not applied: said once here, and not only when somebody misses it.

use super::{Found, Scene};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let of = |what: &String| {
        // `the Pod `web-test` is a test of the chart: it is left out`: where the chart is named is the place to act.
        let help = if what.contains("is a test of the chart") {
            "what it would test is proven by its health; run it by hand where that is not enough"
        } else {
            "do by hand what it would do, where that is needed"
        };
        Found::at(scene.config_file, 0, what.clone(), help)
    };
    scene.left_out.iter().map(of).collect()
}
