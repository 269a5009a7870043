//! The objects of ours that an App is told address and login by, and those of them that are on their way out.

use serde_json::Value;

use super::App;
use super::dereference::sources;
use crate::driver::Work;
use crate::leaving;
use crate::objects::{condition, is_deleted};

/// Kind and name of each.
pub(crate) fn needs(app: &App) -> Vec<(String, String)> {
    let sources = sources(&app.metadata.name, &app.spec).into_iter();
    sources.filter_map(|source| source.object).map(|(kind, name)| (kind.to_owned(), name)).collect()
}

/// Those that wait at their end, and for what.
pub(super) fn that_go(work: &mut Work, app: &App) -> Vec<String> {
    going(work, app).into_iter().filter_map(|(what, live)| Some(format!("{what}: {}", why(&live)?))).collect()
}

/// Those of an App of this name before this one, which are not gone yet: nothing can be made in their place.
pub(super) fn of_an_app_before(work: &mut Work, app: &App) -> Vec<String> {
    let left = going(work, app).into_iter().filter(|(_, live)| work.is_left_behind(live)).collect::<Vec<_>>();
    let told = |(what, live): (String, Value)| {
        let why = why(&live).unwrap_or("it is being deleted");
        format!("{what} is still that of an App before this one: {why}")
    };
    left.into_iter().map(told).collect()
}

fn going(work: &mut Work, app: &App) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for source in sources(&app.metadata.name, &app.spec) {
        let Some((kind, name)) = &source.object else { continue };
        let key = work.ours_beside(kind, name);
        let live = work.other(&key).filter(is_deleted);
        all.extend(live.map(|live| (format!("{} {name}", source.what), live)));
    }
    all
}

fn why(live: &Value) -> Option<&str> {
    condition(live, "Ready").filter(|one| one["reason"] == leaving::REASON)?["message"].as_str()
}
