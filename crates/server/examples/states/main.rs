//! A server whose database holds a pin in each state that people meet: for the browser tests, and for looking at.
//!
//! There is no cluster behind it, so nothing moves by itself: an approved pin stays approved. Prints one line of JSON with
//! its address and one-time links, then serves until it is killed. `states PORT FOLDER` serves there and keeps its data in
//! that folder, so that it can be killed and started again.

mod apps;
mod fleets;

use std::time::Duration;

use config_repo::{BranchName, Credentials, Limits, Mirror, RemoteUrl};
use control::{Barrier, Clock, Control, Parts, Settings};
use model::{
    Announcement, Build, CommitId, CommitLine, Decider, DriftDone, DriftFound, Effect, Fact, FailureReport,
    HeadFailure, ImageRef, InstanceFact, InstanceId, PersonName, PinId, PinKind, PinNumber, Proposal, Surface,
    Timestamp,
};
use server::ServerSettings;
use store::Store;
use testkit::GitRemote;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error>;

const CONFIG: &str = "
apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {email: ann@example.org, groups: [release]}
  bo: {email: bo@example.org}
environments:
  staging: {context: staging}
  prod: {context: prod, approvers: [group:release]}
projects:
  shop: {image: registry.example/acme/shop, sources: [{path: 'apps/shop/{environment}'}], namespaces: {staging: shop-staging, prod: shop}, rules: {staging: auto, prod: ask}}
  blog: {image: registry.example/acme/blog, sources: [{path: 'apps/blog/{environment}'}], namespaces: {staging: blog-staging, prod: blog}, rules: {staging: auto, prod: ask}}
  api: {image: registry.example/acme/api, sources: [{path: 'apps/api/{environment}'}], namespaces: {staging: api-staging, prod: api}, rules: {staging: auto, prod: ask}}
  search: {image: registry.example/acme/search, sources: [{path: 'apps/search/{environment}'}], namespaces: {prod: search}, rules: {prod: ask}}
  crm: {image: registry.example/acme/crm, sources: [{path: 'apps/crm/{environment}/{instance}'}], namespaces: {prod: crm}, rules: {prod: ask}, waves: {size: 5, pause: 10m}}
  mail: {image: registry.example/acme/mail, sources: [{path: 'apps/mail/{environment}'}], namespaces: {prod: mail}, rules: {prod: ask}}
";

const GIT_DIFF: &str = "--- a/apps/shop/prod/web.yaml
+++ b/apps/shop/prod/web.yaml
@@ -17,7 +17,7 @@ spec:
       containers:
         - name: web
-          image: registry.example/acme/shop:1.41.3@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
+          image: registry.example/acme/shop:1.42.0@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
           ports:
             - containerPort: 8080
";

const RENDERED_DIFF: &str = "--- Deployment/web
+++ Deployment/web
@@ -21,3 +21,3 @@
-        image: registry.example/acme/shop:1.41.3
+        image: registry.example/acme/shop:1.42.0
--- Secret/stripe
+++ Secret/stripe
@@ -3,1 +3,1 @@
-  key: (12 bytes, changed)
+  key: (14 bytes, changed)
";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().map_or(Ok(0), |port| port.parse())?;
    let own = tempfile::tempdir()?;
    let dir = args.next().map_or_else(|| own.path().to_owned(), std::path::PathBuf::from);
    let remote = GitRemote::bare(&[("pinnace.yaml", CONFIG)])?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let url: RemoteUrl = remote.file_url().parse()?;
    let branch: BranchName = "main".parse()?;
    let place = own.path().join("mirror");
    let parts = Parts {
        settings: Settings {
            base_url: base_url.clone(),
            commit_url: Some("https://git.example/acme/config/commit/{commit}".to_owned()),
            ..Settings::default()
        },
        store: Store::open(&dir.join("db")).await?,
        mirror: Mirror::open(&place, url, branch, Credentials::none(), Limits::default()).await?,
        registry: control::registry::RegistryClient::with_timeout(Duration::from_secs(1)),
        chat: None,
        redactor: secrets::Redactor::new(),
        clock: Clock::system(),
        barrier: Barrier::off(),
    };
    let control = Control::new(parts).await?;
    if control.store().pins(None, None, 1).await?.is_empty() {
        Seed { store: control.store().clone(), now: control.now() }.all().await?;
    }
    apps::tell(&control)?;
    let mut links = Vec::new();
    for person in ["ann", "ann", "ann", "ann", "bo", "bo"] {
        links.push(server::sign_in_link(&control, &person.parse()?).await?);
    }
    let said = serde_json::json!({"url": base_url, "ann": links[..4], "bo": links[4..]});
    std::io::Write::write_all(&mut std::io::stdout(), format!("{said}\n").as_bytes())?;
    server::serve(listener, control, ServerSettings::default(), std::future::pending()).await?;
    Ok(())
}

struct Seed {
    store: Store,
    now: Timestamp,
}

impl Seed {
    async fn all(&self) -> Result<(), Failure> {
        // First, so that lists begin with the other pins.
        self.fleets().await?;
        self.healthy().await?;
        self.dropped("blog/staging").await?;
        self.unrecorded("api/prod").await?;
        self.watching("api/staging").await?;
        self.asked("shop/prod").await?;
        self.locked("mail/prod").await?;
        self.held("blog/prod").await?;
        self.builds().await
    }

    fn ago(&self, seconds: i64) -> Timestamp {
        Timestamp(self.now.0 - seconds * 1000)
    }

    async fn healthy(&self) -> Result<(), Failure> {
        for (name, image) in [
            ("shop/staging", "shop:1.42.0"),
            ("shop/prod", "shop:1.41.3"),
            ("blog/prod", "blog:2.0.4"),
            ("api/prod", "api:7.0.1"),
            ("api/staging", "api:7.0.1"),
            ("mail/prod", "mail:3.3.0"),
        ] {
            let number = self.open(name, &format!("{image}@{}", digest('a')), 90_000).await?;
            self.append(number, 89_900, &proposed(name, image, "0.9.9")?).await?;
            self.append(number, 89_800, &applied()).await?;
            self.append(
                number,
                89_780,
                &[Fact::Verified { render_hash: "f00d".to_owned(), commit_date: self.ago(89_780) }],
            )
            .await?;
            self.append(
                number,
                89_779,
                &[
                    Fact::Committed { commit: commit("c0ffee"), parent: commit("0ddba1") },
                    Fact::Pushed { commit: commit("c0ffee") },
                ],
            )
            .await?;
            let verified = InstanceFact::Verified {
                commit: commit("c0ffee"),
                render_hash: "f00d".to_owned(),
                image: Some(image_ref(image, 'a')?),
                pin: Some(number),
            };
            self.store.append_instance(&name.parse()?, verified, self.ago(89_779)).await?;
            self.append(number, 89_778, &[Fact::Settled { pruned: 0, held: Vec::new() }]).await?;
        }
        Ok(())
    }

    async fn asked(&self, name: &str) -> Result<(), Failure> {
        let number = self.open(name, &format!("shop:1.42.0@{}", digest('b')), 740).await?;
        self.append(number, 738, &proposed(name, "shop:1.42.0", "1.41.3")?).await
    }

    async fn dropped(&self, name: &str) -> Result<(), Failure> {
        let number = self.open(name, &format!("blog:2.1.0@{}", digest('d')), 600).await?;
        self.append(number, 598, &proposed(name, "blog:2.1.0", "2.0.4")?).await?;
        self.append(number, 540, &applied()).await?;
        let log = [
            "Traceback (most recent call last):",
            "  File \"/app/main.py\", line 12, in <module>",
            "    key = os.environ['STRIPE_KEY']",
            "KeyError: 'STRIPE_KEY'",
        ];
        let report = FailureReport {
            sentence: "web starts and stops again (4 times): cannot find setting STRIPE_KEY".to_owned(),
            technical: "CrashLoopBackOff: back-off 40s restarting failed container=web pod=web-7c9f-abcde; exit code 1"
                .to_owned(),
            object: "Deployment/web".to_owned(),
            log: log.map(str::to_owned).to_vec(),
        };
        self.append(number, 520, &[Fact::Failed(Box::new(report))]).await?;
        let seen = "Deployment/web runs 2 of 2".to_owned();
        self.append(number, 510, &[Fact::ConvergedBack { to: Some(commit("c0ffee")), healthy: true, seen }]).await?;
        let why = "the first install never became ready".to_owned();
        self.store
            .append_instance(&name.parse()?, InstanceFact::InstallFailed { commit: None, why }, self.ago(500))
            .await?;
        Ok(())
    }

    async fn unrecorded(&self, name: &str) -> Result<(), Failure> {
        let number = self.open(name, &format!("api:7.0.2@{}", digest('e')), 1500).await?;
        self.append(number, 1490, &proposed(name, "api:7.0.2", "7.0.1")?).await?;
        self.append(number, 1400, &applied()).await?;
        let reason = "the remote refused the push: permission denied for pinnace".to_owned();
        let verified = Fact::Verified { render_hash: "f00d".to_owned(), commit_date: self.ago(1380) };
        let committed = Fact::Committed { commit: commit("beef01"), parent: commit("c0ffee") };
        let delayed = Fact::Delayed { effect: Effect::Push, reason, again_at: self.ago(-20) };
        self.append(number, 1380, &[verified, committed, delayed]).await
    }

    async fn watching(&self, name: &str) -> Result<(), Failure> {
        let number = self.open(name, &format!("api:7.0.2@{}", digest('e')), 40).await?;
        self.append(number, 38, &proposed(name, "api:7.0.2", "7.0.1")?).await?;
        self.append(number, 20, &applied()).await?;
        let waiting_for = "Deployment/web: 2 of 4 pods ready".to_owned();
        self.append(number, 9, &[Fact::Watched { observed_ms: 11_000, waiting_for }]).await
    }

    async fn locked(&self, name: &str) -> Result<(), Failure> {
        let (by, why) = (Decider::Person(person("ann")), "sale weekend, ask me first".to_owned());
        Ok(self.store.append_instance(&name.parse()?, InstanceFact::Locked { by, why }, self.ago(7200)).await?)
    }

    async fn held(&self, name: &str) -> Result<(), Failure> {
        let id: InstanceId = name.parse()?;
        let found = DriftFound {
            object: "ConfigMap/settings".to_owned(),
            what: vec!["data.GREETING by kubectl-edit at 2026-07-15T14:02:11Z".to_owned()],
            done: DriftDone::Repaired,
            fields: Vec::new(),
        };
        let failure = FailureReport {
            sentence: "web cannot start: setting STRIPE_KEY is missing in ConfigMap/settings".to_owned(),
            technical: "CreateContainerConfigError: couldn't find key STRIPE_KEY in ConfigMap blog/settings".to_owned(),
            object: "Deployment/web".to_owned(),
            log: Vec::new(),
        };
        let subject = "Take the key from the settings".to_owned();
        let by = CommitLine { commit: commit("bad5ee"), author: "Bo".to_owned(), subject };
        let (head, held_on) = (commit("bad5ee"), Some(commit("c0ffee")));
        let failed = HeadFailure { head, by, render_hash: None, failure, touched: true, held_on };
        let back = InstanceFact::HeldBack { to: commit("c0ffee"), healthy: true, seen: "runs as before".to_owned() };
        for (fact, ago) in [
            (InstanceFact::Drifted(Box::new(found)), 4000),
            (InstanceFact::HeadFailed(Box::new(failed)), 320),
            (back, 310),
        ] {
            self.store.append_instance(&id, fact, self.ago(ago)).await?;
        }
        Ok(())
    }

    async fn builds(&self) -> Result<(), Failure> {
        for (delivery, tag, message) in
            [("1", "1.42.0", "Show the price with tax"), ("2", "1.43.0-rc1", "Try the new checkout")]
        {
            let announcement = announcement("shop", tag, message)?;
            let (project, at) = ("shop".parse()?, self.ago(800));
            let build = store::NewBuild {
                project,
                sender: "token".to_owned(),
                delivery: delivery.to_owned(),
                announcement,
                at,
            };
            let receipt = self.store.receive(build).await?;
            if delivery == "1" {
                self.store.build_resolved(receipt.build, &digest('b').parse()?, self.ago(799)).await?;
            } else {
                let why = "registry.example does not have acme/shop:1.43.0-rc1 (asked 6 times in 30 m)";
                self.store.build_unknown(receipt.build, why, self.ago(60)).await?;
            }
        }
        Ok(())
    }

    async fn open(&self, name: &str, image: &str, ago: i64) -> Result<PinNumber, Failure> {
        let id: InstanceId = name.parse()?;
        let (project, tag) = (id.project.as_str(), image.split([':', '@']).nth(1).unwrap_or_default());
        let announced = Some(announcement(project, tag, "Show the price with tax")?);
        let build = Build::of_image(format!("registry.example/acme/{image}").parse()?, announced);
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|error| error.to_string())?;
        let opened =
            self.store.open_pin(&PinId::from_random(key), &id, PinKind::Pin, build, None, self.ago(ago)).await?;
        Ok(opened.number())
    }

    async fn append(&self, number: PinNumber, ago: i64, facts: &[Fact]) -> Result<(), Failure> {
        let record = self.store.pin(number).await?.ok_or("a pin that was opened is there")?;
        self.store.append(&record.id, record.pin.facts, facts, &[], self.ago(ago)).await?;
        Ok(())
    }
}

fn proposed(name: &str, image: &str, from: &str) -> Result<Vec<Fact>, Failure> {
    let project = image.split(':').next().unwrap_or_default();
    let asks = name.ends_with("/prod");
    let commits = if asks {
        vec![CommitLine { commit: commit("5eed"), author: "Bo".to_owned(), subject: "Give web more memory".to_owned() }]
    } else {
        Vec::new()
    };
    let proposal = Proposal {
        base: commit("0ddba1"),
        from: Some(image_ref(&format!("{project}:{from}"), 'a')?),
        from_chart: None,
        render_hash: "f00d".to_owned(),
        git_diff: GIT_DIFF.to_owned(),
        rendered_diff: RENDERED_DIFF.to_owned(),
        commits,
    };
    let until = Clock::system().now().plus(Duration::from_hours(23));
    let asked = Fact::Asked { approvers: vec![person("ann")], quorum: 1, until };
    Ok(vec![Fact::Proposed(Box::new(proposal)), asked])
}

fn applied() -> Vec<Fact> {
    let (base, render_hash) = (commit("0ddba1"), "f00d".to_owned());
    vec![
        Fact::Approved { by: Decider::Person(person("ann")), surface: Some(Surface::Page) },
        Fact::Claimed,
        Fact::Rendered { base, render_hash, objects: 14 },
        Fact::DryRun { unchecked: Vec::new() },
        Fact::Inventoried,
        Fact::Applied {
            changed: 2,
            objects: 14,
            notes: vec!["replicas of Deployment/web are the autoscaler's".to_owned()],
        },
    ]
}

fn announcement(project: &str, tag: &str, message: &str) -> Result<Announcement, Failure> {
    Ok(Announcement {
        image: format!("registry.example/acme/{project}").parse()?,
        tag: Some(tag.parse()?),
        digest: None,
        chart: None,
        commit: Some("4f1c9a7e".to_owned()),
        branch: Some("main".to_owned()),
        author: Some("Cy Young".to_owned()),
        message: Some(message.to_owned()),
        build_url: Some("https://ci.example/runs/812".to_owned()),
    })
}

fn image_ref(image: &str, fill: char) -> Result<ImageRef, Failure> {
    Ok(format!("registry.example/acme/{image}@{}", digest(fill)).parse()?)
}

fn digest(fill: char) -> String {
    format!("sha256:{}", fill.to_string().repeat(64))
}

fn commit(start: &str) -> CommitId {
    let mut id = start.repeat(40);
    id.truncate(40);
    id.parse().expect("hexadecimal digits make a commit id")
}

fn person(name: &str) -> PersonName {
    name.parse().expect("the names here are names")
}
