//! The commit that records a pin: the same bytes whenever it is made, so that making it twice makes one.

use config_repo::{CommitDraft, Identity};
use model::{BuildChart, Decider, Fact, Pin, PinKind};
use store::PinRecord;

use super::{Done, redo};
use crate::candidate::Verified;
use crate::inner::Inner;
use crate::trouble::Trouble;

/// The trailer by which a pin's commit is found again.
pub(crate) const PIN_TRAILER: &str = "Pinnace-Pin";
/// The trailer that says which instance a commit is about.
pub(crate) const INSTANCE_TRAILER: &str = "Pinnace-Instance";
/// The trailer with the pin's number for people.
pub(crate) const NUMBER_TRAILER: &str = "Pinnace-Number";
/// The trailers that say who approved.
pub(crate) const APPROVED_TRAILER: &str = "Pinnace-Approved-By";
/// The trailer of an unpin: the pin that it takes back.
pub(crate) const UNPINS_TRAILER: &str = "Pinnace-Unpins";
/// The trailer that says that the instance is locked from here on.
pub(crate) const LOCKED_TRAILER: &str = "Pinnace-Locked";

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let verified = Verified::by_stored_verdict(&record.pin, candidate)?;
    if verified.candidate().changed.is_empty() {
        // A person wrote the same value before us: theirs is the record.
        let (commit, author) = redo::last_change(inner, record, &verified.candidate().base).await?;
        return Ok(Fact::RecordedByOther { commit, author }.into());
    }
    let draft = draft(inner, record, &verified)?;
    let make = || async { Ok::<_, Trouble>(inner.mirror.create_commit(&draft).await?) };
    let commit = inner.barrier.around("make commit", make).await?;
    Ok(Fact::Committed { commit, parent: draft.parent }.into())
}

fn draft(inner: &Inner, record: &PinRecord, verified: &Verified) -> Result<CommitDraft, Trouble> {
    let pin = &record.pin;
    let Some(seen) = &pin.verified else { return Err(Trouble::LookAgain) };
    let bot = Identity { name: inner.settings.bot_name.clone(), email: inner.settings.bot_email.clone() };
    let candidate = verified.candidate();
    Ok(CommitDraft {
        parent: candidate.base.clone(),
        files: candidate.changed.clone(),
        removed: std::collections::BTreeSet::new(),
        author: author(inner, pin).unwrap_or_else(|| bot.clone()),
        committer: bot,
        date_seconds: seen.commit_date.seconds(),
        message: message(inner, record),
    })
}

/// One person who approved is the author; a policy or a quorum commits as the bot (design 9.9).
fn author(inner: &Inner, pin: &Pin) -> Option<Identity> {
    let [approval] = pin.approvals.as_slice() else { return None };
    let Decider::Person(name) = &approval.by else { return None };
    let config = inner.config();
    let person = config.person(name)?;
    Some(Identity { name: name.to_string(), email: person.email.clone() })
}

fn message(inner: &Inner, record: &PinRecord) -> String {
    let pin = &record.pin;
    let verb = match pin.kind {
        PinKind::Pin => "pin",
        PinKind::Unpin { .. } => "unpin to",
    };
    let from = pin.from().map(|from| format!("\nBefore: {from}")).unwrap_or_default();
    let chart = |begins: &str, chart: Option<&BuildChart>| {
        let alone = chart.filter(|chart| chart.alone).map_or("", |_| " alone");
        chart
            .map(|chart| format!("\n{begins}: {} {} {}{alone}", chart.name, chart.version, chart.digest))
            .unwrap_or_default()
    };
    let charts = chart("Now chart", pin.build.chart.as_ref()) + &chart("Before chart", pin.from_chart());
    let skip = inner.config().projects.get(&pin.instance.project).is_some_and(|project| project.skip_ci);
    let skip = if skip { "\n\n[skip ci]" } else { "" };
    let mut trailers = vec![
        format!("{PIN_TRAILER}: {}", record.id),
        format!("{NUMBER_TRAILER}: {}", pin.number.0),
        format!("{INSTANCE_TRAILER}: {}", pin.instance),
    ];
    trailers.extend(pin.approvals.iter().map(|approval| format!("{APPROVED_TRAILER}: {}", approval.by)));
    if let PinKind::Unpin { of } = pin.kind {
        trailers.push(format!("{UNPINS_TRAILER}: {}", of.0));
        // An unpinned instance is locked; read back from here when the database is lost (design 9.9).
        trailers.push(format!("{LOCKED_TRAILER}: true"));
    }
    let subject = format!("{}: {verb} {}", pin.instance, pin.build.version());
    format!("{subject}\n\nNow: {}{from}{charts}{skip}\n\n{}\n", pin.to(), trailers.join("\n"))
}
