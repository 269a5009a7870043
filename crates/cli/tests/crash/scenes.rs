//! What is played: each scene is one pin or one pushed commit, begun and ended in a world where others were before it; or the
//! first install of a world that is new.

use model::{Fact, Outcome, PinNumber};
use testkit::{GitRemote, Person, World};

/// A pin, and how it must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scene {
    /// A build that works.
    Holds,
    /// A build that crashes, on a HEAD that crashes too: what it brought is deleted, and the version before is back.
    Fails,
    /// Back to the version before.
    Unpin,
    /// A person pushes first, elsewhere in the repository.
    LosesRace,
    /// A person pushes first, and changes the instance.
    LosesRaceToChange,
    /// A build that works, of two Deployments of which one needs the other.
    Steps,
    /// A build that works, of a chart with hooks.
    Hooks,
    /// No pin: a person pushes what works, and renames a ConfigMap: the new one is made, the old pruned.
    Pushed,
    /// No pin: a person pushes what crashes. It is held back: what it brought is deleted, and what was verified is back.
    PushedBad,
    /// No pin: what HEAD says is installed, in a world of its own each time.
    Installs,
}

/// The file with the ConfigMap that people rename.
const EXTRA: &str = "apps/shop/prod/extra.yaml";
/// The file with the Deployment.
const WEB: &str = "apps/shop/prod/web.yaml";

/// A Deployment that comes after the shop's web part.
const FRONT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: front, annotations: {pinnace.dev/needs: Deployment/web}}
spec:
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: front, image: "IMAGE"}]}
"#;

impl Scene {
    /// The ConfigMap that people rename, as it is first installed. In a failing candidate it is new.
    pub(crate) fn first_extra(self) -> Option<String> {
        (!matches!(self, Self::Fails | Self::PushedBad)).then(|| extra(0))
    }

    /// What is in git beside what all scenes have: path below the instance's folder, and text.
    pub(crate) fn more(self) -> Option<(String, String)> {
        (self == Self::Steps).then(|| ("front.yaml".to_owned(), FRONT.to_owned()))
    }

    /// What must be so before the first pin of this scene.
    pub(crate) async fn set(self, world: &mut World) {
        match self {
            Self::Fails => {
                // What does not work alone waits for a pin, and comes with it.
                world.head_crashes().await;
                let commit = write_extra(&world.remote, 0);
                world.head_failed(&commit).await;
            }
            Self::Unpin => {
                let number = world.pin("2.0").await;
                assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
            }
            _ => {}
        }
    }

    /// What a person pushes in run number `run`, where no pin begins it; the commit.
    pub(crate) fn push(self, world: &World, run: u32) -> Option<String> {
        match self {
            Self::Pushed => Some(write_extra(&world.remote, run)),
            Self::PushedBad => {
                let (web, image) = (world.remote.file(WEB).unwrap(), world.image_in_git());
                let web = web.rsplit("---\n").next().unwrap_or_default();
                let name = image.split("/acme/shop").next().unwrap_or_default();
                let web = web.replace(&image, &format!("{name}/acme/shop:3.{run}-crash-loop"));
                let commit = world.remote.commit_as(Person::BOB, WEB, &format!("{}---\n{web}", extra(run)));
                Some(commit.expect("a person can commit"))
            }
            _ => None,
        }
    }

    /// The person's commit that comes between the commit and its push.
    pub(crate) fn race(self, run: u32) -> Option<(&'static str, String)> {
        match self {
            Self::LosesRace => Some(("docs/notes.md", format!("Note {run}\n"))),
            Self::LosesRaceToChange => Some((EXTRA, extra(run))),
            _ => None,
        }
    }

    /// The tag of run number `run`; none where no build begins it.
    pub(crate) fn tag(self, run: u32) -> Option<String> {
        match self {
            Self::Fails => Some(format!("2.{run}-crash-loop")),
            Self::Holds | Self::Steps | Self::Hooks | Self::LosesRace | Self::LosesRaceToChange => {
                Some(format!("2.{run}"))
            }
            Self::Unpin | Self::Pushed | Self::PushedBad | Self::Installs => None,
        }
    }

    /// Whether it ends recorded, and not dropped or held back.
    pub(crate) fn is_recorded(self) -> bool {
        !matches!(self, Self::Fails | Self::PushedBad)
    }

    /// What else must be so after run number `run`.
    pub(crate) async fn after(self, world: &World, run: u32) {
        let there = async |name: String| world.objects.config_map(&name).await.is_some();
        match self {
            Self::Pushed | Self::LosesRaceToChange => {
                assert!(there(format!("extra-{run}")).await, "what came along is not there");
                assert!(!there(format!("extra-{}", run - 1)).await, "what nothing desires any more was not pruned");
            }
            Self::Fails => assert!(!there("extra-0".to_owned()).await, "the failed candidate left an object behind"),
            Self::PushedBad => {
                assert!(!there(format!("extra-{run}")).await, "the commit that was held back left an object behind");
                assert!(world.objects.image("web").await.contains(":1.0@"), "what was verified is not back");
            }
            Self::Steps => assert!(world.objects.image("front").await.contains(&format!(":2.{run}@"))),
            Self::Holds | Self::Unpin | Self::LosesRace | Self::Hooks | Self::Installs => {}
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

fn write_extra(remote: &GitRemote, run: u32) -> String {
    remote.commit_as(Person::BOB, EXTRA, &extra(run)).expect("a person can commit")
}

fn extra(run: u32) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: extra-{run}}}\ndata: {{RUN: \"{run}\"}}\n")
}
