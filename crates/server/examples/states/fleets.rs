//! Fleet pins of hundreds of customers: one that stopped at its first failure, one in its third wave, one that is asked about.

use std::time::Duration;

use model::{
    Build, Decider, Fact, FailureReport, FleetFact, FleetNumber, InstanceId, PinId, PinKind, PinNumber, Proposal,
    Surface,
};
use store::{NewBuild, NewFleet, NewPin, Opening};

use super::{Failure, GIT_DIFF, RENDERED_DIFF, Seed, announcement, applied, commit, digest, image_ref, person};

/// How many customers there are, and on how many versions.
const CUSTOMERS: u64 = 300;
const VERSIONS: u64 = 40;

impl Seed {
    pub(super) async fn fleets(&self) -> Result<(), Failure> {
        self.stopped().await?;
        self.under_way().await?;
        self.fleet("crm", "9.3.0", 'c', 1800).await.map(drop)
    }

    async fn stopped(&self) -> Result<(), Failure> {
        let (number, pins) = self.fleet("crm", "9.1.0", 'a', 90_000).await?;
        let report = FailureReport {
            sentence: "web starts and stops again (4 times): cannot find setting STRIPE_KEY".to_owned(),
            technical: "CrashLoopBackOff: back-off 40s restarting failed container=web".to_owned(),
            object: "Deployment/web".to_owned(),
            log: vec!["Traceback (most recent call last):".to_owned(), "KeyError: 'STRIPE_KEY'".to_owned()],
        };
        let seen = "Deployment/web runs 2 of 2".to_owned();
        let back = Fact::ConvergedBack { to: Some(commit("c0ffee")), healthy: true, seen };
        let why = format!("fleet pin {number} stopped: pin {} failed", pins[0]);
        for (at, pin) in pins.iter().enumerate() {
            let facts = match at {
                0..5 => [released(), vec![Fact::Failed(Box::new(report.clone())), back.clone()]].concat(),
                _ => vec![yes(), Fact::Refused { why: why.clone() }],
            };
            self.append(*pin, 89_000, &facts).await?;
        }
        self.said(number, &[approved(), FleetFact::Failed { pin: pins[0] }, FleetFact::Ended]).await
    }

    async fn under_way(&self) -> Result<(), Failure> {
        let (number, pins) = self.fleet("crm", "9.2.0", 'b', 2400).await?;
        for (at, pin) in pins.iter().enumerate() {
            let facts = match at {
                0..10 => [released(), recorded()].concat(),
                10..15 => released(),
                _ => vec![yes()],
            };
            self.append(*pin, 1200, &facts).await?;
        }
        self.said(number, &[approved()]).await
    }

    async fn said(&self, number: FleetNumber, facts: &[FleetFact]) -> Result<(), Failure> {
        for (after, fact) in (1..).zip(facts) {
            self.store.append_fleet(number, after, fact.clone(), self.ago(1000)).await?;
        }
        Ok(())
    }

    /// A fleet pin that people are asked about.
    async fn fleet(
        &self,
        project: &str,
        tag: &str,
        fill: char,
        ago: i64,
    ) -> Result<(FleetNumber, Vec<PinNumber>), Failure> {
        let announced = announcement(project, tag, "Sort customers by their last order")?;
        let build = Build::of_image(image_ref(&format!("{project}:{tag}"), fill)?, Some(announced.clone()));
        let pins = (1..=CUSTOMERS).map(|customer| new_pin(project, customer, &build)).collect::<Result<_, _>>()?;
        let new = NewFleet {
            id: key()?,
            project: project.parse()?,
            environment: "prod".parse()?,
            build,
            size: 5,
            pause_ms: 600_000,
            pins,
        };
        let (sender, delivery, at) = ("token".to_owned(), format!("{project}-{tag}"), self.ago(ago));
        let received = NewBuild { project: project.parse()?, sender, delivery, announcement: announced, at };
        let received = self.store.receive(received).await?.build;
        let opening = Opening { pins: Vec::new(), fleets: vec![new] };
        self.store.build_resolved_into(received, &digest(fill).parse()?, opening, at).await?;
        let fleet = self.store.open_fleets().await?.pop().ok_or("a fleet pin that was opened is there")?.fleet;
        for (customer, pin) in (1..).zip(&fleet.pins) {
            self.append(*pin, ago - 2, &asked(project, tag, customer)?).await?;
        }
        Ok((fleet.number, fleet.pins))
    }
}

fn new_pin(project: &str, customer: u64, build: &Build) -> Result<NewPin, Failure> {
    let instance: InstanceId = format!("{project}/prod/customer-{customer:03}").parse()?;
    Ok(NewPin { id: key()?, instance, kind: PinKind::Pin, build: build.clone(), by: None })
}

fn key() -> Result<PinId, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| error.to_string())?;
    Ok(PinId::from_random(key))
}

fn asked(project: &str, tag: &str, customer: u64) -> Result<[Fact; 2], Failure> {
    let proposal = Proposal {
        base: commit("0ddba1"),
        from: Some(image_ref(&format!("{project}:9.0.{}", customer % VERSIONS), 'a')?),
        from_chart: None,
        render_hash: format!("{tag}-{customer}"),
        git_diff: GIT_DIFF.to_owned(),
        rendered_diff: RENDERED_DIFF.to_owned(),
        commits: Vec::new(),
    };
    let until = control::Clock::system().now().plus(Duration::from_hours(23));
    let asked = Fact::Asked { approvers: vec![person("ann")], quorum: 1, until };
    Ok([Fact::Proposed(Box::new(proposal)), asked])
}

fn yes() -> Fact {
    Fact::Approved { by: Decider::Person(person("ann")), surface: Some(Surface::Chat) }
}

/// From the yes to the first look.
fn released() -> Vec<Fact> {
    let mut facts = applied();
    facts.insert(1, Fact::Released);
    facts
}

fn recorded() -> Vec<Fact> {
    let (parent, commit) = (commit("0ddba1"), commit("c0ffee"));
    vec![
        Fact::Verified { render_hash: "f00d".to_owned(), commit_date: control::Clock::system().now() },
        Fact::Committed { commit: commit.clone(), parent },
        Fact::Pushed { commit },
        Fact::Settled { pruned: 0, held: Vec::new() },
    ]
}

fn approved() -> FleetFact {
    FleetFact::Approved { by: person("ann"), surface: Surface::Chat, covers: Vec::new() }
}
