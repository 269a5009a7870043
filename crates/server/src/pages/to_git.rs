//! What an instance's page offers to write to git: what was changed in the cluster, and what was pruned.

use chat::wording;
use control::authorize::Act;
use control::{InstanceView, Problem};
use model::{DriftDone, DriftFound, InstanceId};

use super::button::{ActionForm, Question, barred};
use super::when::When;
use crate::app::App;
use crate::session::Viewer;

/// So many pruned objects are listed; the command line has all.
const MOST_PRUNED: usize = 10;

/// A difference, with what can be done about it.
pub(super) struct Drifted {
    /// In words; empty where the page says it already.
    pub(super) said: String,
    pub(super) action: ActionForm,
}

/// An object that was pruned.
pub(super) struct PrunedLine {
    pub(super) object: String,
    pub(super) commit: String,
    pub(super) by: String,
    pub(super) at: When,
    pub(super) manifest: String,
    pub(super) action: ActionForm,
}

/// What differs and was left so, and what was repaired last.
pub(super) fn drifts(app: &App, viewer: &Viewer, view: &InstanceView) -> Vec<Drifted> {
    // What was repaired before something was written is over.
    let since = view.state.written.as_ref().map(|(_, at)| *at);
    let repaired = view.state.repaired.iter().filter(|(_, at)| since.is_none_or(|since| *at > since));
    let repaired = repaired.map(|(found, _)| found).filter(|found| !view.state.drift.contains_key(&found.object));
    let barred = barred(app, viewer, Act::WriteDrift(&view.id));
    let drifted = |(at, found): (usize, &DriftFound)| {
        let text = "Exactly the values that differ are changed, in the file where they stand. It is pushed at once and tried \
                    as any commit, or to a branch of its own for review.";
        let title = format!("Write what was changed in {} to git?", found.object);
        let action = form(&view.id, "write-drift", at, "Write to git", &found.object, (title, text), barred.clone());
        let said = if found.done == DriftDone::Repaired { String::new() } else { wording::drifted(found) };
        Drifted { said, action }
    };
    view.state.drift.values().chain(repaired).enumerate().map(drifted).collect()
}

/// What was pruned last, newest first.
pub(super) async fn pruned(app: &App, viewer: &Viewer, id: &InstanceId) -> Result<Vec<PrunedLine>, Problem> {
    let now = app.control.now();
    let barred = barred(app, viewer, Act::Restore(id));
    let line = |(place, pruned): (usize, store::Pruned)| {
        let text = "It is written to the file that it had, as the newest proven commit with it has it. That is pushed at once \
                    and tried as any commit, or to a branch of its own for review.";
        let title = format!("Bring {} back?", pruned.object);
        let form = form(id, "restore", place, "Bring back", &pruned.object, (title, text), barred.clone());
        PrunedLine {
            commit: pruned.commit.short().to_owned(),
            by: pruned.confirmed_by.map(|by| by.to_string()).unwrap_or_default(),
            at: When::new(pruned.at, now),
            manifest: pruned.manifest,
            object: pruned.object,
            action: ActionForm { at: Some(pruned.number), ..form },
        }
    };
    let all = app.control.pruned(id).await?;
    Ok(all.into_iter().take(MOST_PRUNED).enumerate().map(line).collect())
}

fn form(
    id: &InstanceId,
    verb: &str,
    place: usize,
    label: &str,
    object: &str,
    (title, text): (String, &str),
    barred: Option<String>,
) -> ActionForm {
    let question = Question { title, text: text.to_owned(), yes: label.to_owned() };
    ActionForm {
        id: format!("{verb}-{place}"),
        spoken: format!("{label}: {object} of {id}"),
        object: object.to_owned(),
        as_branch: Some("As a branch"),
        ..ActionForm::on_instance(id, verb, label, question, barred)
    }
}
