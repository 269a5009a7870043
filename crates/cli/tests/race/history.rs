//! What is left when all is over: the branch as git has it, and the pins as each database has them.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{DropReason, Fact, InstanceId, Outcome, Stage, Timestamp};
use store::{PinRecord, Store};
use testkit::GitRemote;

use crate::arena::Player;

/// The branch, oldest first.
pub(crate) struct History {
    commits: Vec<Commit>,
    /// Each move of the branch: from, to.
    moves: Vec<(String, String)>,
}

#[derive(Debug)]
struct Commit {
    id: String,
    parents: Vec<String>,
    pin: Option<String>,
}

impl History {
    pub(crate) fn of(remote: &GitRemote) -> Self {
        let format = "--format=%H|%P|%(trailers:key=Pinnace-Pin,valueonly,separator=%x2C)";
        let log = remote.git(&["log", "--reverse", format, "main"]).unwrap();
        let commits = log.lines().map(|line| {
            let mut parts = line.split('|').map(str::trim);
            let mut next = || parts.next().unwrap().to_owned();
            let (id, parents, pin) = (next(), next(), next());
            let parents = parents.split_whitespace().map(str::to_owned).collect();
            Commit { id, parents, pin: Some(pin).filter(|pin| !pin.is_empty()) }
        });
        let reflog = std::fs::read_to_string(remote.path().join("logs/refs/heads/main")).unwrap();
        let moves = reflog.lines().map(|line| {
            let mut ids = line.split(' ').map(str::to_owned);
            (ids.next().unwrap(), ids.next().unwrap())
        });
        Self { commits: commits.collect(), moves: moves.collect() }
    }

    /// One line of commits without a merge, moved forward one commit at a time; in it the seed, everything of the person,
    /// one commit for each pin that was recorded by itself, and nothing else.
    pub(crate) fn holds_exactly(&self, first: &[Ended], second: &[Ended], person: &[String]) {
        for pair in self.commits.windows(2) {
            assert_eq!(pair[1].parents, [pair[0].id.clone()], "not one line: {pair:?}");
        }
        let steps: BTreeSet<_> = self.commits.windows(2).map(|pair| (pair[0].id.clone(), pair[1].id.clone())).collect();
        let moves: BTreeSet<_> = self.moves.iter().cloned().collect();
        assert_eq!(moves, steps, "the branch moved otherwise than forward by one commit");
        for commit in person {
            assert!(self.commits.iter().any(|found| found.id == *commit), "a person's commit is lost: {commit}");
        }
        let recorded: Vec<&Ended> = first.iter().chain(second).filter(|pin| pin.commit().is_some()).collect();
        for pin in &recorded {
            let found: Vec<_> =
                self.commits.iter().filter(|c| c.pin.as_deref() == Some(pin.record.id.as_str())).collect();
            assert_eq!(found.len(), 1, "{} has {found:?}", pin.project);
            assert_eq!(Some(&found[0].id), pin.commit().as_ref());
        }
        assert_eq!(self.commits.len(), 1 + person.len() + recorded.len(), "{:#?}", self.commits);
    }
}

/// A pin that is over, as its database tells it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) project: String,
    pub(crate) shares: bool,
    pub(crate) record: PinRecord,
}

impl Ended {
    /// Reads the database of a server that has ended.
    pub(crate) async fn read(player: &Player, store: &Store, tag: &str) -> Self {
        let instance: InstanceId = player.instance.parse().unwrap();
        let pins = store.pins(Some(&instance), None, 50).await.unwrap();
        let mut found: Vec<_> = pins.into_iter().filter(|record| record.pin.to().version() == tag).collect();
        assert_eq!(found.len(), 1, "{} {tag}", player.project);
        Self { project: player.project.clone(), shares: player.shares, record: found.remove(0) }
    }

    /// The commit of ours that records it.
    pub(crate) fn commit(&self) -> Option<String> {
        match &self.record.pin.stage {
            Stage::Ended(Outcome::Done { commit }) if self.recorded_by_other().is_none() => Some(commit.to_string()),
            _ => None,
        }
    }

    pub(crate) fn recorded_by_other(&self) -> Option<String> {
        self.facts().find_map(|(_, fact)| match fact {
            Fact::RecordedByOther { commit, .. } => Some(commit.to_string()),
            _ => None,
        })
    }

    pub(crate) fn other_won(&self) -> Option<(String, String)> {
        match &self.record.pin.stage {
            Stage::Ended(Outcome::Dropped {
                reason: DropReason::OtherWon { commit, author }, healthy: true, ..
            }) => Some((commit.to_string(), author.clone())),
            _ => None,
        }
    }

    pub(crate) fn moved_too_often(&self) -> bool {
        let stage = &self.record.pin.stage;
        let too_often =
            matches!(stage, Stage::Ended(Outcome::Dropped { reason: DropReason::TooManyRounds, healthy: true, .. }));
        too_often && self.rendered_anew() > 3
    }

    /// How often somebody else was faster.
    pub(crate) fn moved(&self) -> usize {
        self.facts().filter(|(_, fact)| matches!(fact, Fact::HeadMoved { .. })).count()
    }

    /// How often that changed what it renders to.
    pub(crate) fn rendered_anew(&self) -> usize {
        self.facts().filter(|(_, fact)| matches!(fact, Fact::RenderMoved { .. })).count()
    }

    /// From its last proof, or from when it was let go, to the record.
    pub(crate) fn proven_to_recorded(&self, released: Timestamp) -> Duration {
        let last = |is_so: fn(&Fact) -> bool| self.facts().filter(|(_, fact)| is_so(fact)).map(|(at, _)| at).last();
        let proven = last(|fact| matches!(fact, Fact::Verified { .. })).unwrap();
        let recorded = last(|fact| matches!(fact, Fact::Pushed { .. })).unwrap();
        recorded.since(proven.max(released))
    }

    fn facts(&self) -> impl Iterator<Item = (Timestamp, &Fact)> {
        self.record.facts.iter().map(|recorded| (recorded.at, &recorded.fact))
    }
}
