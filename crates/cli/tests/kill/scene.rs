//! A shop whose server is killed while builds are pinned there.

use testkit::Shop;
use testkit::crash::{Fault, Point, Saboteur};
use testkit::shop::Plan;

/// What CI makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Good,
    Crashing,
}

/// The shop, and who kills its server.
pub(crate) struct Scene {
    shop: Shop,
    saboteur: Saboteur,
    builds: u32,
}

impl Scene {
    /// Version 1.0 runs and is proven.
    pub(crate) async fn open() -> Self {
        let saboteur = Saboteur::listen();
        let plan = Plan {
            barrier: Some(saboteur.path().to_owned()),
            stable_for: "100ms",
            ..Plan::of(env!("CARGO_BIN_EXE_pinnace"))
        };
        Self { shop: Shop::start(plan).await.unwrap(), saboteur, builds: 0 }
    }

    /// A build is pinned, the process is killed there, and the pin ends as it should. What was announced.
    pub(crate) async fn play(&mut self, build: Build, kill: Option<(Point, Fault)>) -> Vec<Point> {
        self.builds += 1;
        let (tag, outcome, commits) = match build {
            Build::Good => (format!("2.{}", self.builds), "done", 1),
            Build::Crashing => (format!("2.{}-crash-loop", self.builds), "dropped", 0),
        };
        let before = self.shop.remote.head().unwrap();
        self.saboteur.begin(kill);
        self.shop.build(&tag).await.unwrap();
        let number = self.through_the_kill(async |shop| shop.asked(&tag).await.unwrap()).await;
        self.shop.approve(number).await.unwrap();
        let ended = self.through_the_kill(async |shop| shop.ended(number).await.unwrap()).await;
        assert!(!self.saboteur.missed(), "the process was never killed");
        assert_eq!(ended, outcome, "{tag}");
        let range = format!("{before}..main");
        let pins = self.shop.remote.git(&["log", "--format=%(trailers:key=Pinnace-Number,valueonly)", &range]).unwrap();
        assert_eq!(pins.lines().filter(|line| !line.is_empty()).count(), commits, "commits of the pin: {pins}");
        assert_eq!(self.shop.disagreements().await.unwrap(), "none");
        self.saboteur.seen()
    }

    /// Waits for that, and starts the server again when it is to be killed.
    async fn through_the_kill<T>(&mut self, seen: impl AsyncFn(&Shop) -> T) -> T {
        loop {
            tokio::select! {
                seen = seen(&self.shop) => return seen,
                () = self.saboteur.crashed() => {}
            }
            self.shop.server.kill_and_start_again().await.unwrap();
        }
    }

    /// Ends the server and takes the namespaces away.
    pub(crate) async fn close(self) {
        self.shop.close().await.unwrap();
    }
}
