//! A server with a real database and a real config repo, and people who send requests.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use config_repo::{BranchName, Credentials, Limits, Mirror, RemoteUrl};
use control::{Barrier, Clock, Control, Parts, Settings};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use model::{
    Announcement, Build, CommitId, Decider, Fact, FleetNumber, InstanceId, Pin, PinId, PinKind, PinNumber, Proposal,
    Timestamp,
};
use store::{NewBuild, NewFleet, NewPin, Opening, Store};
use tempfile::TempDir;
use testkit::GitRemote;
use tower::ServiceExt as _;
use webhooks::{SenderKeys, token_hash};

use crate::{ServerSettings, router, sign_in_link};

pub(super) const TOKEN: &str = "a-token-of-the-shop";
pub(super) const BASE: &str = "http://127.0.0.1:8080";
pub(super) const IMAGE: &str = "registry.example/acme/shop";

pub(super) const CONFIG: &str = "
apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {email: ann@example.org, groups: [release]}
  bo: {email: bo@example.org}
environments:
  staging: {context: staging}
  prod: {context: prod, approvers: [group:release]}
projects:
  shop:
    image: registry.example/acme/shop
    sources: [{path: \"apps/shop/{environment}\"}]
    namespaces: {staging: shop-staging, prod: shop}
    rules: {staging: auto, prod: ask}
";

/// A server, and what it was made of.
pub(super) struct World {
    pub control: Control,
    pub router: Router,
    pub clock: Clock,
    _dir: TempDir,
    _remote: GitRemote,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(CONFIG, ServerSettings::default()).await
    }

    pub(super) async fn with(config: &str, mut settings: ServerSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let remote = GitRemote::bare(&[("pinnace.yaml", config)]).unwrap();
        let url: RemoteUrl = remote.file_url().parse().unwrap();
        let branch: BranchName = "main".parse().unwrap();
        let (place, limits) = (dir.path().join("mirror"), Limits::default());
        let mirror = Mirror::open(&place, url, branch, Credentials::none(), limits).await.unwrap();
        let clock = Clock::stepped(Timestamp(1_795_000_000_000));
        let parts = Parts {
            settings: Settings { base_url: BASE.to_owned(), ..Settings::default() },
            store: Store::open(&dir.path().join("data")).await.unwrap(),
            mirror,
            registry: control::registry::RegistryClient::with_timeout(Duration::from_secs(1)),
            chat: None,
            redactor: secrets::Redactor::new(),
            clock: clock.clone(),
            barrier: Barrier::off(),
        };
        let control = Control::new(parts).await.unwrap();
        let keys = SenderKeys { signing: Vec::new(), bearer_hashes: vec![token_hash(TOKEN)] };
        settings.push_keys = keys.clone();
        settings.senders.insert("shop".parse().unwrap(), keys);
        let router = router(control.clone(), settings);
        Self { control, router, clock, _dir: dir, _remote: remote }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// What somebody sees who is not signed in.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn get_as(&self, cookie: &str, path: &str) -> Answer {
        self.send(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    /// What a browser sends when a form of ours is submitted.
    pub(super) async fn submit(&self, cookie: &str, path: &str, form: &str) -> Answer {
        self.send(form_of(cookie, path, form, "same-origin")).await
    }

    /// Signs a person in the way that browsers do, and gives the cookie.
    pub(super) async fn sign_in(&self, person: &str) -> String {
        let link = sign_in_link(&self.control, &person.parse().unwrap()).await.unwrap();
        let token = link.rsplit('/').next().unwrap();
        let answer = self.submit("", "/sign-in", &format!("link={token}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// A pin of shop in prod that people are asked about.
    pub(super) async fn asked(&self, change: impl FnOnce(&mut Announcement)) -> Pin {
        let number = self.opened(change).await;
        self.append(number, &self.ask()).await
    }

    fn ask(&self) -> [Fact; 2] {
        let proposal = Proposal {
            base: commit(),
            from: Some(format!("{IMAGE}:1.41.3@{}", digest('a')).parse().unwrap()),
            from_chart: None,
            render_hash: "f00d".to_owned(),
            git_diff: "@@ -1 +1 @@\n-image: shop:1.41.3\n+image: shop:1.42.0\n".to_owned(),
            rendered_diff: String::new(),
            commits: Vec::new(),
        };
        let until = self.control.now().plus(Duration::from_hours(1));
        [Fact::Proposed(Box::new(proposal)), Fact::Asked { approvers: vec!["ann".parse().unwrap()], quorum: 1, until }]
    }

    /// A fleet pin of so many instances of shop in prod, all of them asked about.
    pub(super) async fn fleet_asked(&self, instances: u64) -> FleetNumber {
        let (image, store, now) = (format!("{IMAGE}:1.42.0@{}", digest('b')), self.control.store(), self.control.now());
        let build = Build { image: image.parse().unwrap(), chart: None, announced: Some(announcement()) };
        let pin = |n: u64| {
            let mut id = [9; 16];
            id[..8].copy_from_slice(&n.to_be_bytes());
            let instance = format!("shop/prod/customer-{n:03}").parse().unwrap();
            NewPin { id: PinId::from_random(id), instance, kind: PinKind::Pin, build: build.clone(), by: None }
        };
        let fleet = NewFleet {
            id: PinId::from_random([5; 16]),
            project: "shop".parse().unwrap(),
            environment: "prod".parse().unwrap(),
            build: build.clone(),
            size: 5,
            pause_ms: 60_000,
            pins: (1..=instances).map(pin).collect(),
        };
        let (project, sender, delivery) = ("shop".parse().unwrap(), "ci".to_owned(), "d1".to_owned());
        let new = NewBuild { project, sender, delivery, announcement: announcement(), at: now };
        let received = store.receive(new).await.unwrap().build;
        let opening = Opening { pins: Vec::new(), fleets: vec![fleet] };
        store.build_resolved_into(received, &digest('b').parse().unwrap(), opening, now).await.unwrap();
        let record = store.open_fleets().await.unwrap().pop().unwrap();
        for number in &record.fleet.pins {
            self.append(*number, &self.ask()).await;
        }
        record.fleet.number
    }

    pub(super) async fn opened(&self, change: impl FnOnce(&mut Announcement)) -> PinNumber {
        let id = PinId::from_random([7; 16]);
        let mut announced = announcement();
        change(&mut announced);
        let image = format!("{IMAGE}:1.42.0@{}", digest('b')).parse().unwrap();
        let build = Build { image, chart: None, announced: Some(announced) };
        let store = self.control.store();
        store.open_pin(&id, &instance(), PinKind::Pin, build, None, self.control.now()).await.unwrap().number()
    }

    pub(super) async fn append(&self, number: PinNumber, facts: &[Fact]) -> Pin {
        let record = self.control.store().pin(number).await.unwrap().unwrap();
        let now = self.control.now();
        self.control.store().append(&record.id, record.pin.facts, facts, &[], now).await.unwrap()
    }

    pub(super) async fn pin(&self, number: PinNumber) -> Pin {
        self.control.store().pin(number).await.unwrap().unwrap().pin
    }
}

/// Facts from the decision to the first look.
pub(super) fn approved_and_applied() -> Vec<Fact> {
    let (base, render_hash) = (commit(), "f00d".to_owned());
    vec![
        Fact::Approved { by: Decider::Person("ann".parse().unwrap()), surface: None },
        Fact::Claimed,
        Fact::Rendered { base, render_hash, objects: 3 },
        Fact::DryRun { unchecked: Vec::new() },
        Fact::Inventoried,
        Fact::Applied { changed: 1, objects: 3, notes: Vec::new() },
    ]
}

pub(super) fn form_of(cookie: &str, path: &str, form: &str, site: &str) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site)
        .body(Body::from(form.to_owned()))
        .unwrap()
}

pub(super) fn instance() -> InstanceId {
    "shop/prod".parse().unwrap()
}

pub(super) fn commit() -> CommitId {
    "c0ffee".repeat(7)[..40].parse().unwrap()
}

pub(super) fn digest(fill: char) -> String {
    format!("sha256:{}", fill.to_string().repeat(64))
}

fn announcement() -> Announcement {
    Announcement {
        image: IMAGE.parse().unwrap(),
        tag: Some("1.42.0".parse().unwrap()),
        digest: None,
        chart: None,
        commit: Some("abc1234".to_owned()),
        branch: Some("main".to_owned()),
        author: Some("Cy".to_owned()),
        message: Some("Show the price with tax".to_owned()),
        build_url: Some("https://ci.example/812".to_owned()),
    }
}
