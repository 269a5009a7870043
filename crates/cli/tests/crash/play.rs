//! Playing a scene once: a pin is begun, something breaks, and whatever broke, it is let run to its end.

use model::{Outcome, PinNumber};
use testkit::crash::{Fault, Point, Saboteur};
use testkit::world::{JobsMade, Plan};
use testkit::{Person, World};

use crate::chart;
use crate::checks::{Before, check, check_installed, check_pushed};
use crate::scenes::{Scene, unpin};

/// A value that must show up nowhere (promise P9).
pub(crate) const CANARY: &str = "canary-5f1e-of-the-crash-test";

const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {STRIPE_KEY: canary-5f1e-of-the-crash-test}
";

/// A world in which one scene is played again and again.
pub(crate) struct Play {
    scene: Scene,
    world: World,
    saboteur: Saboteur,
    runs: u32,
    /// The Jobs that were ever made of the hook.
    hooks: Option<JobsMade>,
}

impl Play {
    /// A world where the scene can begin.
    pub(crate) async fn new(scene: Scene) -> Self {
        let saboteur = Saboteur::listen();
        let mut world = World::planned(plan(scene, &saboteur)).await;
        scene.set(&mut world).await;
        let hooks = match scene {
            Scene::Hooks => Some(world.objects.jobs_made(chart::HOOK).await),
            _ => None,
        };
        Self { scene, world, saboteur, runs: 0, hooks }
    }

    /// What was announced since the last run began, or since the first install.
    pub(crate) fn seen(&self) -> Vec<Point> {
        self.saboteur.seen()
    }

    /// Plays it once with this broken, and checks all that must hold after it. What it announced.
    pub(crate) async fn run(&mut self, breaks: Option<(Point, Fault)>) -> Vec<Point> {
        if self.scene == Scene::Installs {
            return self.install(breaks).await;
        }
        self.runs += 1;
        let before = Before::of(&self.world);
        self.saboteur.begin(breaks);
        if let Some(commit) = self.scene.push(&self.world, self.runs) {
            self.pushed(&commit).await;
            return self.saboteur.seen();
        }
        if let Some((path, content)) = self.scene.race(self.runs) {
            let remote = self.world.remote.path().to_owned();
            self.saboteur.meanwhile("push commit", move || push_first(&remote, path, &content));
        }
        let number = self.begun().await;
        let outcome = self.ended(number).await;
        let said = self.said(number).await;
        check(self.scene, &self.world, &before, number, &outcome, &said).await;
        if let Some(hooks) = &self.hooks {
            let made = hooks.so_far(&self.world.objects).await;
            assert_eq!(made, self.runs as usize + 1, "a hook did not run exactly once for each candidate");
        }
        self.scene.after(&self.world, self.runs).await;
        self.saboteur.seen()
    }

    /// What was pushed is proven or held back, and people are told, whatever breaks on the way.
    async fn pushed(&mut self, commit: &str) {
        loop {
            let over = async {
                if self.scene.is_recorded() {
                    self.world.head_proven(commit).await;
                } else {
                    self.world.head_failed(commit).await;
                    let slack = self.world.slack.as_ref().unwrap();
                    let told =
                        |_: &_| crate::checks::told_of(&self.world, commit).iter().any(|text| text.contains("held on"));
                    slack.until("the failure in chat", told).await.unwrap();
                }
            };
            tokio::select! {
                () = over => break,
                () = self.saboteur.crashed() => {}
            }
            self.restart().await;
        }
        check_pushed(self.scene, &self.world, commit).await;
        self.scene.after(&self.world, self.runs).await;
    }

    /// A world that is new, whatever breaks while it is installed for the first time.
    async fn install(&mut self, breaks: Option<(Point, Fault)>) -> Vec<Point> {
        self.saboteur.begin(breaks);
        self.world = World::started(plan(self.scene, &self.saboteur)).await;
        loop {
            tokio::select! {
                () = self.world.proven() => break,
                () = self.saboteur.crashed() => {}
            }
            self.restart().await;
        }
        check_installed(&self.world).await;
        self.saboteur.seen()
    }

    /// After all runs: a Secret's value is nowhere on the disk.
    pub(crate) fn shows_no_secret(&self) {
        crate::checks::secret_on_disk(&self.world);
    }

    /// Whether what was to break was never announced.
    pub(crate) fn missed(&self) -> bool {
        self.saboteur.missed()
    }

    /// The pin is there and approved, whatever broke on the way.
    async fn begun(&mut self) -> PinNumber {
        let Some(tag) = self.scene.tag(self.runs) else { return unpin(&self.world).await };
        self.world.build(&tag).await;
        let number = loop {
            tokio::select! {
                number = self.world.asked(&tag) => break number,
                () = self.saboteur.crashed() => {}
            }
            self.restart().await;
        };
        self.world.approve(number, "ann").await;
        number
    }

    async fn ended(&mut self, number: PinNumber) -> Outcome {
        loop {
            tokio::select! {
                outcome = self.world.ended(number) => return outcome,
                () = self.saboteur.crashed() => {}
            }
            self.restart().await;
        }
    }

    /// The texts of the pin's messages, once the last of them says how it ended.
    async fn said(&mut self, number: PinNumber) -> Vec<String> {
        let key = self.world.control.store().pin(number).await.unwrap().unwrap().id;
        let last = if self.scene.is_recorded() { "Seen healthy and recorded as" } else { "and healthy." };
        loop {
            let texts = || crate::checks::messages(&self.world, key.as_str());
            let slack = self.world.slack.as_ref().unwrap();
            let told = slack.until("the outcome in chat", |_| texts().iter().any(|text| text.contains(last)));
            tokio::select! {
                told = told => {
                    told.unwrap_or_else(|error| panic!("{error}: {:?}", texts()));
                    return texts();
                }
                () = self.saboteur.crashed() => {}
            }
            self.restart().await;
        }
    }

    async fn restart(&mut self) {
        let plan = plan(self.scene, &self.saboteur);
        self.world.restart(plan).await;
    }
}

fn plan(scene: Scene, saboteur: &Saboteur) -> Plan {
    let mut more = vec![("keys.yaml".to_owned(), SECRET.to_owned())];
    more.extend(scene.first_extra().map(|text| ("extra.yaml".to_owned(), text)));
    more.extend(scene.more());
    let plan = Plan { stable_for: "50ms", barrier: Some(saboteur.path().to_owned()), slack: true, ..Plan::default() };
    if scene == Scene::Hooks {
        Plan { instead: chart::with(more), engines: Some(chart::engines()), ..plan }
    } else {
        Plan { more, ..plan }
    }
}

/// A person's push wins the race.
fn push_first(remote: &std::path::Path, path: &str, content: &str) {
    testkit::GitRemote::at(remote).commit_as(Person::BOB, path, content).expect("a person can push");
}
