use model::{
    Announcement, Build, CommitId, CommitLine, Decider, Effect, Fact, FailureReport, InstanceFact, InstanceState,
    PersonName, Pin, PinId, PinKind, PinNumber, Proposal, Recorded, Surface, Timestamp, fold,
};

use super::*;
use crate::{Action, Message, Mood};

/// 2026-11-21 14:00 UTC.
const START: i64 = 1_795_269_600_000;

pub(crate) fn commit(digit: char) -> CommitId {
    digit.to_string().repeat(40).parse().unwrap()
}

fn ann() -> PersonName {
    "ann".parse().unwrap()
}

pub(crate) fn opened(kind: PinKind) -> Fact {
    let image: model::ImageRef = format!("r.example/shop:1.42.0@sha256:{}", "9f".repeat(32)).parse().unwrap();
    let announced = Announcement {
        image: image.repository.clone(),
        tag: image.tag.clone(),
        digest: image.digest.clone(),
        chart: None,
        commit: Some("0123456789abcdef".into()),
        branch: Some("main".into()),
        author: Some("bo".into()),
        message: Some("Fix basket total".into()),
        build_url: Some("https://ci.example/812".into()),
    };
    Fact::Opened {
        number: PinNumber(117),
        instance: "shop/prod".parse().unwrap(),
        kind,
        build: Box::new(Build { image, chart: None, announced: Some(announced) }),
        by: None,
    }
}

pub(crate) fn proposed(commits: usize) -> Fact {
    Fact::Proposed(Box::new(Proposal {
        base: commit('a'),
        from: Some("r.example/shop:1.41.3".parse().unwrap()),
        from_chart: None,
        render_hash: "h1".into(),
        git_diff: String::new(),
        rendered_diff: String::new(),
        commits: (0..commits)
            .map(|n| CommitLine { commit: commit('c'), author: "cy".into(), subject: format!("Change {n}") })
            .collect(),
    }))
}

pub(crate) fn asked(quorum: u32) -> Fact {
    Fact::Asked { approvers: vec![ann()], quorum, until: Timestamp(START + 3_600_000) }
}

pub(crate) fn approved(by: &str) -> Fact {
    Fact::Approved { by: Decider::Person(by.parse().unwrap()), surface: Some(Surface::Chat) }
}

pub(crate) fn failed(sentence: &str, log: Vec<String>) -> Fact {
    Fact::Failed(Box::new(FailureReport {
        sentence: sentence.into(),
        technical: "CrashLoopBackOff".into(),
        object: "Deployment/web".into(),
        log,
    }))
}

/// The facts of a life, a second apart; the pin after them.
pub(crate) fn play(facts: &[Fact]) -> Pin {
    let recorded: Vec<_> =
        (0..).zip(facts).map(|(n, fact)| Recorded { at: Timestamp(START + n * 1000), fact: fact.clone() }).collect();
    fold(&recorded).unwrap().unwrap()
}

fn ask() -> Vec<Fact> {
    vec![opened(PinKind::Pin), proposed(0), asked(1)]
}

fn rendered() -> Fact {
    Fact::Rendered { base: commit('a'), render_hash: "h1".into(), objects: 3 }
}

fn watching() -> Vec<Fact> {
    let applied = Fact::Applied { changed: 1, objects: 3, notes: Vec::new() };
    let proving = [
        approved("ann"),
        Fact::Claimed,
        rendered(),
        Fact::DryRun { unchecked: Vec::new() },
        Fact::Inventoried,
        applied,
    ];
    [ask(), proving.to_vec()].concat()
}

fn verified() -> Vec<Fact> {
    let verified = Fact::Verified { render_hash: "h1".into(), commit_date: Timestamp(START + 9000) };
    [watching(), vec![verified]].concat()
}

fn and(mut facts: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
    facts.extend(more);
    facts
}

fn back(healthy: bool) -> Fact {
    Fact::ConvergedBack { to: Some(commit('a')), healthy, seen: "web is not ready".into() }
}

/// A life for each state of the message.
pub(crate) fn lives() -> Vec<(&'static str, Vec<Fact>)> {
    let committed = || Fact::Committed { commit: commit('b'), parent: commit('a') };
    let settled = || Fact::Settled { pruned: 0, held: Vec::new() };
    let delayed =
        |effect, reason: &str| Fact::Delayed { effect, reason: reason.into(), again_at: Timestamp(START + 60_000) };
    let crash =
        || failed("web starts and stops again: cannot find setting STRIPE_KEY", vec!["KeyError: 'STRIPE_KEY'".into()]);
    let rejected =
        |reason: Option<&str>| Fact::Rejected { by: ann(), surface: Surface::Chat, reason: reason.map(Into::into) };
    let cancelled = || Fact::Cancelled { by: ann(), surface: Surface::Page };
    let watched = Fact::Watched { observed_ms: 4000, waiting_for: "web 1 of 2 ready".into() };
    vec![
        ("received", vec![opened(PinKind::Pin)]),
        ("proposed", vec![opened(PinKind::Pin), proposed(0)]),
        ("asked", ask()),
        ("asked for two, one given", vec![opened(PinKind::Pin), proposed(2), asked(2), approved("ann")]),
        ("asked about an unpin", vec![opened(PinKind::Unpin { of: PinNumber(116) }), proposed(0), asked(1)]),
        ("approved", and(ask(), [approved("ann")])),
        ("candidate", and(ask(), [approved("ann"), Fact::Claimed])),
        ("rendered", and(ask(), [approved("ann"), Fact::Claimed, rendered()])),
        (
            "rendered, cluster away",
            and(
                ask(),
                [approved("ann"), Fact::Claimed, rendered(), delayed(Effect::DryRun, "the cluster does not answer")],
            ),
        ),
        ("dry-run", and(ask(), [approved("ann"), Fact::Claimed, rendered(), Fact::DryRun { unchecked: Vec::new() }])),
        ("watching", and(watching(), [watched])),
        ("verified", verified()),
        ("head moved", and(verified(), [committed(), Fact::HeadMoved { head: commit('d') }])),
        (
            "runs, not yet recorded",
            and(verified(), [committed(), delayed(Effect::Push, "the remote refuses the push: protected branch")]),
        ),
        ("recorded", and(verified(), [committed(), Fact::Pushed { commit: commit('b') }])),
        ("done", and(verified(), [committed(), Fact::Pushed { commit: commit('b') }, settled()])),
        ("unpinned", {
            let mut facts = and(verified(), [committed(), Fact::Pushed { commit: commit('b') }, settled()]);
            facts[0] = opened(PinKind::Unpin { of: PinNumber(116) });
            facts
        }),
        ("refused", and(ask(), [Fact::Refused { why: "image of another repository".into() }])),
        ("rejected", and(ask(), [rejected(None)])),
        ("rejected with a reason", and(ask(), [rejected(Some("not on a Friday"))])),
        ("expired", and(ask(), [Fact::Expired])),
        ("superseded", and(ask(), [Fact::Superseded { by: PinNumber(118) }])),
        ("cancelled before anything was touched", and(ask(), [cancelled()])),
        ("dropping", and(watching(), [crash()])),
        ("dropped", and(watching(), [crash(), back(true)])),
        (
            "dropped, never installed",
            and(watching(), [crash(), Fact::ConvergedBack { to: None, healthy: true, seen: String::new() }]),
        ),
        ("dropped and unhealthy", and(watching(), [crash(), back(false)])),
        ("cancelled while watched", and(watching(), [cancelled(), back(true)])),
        ("superseded while watched", and(watching(), [Fact::Superseded { by: PinNumber(118) }, back(true)])),
        ("other won", and(verified(), [Fact::OtherWon { commit: commit('e'), author: "Cy".into() }, back(true)])),
    ]
}

pub(crate) fn said(pin: &Pin, instance: &InstanceState) -> Message {
    message(&PinView {
        id: &PinId::from_random([7; 16]),
        pin,
        instance,
        approvers: &["@release".to_owned()],
        url: Some("https://pinnace.example/pins/117"),
        confirm: true,
        show_log: true,
    })
}

/// The instance as it is when pin #117 is what runs.
fn runs_it(lock: bool) -> InstanceState {
    let at = Timestamp(START);
    let verified = InstanceFact::Verified {
        commit: commit('b'),
        render_hash: "h1".into(),
        image: None,
        pin: Some(PinNumber(117)),
    };
    let locked = InstanceFact::Locked { by: Decider::Person(ann()), why: "unpinned #116".into() };
    let facts = [verified, locked].into_iter().take(if lock { 2 } else { 1 });
    InstanceState::fold(&facts.map(|fact| Recorded { at, fact }).collect::<Vec<_>>())
}

#[test]
fn each_state_is_told_in_these_words() {
    let mut told = String::new();
    for (name, facts) in lives() {
        let pin = play(&facts);
        let instance =
            if pin.ended() { runs_it(matches!(pin.kind, PinKind::Unpin { .. })) } else { InstanceState::default() };
        let message = said(&pin, &instance);
        let buttons: Vec<_> = message.buttons.iter().map(|button| button.label.as_str()).collect();
        let mut lines = vec![format!("== {name}"), format!("{:?}: {}", message.mood, message.header)];
        lines.extend(message.paragraphs);
        lines.extend(message.steps);
        lines.push(format!("[{}] {}\n\n", buttons.join("] ["), message.footer.unwrap_or_default()));
        told.push_str(&lines.join("\n"));
    }
    if let Some(file) = std::env::var_os("WRITE_WORDS") {
        std::fs::write(file, &told).unwrap();
    }
    assert_eq!(
        told,
        include_str!("tests/words.txt"),
        "the words changed; if that is meant, write this into words.txt:\n{told}"
    );
}

#[test]
fn no_word_is_used_that_the_design_forbids() {
    for (name, facts) in lives() {
        let message = said(&play(&facts), &runs_it(true));
        let all = format!("{message:?}").to_lowercase();
        for word in ["rollback", "roll back", "rolled back", "undo", "undone", "deploy", "secret"] {
            assert!(!all.replace("deployment/", "").contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn the_nonce_stays_through_votes_and_changes_when_something_else_is_asked() {
    let id = PinId::from_random([7; 16]);
    let nonce = |facts: &[Fact]| crate::ButtonValue::of(&id, &play(facts)).nonce;
    let two = vec![opened(PinKind::Pin), proposed(0), asked(2)];
    assert_eq!(nonce(&two), nonce(&and(two.clone(), [approved("ann")])));
    let mut other = two.clone();
    if let Fact::Proposed(proposal) = &mut other[1] {
        proposal.render_hash = "h2".into();
    }
    assert_ne!(nonce(&two), nonce(&other));
}

#[test]
fn unpin_is_offered_only_on_what_runs_and_unlock_only_when_locked() {
    let (_, done) = lives().into_iter().find(|(name, _)| *name == "done").unwrap();
    let pin = play(&done);
    let actions =
        |instance: &InstanceState| said(&pin, instance).buttons.iter().map(|button| button.action).collect::<Vec<_>>();
    assert_eq!(actions(&runs_it(false)), [Action::Unpin, Action::Details]);
    assert_eq!(actions(&runs_it(true)), [Action::Unpin, Action::Unlock, Action::Details]);
    assert_eq!(actions(&InstanceState::default()), [Action::Details]);
}

#[test]
fn the_log_stays_out_of_chat_where_that_is_the_rule() {
    let pin = play(&and(watching(), [failed("it broke", vec!["token=abc".into()])]));
    let (id, instance) = (PinId::from_random([7; 16]), InstanceState::default());
    let view = |show_log| PinView {
        id: &id,
        pin: &pin,
        instance: &instance,
        approvers: &[],
        url: None,
        confirm: false,
        show_log,
    };
    assert_eq!(message(&view(true)).log, ["token=abc"]);
    assert!(!format!("{:?}", message(&view(false))).contains("token=abc"));
}

#[test]
fn refusals_say_what_why_and_who_can() {
    let approvers = ["@release".to_owned(), "bo".to_owned()];
    let decided = play(&and(ask(), [approved("ann")]));
    let told = |why: &Refusal<'_>| refusal(Action::Approve, why);
    assert_eq!(
        told(&Refusal::NotAllowed { approvers: &approvers }),
        "Nothing was done: you may not approve this. Ask @release or bo."
    );
    assert_eq!(
        told(&Refusal::AlreadyDecided { pin: &decided }),
        "Nothing was done: #117 was already decided by ann: approved."
    );
    assert!(told(&Refusal::Stranger { account: "slack: U1" }).contains("`slack: U1`"));
    assert!(told(&Refusal::OwnBuild { approvers: &[] }).contains("pinnace.yaml"));
}

#[test]
fn steps_carry_the_times_of_their_facts() {
    let facts = and(
        verified(),
        [Fact::Committed { commit: commit('b'), parent: commit('a') }, Fact::Pushed { commit: commit('b') }],
    );
    let recorded: Vec<_> =
        (0..).zip(&facts).map(|(n, fact)| Recorded { at: Timestamp(START + n * 1000), fact: fact.clone() }).collect();
    let steps = timed_steps(&play(&facts), &recorded);
    let seconds: Vec<_> = steps.iter().map(|step| step.at.map(|at| (at.0 - START) / 1000)).collect();
    assert_eq!(seconds, [Some(2), Some(3), Some(5), Some(6), Some(8), Some(9), Some(11)]);
    assert!(steps.iter().all(|step| step.state == StepState::Done));
}

#[test]
fn an_ask_is_a_question_and_a_broken_record_wants_attention() {
    let mood = |name: &str| {
        let (_, facts) = lives().into_iter().find(|(life, _)| *life == name).unwrap();
        said(&play(&facts), &InstanceState::default()).mood
    };
    assert_eq!(mood("asked"), Mood::Question);
    assert_eq!(mood("runs, not yet recorded"), Mood::Attention);
    assert_eq!(mood("dropped and unhealthy"), Mood::Attention);
    assert_eq!(mood("dropped"), Mood::Bad);
}

#[test]
fn lengths_of_time_have_at_most_two_parts() {
    let words = |seconds| length(std::time::Duration::from_secs(seconds));
    assert_eq!([words(0), words(192), words(7500), words(520_000)], ["0 s", "3 m 12 s", "2 h 5 m", "6 days"]);
}

#[test]
fn a_time_of_another_day_carries_its_date() {
    let near = Timestamp(START);
    assert_eq!(clock_near(Timestamp(START + 3_600_000), near), "15:00 UTC");
    assert_eq!(clock_near(Timestamp(START + 86_400_000), near), "2026-11-22 14:00 UTC");
}

#[test]
fn between_a_click_and_what_comes_of_it_there_is_nothing_to_press() {
    let message = said(&play(&ask()), &InstanceState::default()).deciding(Action::Approve, "@ann");
    assert_eq!(message.paragraphs.last().unwrap(), "Approving by @ann …");
    assert_eq!(message.buttons.iter().map(|button| button.action).collect::<Vec<_>>(), [Action::Details]);
}
