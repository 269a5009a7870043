//! Objects that are there and were made by somebody else are taken over: shown first, then exactly those.

use model::{InstanceFact, InstanceId, PersonName};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Control;
use crate::authorize::Act;
use crate::converge::{Place, key};
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::views::Adoptable;

impl Control {
    /// What of an instance's HEAD is in the cluster already without being ours, and what taking it over would change. Writes
    /// nothing.
    pub async fn adoptable(&self, id: &InstanceId) -> Result<Vec<Adoptable>, Problem> {
        self.known(id)?;
        self.inner.adoptable(id).await.map_err(|trouble| {
            let what = format!("what could be taken over in {id} can't be seen: {trouble}");
            Problem::new(ProblemCode::Unavailable, what, "try again")
        })
    }

    /// Takes over what [`Control::adoptable`] shows: exactly what `shown` names ([`shown_adoption`]), or without it what there is
    /// now. The instance's own lane does it, and proves what comes of it. Gives back what is taken over.
    pub async fn adopt(
        &self,
        id: &InstanceId,
        person: &PersonName,
        shown: Option<&str>,
    ) -> Result<Vec<Adoptable>, Problem> {
        self.known(id)?;
        self.allowed(person, Act::Adopt(id))?;
        let found = self.adoptable(id).await?;
        if found.is_empty() {
            let what = format!("nothing in {id} is there without being ours");
            return Err(Problem::new(ProblemCode::TooLate, what, "the page shows how it is"));
        }
        if shown.is_some_and(|shown| shown != shown_adoption(&found)) {
            let what = format!("what is to be taken over in {id} changed after it was shown to you");
            return Err(Problem::new(ProblemCode::TooLate, what, "read what it is now, and agree to that"));
        }
        let objects = found.iter().map(|one| (one.object.clone(), one.uid.clone())).collect();
        self.inner.append_instance(id, InstanceFact::AdoptWanted { by: person.clone(), objects }).await?;
        Ok(found)
    }
}

/// Names what was shown, with what it would change: nobody agrees to what they have not seen.
pub fn shown_adoption(found: &[Adoptable]) -> String {
    let mut digest = Sha256::new();
    for one in found {
        digest.update(format!("{} {}\n", one.object, one.uid));
        for line in &one.changes {
            digest.update(format!("{} {} {}\n", line.field, line.desired, line.live));
        }
    }
    digest.finalize().iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

impl Inner {
    async fn adoptable(&self, id: &InstanceId) -> Result<Vec<Adoptable>, Trouble> {
        let instance = self.instance(id)?;
        let head = self.mirror.fetch().await?.head;
        let rendered = self.rendered_at(&instance, &head).await?;
        let place = self.place(id, &rendered).await?;
        let mut found = Vec::new();
        for object in &rendered.objects {
            if let Some(live) = place.cluster.get(&key(object)).await?
                && !cluster::has_mark(&live)
            {
                found.push(self.look_over(&place, object, &live).await?);
            }
        }
        Ok(found)
    }

    async fn look_over(&self, place: &Place, object: &render::Object, live: &Value) -> Result<Adoptable, Trouble> {
        let changes = place.cluster.adoption(&place.target, &object.value, live).await?;
        let name = object.key.label();
        Ok(Adoptable {
            uid: live["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            managers: cluster::managers(live),
            changes: changes.iter().map(|field| self.line(&name, field)).collect(),
            object: name,
        })
    }
}
