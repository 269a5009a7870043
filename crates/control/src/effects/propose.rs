//! What would the pin do? Fetch, edit, render, compare: people are asked about exactly this.

use config_repo::Instance;
use model::{CommitId, CommitLine, Fact, InstanceState, Pin, PinKind, Proposal};
use render::Fixed;
use store::PinRecord;

use super::Done;
use crate::candidate::Candidate;
use crate::inner::Inner;
use crate::registry::ResolveError;
use crate::trouble::Trouble;

/// Diffs in an ask are cut here; the page says so.
const LONGEST_DIFF: usize = 60_000;
/// So many commits that nobody deployed are listed.
const MOST_COMMITS: usize = 30;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let instance = inner.instance(&record.pin.instance)?;
    refuse_what_is_gone(inner, &record.pin).await?;
    let head = inner.mirror.fetch().await?.head;
    let candidate = Candidate::on(inner, &instance, &record.pin, &head).await?;
    let state = inner.store.instance(&instance.id).await?;
    refuse_what_runs(&record.pin, &state, &candidate)?;
    if !instance.architectures.is_empty() {
        inner.check_images(&instance, &candidate.rendered).await?;
    }
    Ok(Fact::Proposed(Box::new(proposal(inner, &instance, &state, candidate).await?)).into())
}

/// The proposal that a candidate makes.
pub(super) async fn proposal(
    inner: &Inner,
    instance: &Instance,
    state: &InstanceState,
    candidate: Candidate,
) -> Result<Proposal, Trouble> {
    let verified = state.verified.as_ref().map(|verified| &verified.commit);
    let before = match verified {
        Some(commit) => Some(inner.rendered_at(instance, commit).await?),
        None => None,
    };
    let fixed = before.as_ref().map(|before| render::fixed(before, &candidate.rendered)).unwrap_or_default();
    let replaced = replaced(&fixed)?;
    let changes =
        render::rendered_diff(before.as_ref(), &candidate.rendered, &inner.mask_key).redacted(&inner.redactor);
    // Cut only when nothing secret is left: half a secret is not known.
    let shown = |text: &str| secrets::clip(&inner.redactor.redact(text), LONGEST_DIFF);
    let render_hash = candidate.hash();
    Ok(Proposal {
        commits: undeployed(inner, instance, verified, &candidate.base).await?,
        base: candidate.base,
        from: Some(candidate.from),
        from_chart: candidate.from_chart,
        render_hash,
        git_diff: shown(&candidate.git_diff),
        rendered_diff: shown(&format!("{replaced}{}", changes.to_text())),
    })
}

/// What can't change in place, and is made anew, as people are told; what may not be is refused before anybody is asked.
fn replaced(fixed: &[Fixed]) -> Result<String, Trouble> {
    let stuck: Vec<String> = fixed.iter().filter(|one| !one.may_be_replaced).map(stuck).collect();
    if !stuck.is_empty() {
        return Err(Trouble::Impossible(format!("it could not be applied: {}", stuck.join("; "))));
    }
    let line =
        |one: &Fixed| format!("# {} is deleted and made anew: its `{}` can't change in place\n", one.object, one.field);
    Ok(fixed.iter().map(line).collect())
}

fn stuck(one: &Fixed) -> String {
    let way_out = if render::is_data_kind(&one.object.group, &one.object.kind) {
        "give it another name"
    } else {
        "give it another name, or let it be deleted and made anew with the annotation `pinnace.dev/replace: \"true\"`"
    };
    format!("{}: `{}` of {} can't change in place: {way_out}", one.place, one.field, one.object)
}

/// What was announced was just looked up. What a person goes back to may be long gone, and is better refused than tried; a
/// registry that does not answer keeps nobody from it.
async fn refuse_what_is_gone(inner: &Inner, pin: &Pin) -> Result<(), Trouble> {
    let (Some(_), Some(digest)) = (&pin.opened_by, &pin.to().digest) else { return Ok(()) };
    match inner.resolve(&pin.to().repository, None, Some(digest)).await {
        Err(ResolveError::NotFound { .. }) => {
            let what = format!("the registry no longer has {}: build it again, or pin another version", pin.to());
            Err(Trouble::Impossible(what))
        }
        _ => Ok(()),
    }
}

fn refuse_what_runs(pin: &Pin, state: &InstanceState, candidate: &Candidate) -> Result<(), Trouble> {
    let Some(verified) = &state.verified else { return Ok(()) };
    if verified.render_hash != candidate.hash() {
        return Ok(());
    }
    let what = match pin.kind {
        PinKind::Pin => "this build",
        PinKind::Unpin { .. } => "the version before",
    };
    Err(Trouble::Impossible(format!("{what} runs already, as of commit {}", verified.commit.short())))
}

/// The commits that touch this instance and that nobody deployed yet: they would go along.
async fn undeployed(
    inner: &Inner,
    instance: &Instance,
    verified: Option<&CommitId>,
    head: &CommitId,
) -> Result<Vec<CommitLine>, Trouble> {
    let Some(verified) = verified else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for commit in inner.commits_touching(instance, Some(verified), head, MOST_COMMITS).await? {
        let subject = secrets::clip(&inner.redacted(&commit.subject), 200);
        lines.push(CommitLine { commit: commit.id, author: inner.redacted(&commit.author_name), subject });
    }
    Ok(lines)
}
