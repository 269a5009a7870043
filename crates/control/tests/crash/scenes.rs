//! What is played: each scene is one pin, begun and ended in a world where others were before it; or the first install of a
//! world that is new.

use model::{Fact, Outcome, PinNumber};
use testkit::{GitRemote, Person, World};

/// A pin, and how it must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scene {
    /// A build that works, together with a person's commit that renames a ConfigMap: the new one is made, the old pruned.
    Holds,
    /// A build that crashes: what it brought is deleted, and the version before is back.
    Fails,
    /// Back to the version before.
    Unpin,
    /// A person pushes first, elsewhere in the repository.
    LosesRace,
    /// A person pushes first, and changes the instance.
    LosesRaceToChange,
    /// No pin: what HEAD says is installed, in a world of its own each time.
    Installs,
}

/// The file with the ConfigMap that people rename.
const EXTRA: &str = "apps/shop/prod/extra.yaml";

impl Scene {
    /// The ConfigMap that people rename, as it is first installed. In a failing candidate it is new.
    pub(crate) fn first_extra(self) -> Option<String> {
        (self != Self::Fails).then(|| extra(0))
    }

    /// What must be so before the first pin of this scene.
    pub(crate) async fn set(self, world: &mut World) {
        match self {
            Self::Fails => write_extra(&world.remote, 0),
            Self::Unpin => {
                let number = world.pin("2.0").await;
                assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
            }
            Self::Holds | Self::LosesRace | Self::LosesRaceToChange | Self::Installs => {}
        }
    }

    /// What people do before run number `run`.
    pub(crate) fn before(self, world: &World, run: u32) {
        match self {
            Self::Holds => write_extra(&world.remote, run),
            Self::Fails | Self::Unpin | Self::LosesRace | Self::LosesRaceToChange | Self::Installs => {}
        }
    }

    /// The person's commit that comes between the commit and its push.
    pub(crate) fn race(self, run: u32) -> Option<(&'static str, String)> {
        match self {
            Self::LosesRace => Some(("docs/notes.md", format!("Note {run}\n"))),
            Self::LosesRaceToChange => Some((EXTRA, extra(run))),
            Self::Holds | Self::Fails | Self::Unpin | Self::Installs => None,
        }
    }

    /// The tag of run number `run`; none where no build begins it.
    pub(crate) fn tag(self, run: u32) -> Option<String> {
        match self {
            Self::Fails => Some(format!("2.{run}-crash-loop")),
            Self::Unpin | Self::Installs => None,
            Self::Holds | Self::LosesRace | Self::LosesRaceToChange => Some(format!("2.{run}")),
        }
    }

    /// Whether it ends recorded, and not dropped.
    pub(crate) fn is_recorded(self) -> bool {
        self != Self::Fails
    }

    /// What else must be so after run number `run`.
    pub(crate) async fn after(self, world: &World, run: u32) {
        let there = async |name: String| world.objects.config_map(&name).await.is_some();
        match self {
            Self::Holds | Self::LosesRaceToChange => {
                assert!(there(format!("extra-{run}")).await, "what came along is not there");
                assert!(!there(format!("extra-{}", run - 1)).await, "what nothing desires any more was not pruned");
            }
            Self::Fails => assert!(!there("extra-0".to_owned()).await, "the failed candidate left an object behind"),
            Self::Unpin | Self::LosesRace | Self::Installs => {}
        }
    }
}

/// An unpin is begun; its number.
pub(crate) async fn unpin(world: &World) -> PinNumber {
    let ann = testkit::world::person("ann");
    world.control.unpin(&world.instance, &ann, "").await.expect("the unpin is taken")
}

/// Whether a fact says that somebody agreed.
pub(crate) fn is_approval(fact: &Fact) -> bool {
    matches!(fact, Fact::Approved { .. })
}

fn write_extra(remote: &GitRemote, run: u32) {
    remote.commit_as(Person::BOB, EXTRA, &extra(run)).expect("a person can commit");
}

fn extra(run: u32) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: extra-{run}}}\ndata: {{RUN: \"{run}\"}}\n")
}
