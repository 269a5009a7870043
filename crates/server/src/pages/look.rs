//! What an instance's page shows when it is asked to look: the plan, what differs in git, the objects, and what could be taken over.
//! Nothing is written by looking.

use std::time::Duration;

use control::authorize::Act;
use control::{Adoptable, DriftLine, Plan, Problem};
use model::InstanceId;

use super::button::{ActionForm, Question, barred};
use super::diff::Diff;
use crate::app::App;
use crate::session::Viewer;

/// How long git and cluster may take before the page says that they did.
const WITHIN: Duration = Duration::from_secs(10);
/// So many lines of objects are shown; the command line has all.
const MOST_LINES: usize = 2000;

/// What is looked at. The names are those of the command line's verbs.
pub(super) const LOOKS: &[(&str, &str)] =
    &[("plan", "Plan"), ("diff", "Diff"), ("render", "Objects"), ("adopt", "Take over")];

/// What was seen.
pub(super) enum Look {
    Planned { plan: Plan, action: ActionForm },
    Differs { git: Option<Diff>, rendered: Option<Diff>, head: String },
    Rendered { objects: String, all: usize, shown: usize },
    Adoptable { found: Vec<Adoptable>, action: ActionForm },
    NotSeen(String),
}

/// Looks. None where nothing is asked for.
pub(super) async fn look(app: &App, viewer: &Viewer, id: &InstanceId, what: &str) -> Option<Look> {
    let looked = async {
        match what {
            "plan" => planned(app, viewer, id).await,
            "diff" => differs(app, id).await,
            "render" => rendered(app, id).await,
            "adopt" => adoptable(app, viewer, id).await,
            _ => Ok(Look::NotSeen(format!("there is nothing called `{}` to look at", secrets::clip(what, 40)))),
        }
    };
    if what.is_empty() {
        return None;
    }
    Some(match tokio::time::timeout(WITHIN, looked).await {
        Ok(Ok(look)) => look,
        Ok(Err(problem)) => Look::NotSeen(problem.to_string()),
        Err(_) => Look::NotSeen(format!("git and cluster did not answer within {} s", WITHIN.as_secs())),
    })
}

async fn planned(app: &App, viewer: &Viewer, id: &InstanceId) -> Result<Look, Problem> {
    let plan = app.control.plan(id).await?;
    let text = "It is compared with git and made equal now, as the rules of its environment say.";
    let asked = Question { title: format!("Sync {id}?"), text: text.to_owned(), yes: "Sync".to_owned() };
    let action = ActionForm::on_instance(id, "sync", "Sync", asked, barred(app, viewer, Act::Sync(id)));
    Ok(Look::Planned { plan, action })
}

async fn differs(app: &App, id: &InstanceId) -> Result<Look, Problem> {
    let found = app.control.difference(id).await?;
    let (git, rendered) = (Diff::of(&found.git), Diff::of(&found.rendered));
    Ok(Look::Differs { git, rendered, head: found.head.short().to_owned() })
}

async fn rendered(app: &App, id: &InstanceId) -> Result<Look, Problem> {
    let text = app.control.render_instance(id, None).await?;
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.len().min(MOST_LINES);
    let objects = lines.iter().take(shown).copied().collect::<Vec<_>>().join("\n");
    Ok(Look::Rendered { objects, all: lines.len(), shown })
}

async fn adoptable(app: &App, viewer: &Viewer, id: &InstanceId) -> Result<Look, Problem> {
    let found = app.control.adoptable(id).await?;
    let text =
        "Exactly these objects become ours, with exactly these changes. What comes of it is watched like any version.";
    let title = format!("Take over {} for {id}?", count(found.len()));
    let asked = Question { title, text: text.to_owned(), yes: "Take over".to_owned() };
    let barred = barred(app, viewer, Act::Adopt(id));
    let form = ActionForm::on_instance(id, "adopt", "Take over", asked, barred);
    let action = ActionForm { shown: control::shown_adoption(&found), ..form };
    Ok(Look::Adoptable { found, action })
}

fn count(objects: usize) -> String {
    if objects == 1 { "1 object".to_owned() } else { format!("{objects} objects") }
}

/// `spec.replicas: 3 -> 2 (by kubectl-edit)`
pub(super) fn line(line: &DriftLine) -> String {
    let by = if line.by.is_empty() { String::new() } else { format!(" ({})", line.by) };
    format!("{}: {} → {}{by}", line.field, line.live, line.desired)
}
