//! The one place where page and API turn a request into a verb of `control`.

use control::{Answer, Problem, ProblemCode};
use model::{FleetNumber, InstanceId, PersonName, PinNumber, Surface, Written};

use crate::app::App;

/// What somebody wants done with a pin or a fleet pin.
pub(crate) struct Wish<'a, N> {
    pub number: N,
    pub verb: &'a str,
    pub person: &'a PersonName,
    pub surface: Surface,
    /// Names the ask that was shown; empty for programs, which answer the one that there is.
    pub shown: &'a str,
    pub reason: &'a str,
}

/// Does it, and says which pin shows what came of it. An ask that changed since it was shown is not answered.
pub(crate) async fn on_pin(app: &App, wish: Wish<'_, PinNumber>) -> Result<PinNumber, Problem> {
    let (control, answer) = (&app.control, wish.answer());
    let Wish { number, verb, person, surface, .. } = wish;
    match verb {
        "approve" => control.approve(number, answer).await.map(|_| number),
        "reject" => control.reject(number, answer).await.map(|_| number),
        "cancel" => control.cancel(number, person, surface).await.map(|_| number),
        "retry" if ended(app, number).await? => control.pin_again(number, person).await,
        "retry" => control.retry(number, person).await.map(|_| number),
        _ => Err(no_verb(verb)),
    }
}

/// Does it to all instances of a fleet pin.
pub(crate) async fn on_fleet(app: &App, wish: Wish<'_, FleetNumber>) -> Result<(), Problem> {
    let (control, answer) = (&app.control, wish.answer());
    let Wish { number, verb, person, surface, .. } = wish;
    match verb {
        "approve" => control.approve_fleet(number, answer).await.map(drop),
        "reject" => control.reject_fleet(number, answer).await.map(drop),
        "cancel" => control.cancel_fleet(number, person, surface).await.map(drop),
        _ => Err(no_verb(verb)),
    }
}

impl<N> Wish<'_, N> {
    /// What it says to an ask.
    fn answer(&self) -> Answer<'_> {
        let answer = Answer::by(self.person, self.surface).because(self.reason);
        if self.shown.is_empty() { answer } else { answer.to(self.shown) }
    }
}

/// What comes along with a wish for an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub reason: &'a str,
    /// Names what was shown; empty for programs that mean what there is.
    pub shown: &'a str,
    /// One of its objects, as `Kind/name`; empty: all that there is to it.
    pub object: &'a str,
    /// Whether what is written to git goes to a branch of its own.
    pub branch: bool,
    /// The number of one of several.
    pub at: Option<u64>,
    /// The number of a saved plan.
    pub plan: Option<u64>,
}

/// What came of a wish for an instance.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The pin that it opened: an unpin is a pin of its own.
    pub pin: Option<PinNumber>,
    /// What it wrote to git.
    pub written: Option<Written>,
}

impl From<()> for Done {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<PinNumber> for Done {
    fn from(pin: PinNumber) -> Self {
        Self { pin: Some(pin), ..Self::default() }
    }
}

impl From<Written> for Done {
    fn from(written: Written) -> Self {
        Self { written: Some(written), ..Self::default() }
    }
}

/// Does one thing with an instance.
pub(crate) async fn on_instance(
    app: &App,
    id: &InstanceId,
    verb: &str,
    person: &PersonName,
    said: Said<'_>,
) -> Result<Done, Problem> {
    let Said { reason, branch, .. } = said;
    let (shown, object) = (given(said.shown), given(said.object));
    match verb {
        "unpin" => app.control.unpin(id, person, reason).await.map(Done::from),
        "lock" => {
            let why = if reason.trim().is_empty() { "no reason given" } else { reason };
            app.control.lock(id, person, why).await.map(Done::from)
        }
        "unlock" => app.control.unlock(id, person).await.map(Done::from),
        "confirm-prune" => app.control.confirm_prune(id, person, shown).await.map(Done::from),
        "adopt" => app.control.adopt(id, person, shown).await.map(|_| Done::default()),
        "sync" => match said.plan {
            Some(plan) => app.control.sync_planned(id, person, plan).await.map(Done::from),
            None => app.control.sync(id, person).await.map(Done::from),
        },
        "retry" => app.control.retry_head(id, person).await.map(Done::from),
        "revert" => app.control.revert_head(id, person, branch).await.map(Done::from),
        "write-drift" => app.control.write_drift(id, person, object, branch).await.map(Done::from),
        "restore" => app.control.bring_back(id, person, object, said.at, branch).await.map(Done::from),
        _ => Err(no_verb(verb)),
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

async fn ended(app: &App, number: PinNumber) -> Result<bool, Problem> {
    Ok(app.control.store().pin(number).await?.is_some_and(|record| record.pin.ended()))
}

fn no_verb(verb: &str) -> Problem {
    let what = format!("there is no `{}`", secrets::clip(verb, 40));
    Problem::new(
        ProblemCode::NotFound,
        what,
        "use approve, reject, cancel, retry, unpin, lock, unlock, revert, write-drift, restore, adopt, sync or confirm-prune",
    )
}
