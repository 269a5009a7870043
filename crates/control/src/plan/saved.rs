//! A plan that was saved is carried out only if it is still exactly what would be done: the same render, the same differences
//! from what is live.

use model::{CommitId, InstanceFact, InstanceId, PersonName};
use serde::{Deserialize, Serialize};

use super::not_now;
use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};
use crate::views::{Plan, PlannedObject};

/// Differences that are told of at most.
const MOST_TOLD: usize = 10;

/// What of a plan is kept: what was shown, and digests of what was not (whole values, what stands in Secrets).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    head: CommitId,
    hash: String,
    objects: Vec<KeptObject>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptObject {
    object: String,
    action: String,
    digest: String,
}

impl Control {
    /// Plans as [`Control::plan`] does, and saves it: the number names it for [`Control::sync_planned`].
    pub async fn save_plan(&self, id: &InstanceId, person: &PersonName) -> Result<(u64, Plan), Problem> {
        self.known(id)?;
        self.allowed(person, Act::Sync(id))?;
        let plan = self.plan(id).await?;
        let text = serde_json::to_string(&Kept::of(&plan)).map_err(|error| {
            Problem::new(ProblemCode::Unavailable, format!("the plan can't be written down: {error}"), "try again")
        })?;
        let number = self.inner.store.save_plan(id, person, text, self.inner.clock.now()).await?;
        Ok((number, plan))
    }

    /// Has a saved plan carried out, if what would be done now is exactly what it says. Differences that the rules of the
    /// environment leave to people are made equal as well: a person agreed to that.
    pub async fn sync_planned(&self, id: &InstanceId, person: &PersonName, number: u64) -> Result<(), Problem> {
        let instance = self.known(id)?;
        self.allowed(person, Act::Sync(id))?;
        let row = self.inner.store.saved_plan(number).await?.filter(|row| row.instance == *id);
        let Some(row) = row else {
            let what = format!("there is no plan {number} of {id}, or it is kept no longer");
            return Err(Problem::new(ProblemCode::NotFound, what, format!("pinnace plan {id} --save")));
        };
        let shown: Kept = serde_json::from_str(&row.plan).map_err(|error| {
            let what = format!("plan {number} can't be read: {error}");
            Problem::new(ProblemCode::Unavailable, what, format!("pinnace plan {id} --save"))
        })?;
        let plan = self.inner.plan(&instance).await.map_err(|trouble| not_now(id, "be planned", &trouble))?;
        let differs = differences(&shown, &Kept::of(&plan));
        if !differs.is_empty() {
            let what = format!("plan {number} of {id} is no longer what would be done: {}", differs.join("; "));
            return Err(Problem::new(ProblemCode::Differs, what, format!("pinnace plan {id} --save")));
        }
        let refused = plan.objects.iter().find(|object| object.action == "refuse");
        if let Some(PlannedObject { object, why, .. }) = refused {
            let what = format!("plan {number} of {id} can't be carried out: {object} would be refused: {why}");
            return Err(Problem::new(ProblemCode::TooLate, what, "correct it in the config repo"));
        }
        let wanted = InstanceFact::SyncWanted { by: person.clone(), plan: number, render_hash: shown.hash };
        self.inner.append_instance(id, wanted).await?;
        self.look_anew(id);
        Ok(())
    }
}

impl Kept {
    fn of(plan: &Plan) -> Self {
        let object = |object: &PlannedObject| KeptObject {
            object: object.object.clone(),
            action: object.action.to_owned(),
            digest: object.digest.clone(),
        };
        Self { head: plan.head.clone(), hash: plan.hash.clone(), objects: plan.objects.iter().map(object).collect() }
    }
}

/// What is otherwise now than it was shown. Another HEAD that renders the same is no difference.
fn differences(shown: &Kept, now: &Kept) -> Vec<String> {
    let mut found = Vec::new();
    if shown.hash != now.hash {
        found.push(format!(
            "HEAD was {} and is {}, which renders to something else",
            shown.head.short(),
            now.head.short()
        ));
    }
    for was in &shown.objects {
        match now.objects.iter().find(|is| is.object == was.object) {
            None => found.push(format!("{} was to {} and is left out", was.object, was.action)),
            Some(is) if is.action != was.action => {
                found.push(format!("{} was to {} and now is to {}", was.object, was.action, is.action));
            }
            Some(is) if is.digest != was.digest => {
                found.push(format!("{} would {} from or to other values", was.object, was.action));
            }
            Some(_) => {}
        }
    }
    let is_new = |is: &&KeptObject| !shown.objects.iter().any(|was| was.object == is.object);
    found.extend(now.objects.iter().filter(is_new).map(|is| format!("{} now is to {} as well", is.object, is.action)));
    if found.len() > MOST_TOLD {
        let more = found.len() - MOST_TOLD;
        found.truncate(MOST_TOLD);
        found.push(format!("and {more} more"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(hash: &str, objects: &[(&str, &str, &str)]) -> Kept {
        let object = |(object, action, digest): &(&str, &str, &str)| KeptObject {
            object: (*object).to_owned(),
            action: (*action).to_owned(),
            digest: (*digest).to_owned(),
        };
        Kept {
            head: "a".repeat(40).parse().unwrap(),
            hash: hash.to_owned(),
            objects: objects.iter().map(object).collect(),
        }
    }

    #[test]
    fn whatever_is_otherwise_than_shown_is_told() {
        let shown = kept("h", &[("A", "change", "1"), ("B", "keep", ""), ("C", "create", "")]);
        assert_eq!(differences(&shown, &shown.clone()), Vec::<String>::new());
        let now = kept("i", &[("A", "change", "2"), ("B", "change", "1"), ("D", "prune", "")]);
        let told = differences(&shown, &now);
        let says = [
            "HEAD was",
            "A would change from or to other values",
            "B was to keep and now is to change",
            "C was to create and is left out",
            "D now is to prune as well",
        ];
        assert_eq!(told.len(), says.len());
        assert!(told.iter().zip(says).all(|(told, says)| told.starts_with(says)), "{told:?}");
    }
}
