//! Whether git, cluster and database agree about an instance (design 9.12): run after every scenario.

use config_repo::CommitInfo;
use model::{InstanceId, Outcome, Stage};

use crate::Control;
use crate::effects::{INSTANCE_TRAILER, PIN_TRAILER};
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;

impl Control {
    /// What git, cluster and database do not agree about; empty when they do. A pin that is open is a disagreement too.
    pub async fn disagreements(&self, id: &InstanceId) -> Vec<String> {
        match disagreements(&self.inner, id).await {
            Ok(found) => found,
            Err(trouble) => vec![format!("could not be compared: {trouble}")],
        }
    }

    /// Whether there is nothing left to be tried: the config repo's HEAD is the verified commit as far as the instance goes,
    /// or it failed and the way back is done.
    pub async fn is_settled(&self, id: &InstanceId) -> Result<bool, Problem> {
        is_settled(&self.inner, id).await.map_err(|trouble| {
            Problem::new(ProblemCode::Unavailable, format!("it can't be said of {id}: {trouble}"), "try again")
        })
    }
}

async fn is_settled(inner: &Inner, id: &InstanceId) -> Result<bool, Trouble> {
    let head = inner.mirror.fetch().await?.head;
    let (instance, state) = (inner.instance(id)?, inner.store.instance(id).await?);
    if let Some(failed) = &state.head_failure {
        return Ok(failed.way_back().is_none() && inner.same_files(&instance, &failed.head.head, &head).await?);
    }
    let Some(verified) = state.verified else { return Ok(false) };
    if inner.same_files(&instance, &verified.commit, &head).await? {
        return Ok(true);
    }
    Ok(inner.rendered_at(&instance, &head).await?.hash.to_string() == verified.render_hash)
}

async fn disagreements(inner: &Inner, id: &InstanceId) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    let open = inner.store.open_pins_of(id).await?;
    found.extend(
        open.iter()
            .filter(|record| record.pin.holds_claim())
            .map(|record| format!("pin {} is still a candidate ({})", record.pin.number, record.pin.stage.name())),
    );
    let state = inner.store.instance(id).await?;
    let Some(verified) = state.verified else {
        found.push("no commit was verified yet".to_owned());
        return Ok(found);
    };
    found.extend(inner.drift_from(id, &verified.commit).await?.into_iter().map(|line| {
        format!("{} {}: desired {}, live {} {}", line.object, line.field, line.desired, line.live, line.by)
    }));
    found.extend(inventory(inner, id, verified.commit.as_str()).await?);
    found.extend(trailers(inner, id).await?);
    Ok(found)
}

/// The inventory names the verified commit and holds no candidate.
async fn inventory(inner: &Inner, id: &InstanceId, verified: &str) -> Result<Vec<String>, Trouble> {
    let cluster = inner.cluster(&inner.instance(id)?).await?;
    let Some(stored) = cluster.read_inventory(id).await? else {
        return Ok(vec!["there is no inventory in the cluster".to_owned()]);
    };
    let mut found = Vec::new();
    if let Some(candidate) = &stored.inventory.candidate {
        found.push(format!("the inventory still holds a candidate on {}", candidate.base.short()));
    }
    let named = stored.inventory.verified.as_ref().map(|verified| verified.commit.as_str());
    if named != Some(verified) {
        found.push(format!("the inventory names {named:?} as verified, the database {verified}"));
    }
    Ok(found)
}

/// The newest trailer on the branch is that of the newest pin recorded by us. A file that several instances share carries
/// theirs too, so it is looked for by the instance.
async fn trailers(inner: &Inner, id: &InstanceId) -> Result<Vec<String>, Trouble> {
    let head = inner.mirror.fetch().await?.head;
    let pins = inner.store.pins(Some(id), None, 200).await?;
    let done = pins.iter().find_map(|record| match &record.pin.stage {
        Stage::Ended(Outcome::Done { commit }) => Some((record, commit)),
        _ => None,
    });
    let (mut newest, ours) = (None, id.to_string());
    // What people had written by us (a revert, a drift) names the instance too, and no pin.
    let is_pins =
        |commit: &CommitInfo| commit.trailer(INSTANCE_TRAILER) == Some(&ours) && commit.trailer(PIN_TRAILER).is_some();
    for path in &inner.instance(id)?.paths {
        let log = inner.mirror.log_range(None, &head, path, 200).await?;
        newest = newest.or_else(|| log.into_iter().find(|commit| is_pins(commit)));
    }
    let by_trailer = newest.as_ref().and_then(|commit| commit.trailer(PIN_TRAILER));
    Ok(match (done, by_trailer) {
        (None, None) => Vec::new(),
        (Some((record, _)), Some(trailer)) if record.id.as_str() == trailer => Vec::new(),
        // A person's commit may be the record: then the branch's HEAD holds it without a trailer of ours.
        (Some((_, commit)), _) if inner.mirror.commit_info(commit).await?.trailer(PIN_TRAILER).is_none() => Vec::new(),
        (done, trailer) => vec![format!(
            "the newest recorded pin is {:?}, the newest trailer on the branch is {trailer:?}",
            done.map(|(record, _)| record.pin.number)
        )],
    })
}
