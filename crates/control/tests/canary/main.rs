//! P9: no secret is in any output. Values that can't be mistaken are planted wherever there are secrets; then a pin fails, one
//! holds, credentials expire and people meddle, and everything that anybody is shown or that is kept is searched.
#![cfg(test)]

#[path = "../support/log.rs"]
mod log;
#[path = "../support/surfaces.rs"]
mod surfaces;

mod outputs;
mod sealed;

use std::fmt::Write as _;

use base64::Engine as _;
use log::Log;
use model::{DropReason, Outcome, Pin};
use outputs::Outputs;
use serde_json::json;
use store::BuildState;
use surfaces::{SENDER_KEY, Surfaces};
use testkit::world::{Doors, LetsIn, Plan};
use testkit::{Desk, FakeSlack, GitFault, Person, World};

/// In `stringData`, and in a ConfigMap beside it.
const PLAIN: &str = "canary-a81c-in-string-data";
/// What takes its place later.
const PLAIN_LATER: &str = "canary-b72d-in-string-data-later";
/// In `data`.
const ENCODED: &str = "canary-c63e-in-data";
/// What somebody writes into the live Secret with a tool.
const BY_HAND: &str = "canary-d54f-by-hand";
/// In a Secret that is none.
const INVALID: &str = "canary-e450-not-base64!";
/// In a Secret, and in the last lines of the container that crashes.
const IN_LOG: &str = "settings = load_settings(os.environ)";
/// The remote's words when it refuses the token.
const REFUSED: &str = "the token token-77ab-of-the-config-repo has expired\n";

/// All that must not be found.
const PLANTED: [&str; 11] = [
    PLAIN,
    PLAIN_LATER,
    ENCODED,
    BY_HAND,
    INVALID,
    IN_LOG,
    Doors::GIT_TOKEN,
    Doors::CLUSTER_TOKEN,
    Doors::REGISTRY_LOGIN[1],
    SENDER_KEY,
    FakeSlack::BOT_TOKEN,
];

fn secret(plain: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(ENCODED);
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData:\n  STRIPE_KEY: {plain}\n  LINE: \"{IN_LOG}\"\n\
         data:\n  DB_PASSWORD: {encoded}\n"
    )
}

fn beside(plain: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: beside}}\ndata: {{COPY: \"key={plain}\"}}\n")
}

/// A pin that fails, with its last lines.
async fn fails(world: &mut World) {
    let number = world.pin("1.1-crash-loop").await;
    let Outcome::Dropped { reason: DropReason::Failed, .. } = world.ended(number).await else {
        panic!("it is to fail")
    };
}

/// A pin that holds and brings another value, with the config repo refusing the token on the way.
async fn holds_with_another_value(world: &mut World, desk: &Desk, log: &Log) {
    let remote = &world.remote;
    remote.commit_as(Person::BOB, "apps/shop/prod/sealed.yaml", &sealed::later(desk)).unwrap();
    remote.commit_as(Person::BOB, "apps/shop/prod/keys.yaml", &secret(PLAIN_LATER)).unwrap();
    remote.commit_as(Person::BOB, "apps/shop/prod/beside.yaml", &beside(PLAIN_LATER)).unwrap();
    world.build("1.2").await;
    let number = world.asked("1.2").await;
    sealed::chat_fails(world.slack.as_ref().unwrap());
    world.doors.as_ref().unwrap().git().set_fault(GitFault::Status(401, REFUSED));
    world.approve(number, "ann").await;
    world.pin_that("it waits for the config repo", "1.2", |pin| pin.delay.is_some()).await;
    log.says("the config repo can't be fetched", 1).await;
    world.doors.as_ref().unwrap().git().set_fault(GitFault::None);
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
}

/// A pin that is refused: a Secret's value is not what it should be.
async fn refused(world: &mut World) {
    let bad = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: bad}}\ndata: {{KEY: \"{INVALID}\"}}\n");
    world.remote.commit_as(Person::BOB, "apps/shop/prod/bad.yaml", &bad).unwrap();
    world.build("1.3").await;
    world.pin_that("it is refused", "1.3", Pin::ended).await;
}

/// Credentials expire, and a sender is not who it says.
async fn troubles(world: &World, surfaces: &Surfaces, outputs: &mut Outputs) {
    let doors = world.doors.as_ref().unwrap();
    doors.cluster.lets_in(LetsIn::Nobody);
    doors.registry.lets_in(LetsIn::Nobody);
    world.registry.push_image("acme/shop", "1.4", "1.4").await.unwrap();
    surfaces.announce("1.4", "delivery-refused").await;
    world
        .until("the registry to refuse", async |world| {
            let builds = world.control.store().builds(None, None, 10).await.ok()?;
            builds.into_iter().find(|row| matches!(row.state, BuildState::Received { why: Some(_), .. })).map(drop)
        })
        .await;
    outputs.page(surfaces, "/api/v1/drift?instance=shop/prod").await;
    outputs.page(surfaces, "/i/shop/prod").await;
    outputs.page(surfaces, "/builds").await;
    doors.cluster.lets_in(LetsIn::Bearer(Doors::CLUSTER_TOKEN));
    doors.registry.lets_in(LetsIn::Everybody);
    for (path, form) in [("/pins/1/approve", ""), ("/pins/99/approve", ""), ("/sign-in", "link=nonsense")] {
        let (status, body) = surfaces.press(path, form).await;
        outputs.take(format!("POST {path} ({status})"), body);
    }
    let (status, body) = surfaces.announce("no tag", "delivery-bad").await;
    outputs.take(format!("POST a build ({status})"), body);
}

/// Somebody changes things live, and looks at what differs.
async fn meddled(world: &World, surfaces: &Surfaces, outputs: &mut Outputs) {
    world.objects.edit_secret("keys", "kubectl-edit", &json!({"stringData": {"STRIPE_KEY": BY_HAND}})).await;
    world.objects.edit_secret("sealed", "kubectl-edit", &json!({"stringData": {"TOKEN": BY_HAND}})).await;
    let copied = json!({"data": {"COPY": format!("{PLAIN} and {ENCODED} and {}", sealed::VALUE)}});
    world.objects.edit_config_map("beside", "kubectl-edit", &copied).await;
    world
        .objects
        .edit_config_map("keys-of-the-desk", "kubectl-edit", &json!({"data": {"URL": sealed::VALUE_LATER}}))
        .await;
    sealed::looked_at(surfaces, outputs).await;
}

/// Every page, every message, every file of the database.
async fn all(world: &World, surfaces: &Surfaces, outputs: &mut Outputs) {
    let mut paths: Vec<String> = ["", "builds", "activity", "i/shop/prod", "readyz", "healthz", "nowhere", "sign-in"]
        .map(|page| format!("/{page}"))
        .into();
    let lists = ["overview", "instances", "instances/shop/prod", "pins", "builds", "session", "nowhere"];
    paths.extend(lists.map(|list| format!("/api/v1/{list}")));
    let pins = world.control.pins(None, None).await.unwrap();
    paths.extend(
        pins.iter().flat_map(|pin| [format!("/pins/{}", pin.number.0), format!("/api/v1/pins/{}", pin.number.0)]),
    );
    for path in paths {
        outputs.page(surfaces, &path).await;
    }
    let slack = world.slack.as_ref().unwrap();
    let mut said = String::new();
    for posted in slack.messages(FakeSlack::DEPLOYS) {
        let _ = write!(said, "{} {:?} {} {}", posted.text, posted.before, posted.blocks, posted.metadata);
    }
    let _ = write!(said, "{:?}", slack.ephemerals());
    outputs.take("chat", said);
    outputs.files(&world.data());
    outputs.take("the cluster", world.objects.beside_values().await);
    for pin in pins {
        let view = world.control.pin_view(pin.number).await.unwrap();
        outputs.take(format!("facts of {}", pin.number), format!("{:?}", view.facts));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_is_in_any_page_message_log_or_table() {
    let log = Log::kept();
    let desk = Desk::new();
    let mut more = vec![("keys.yaml".to_owned(), secret(PLAIN)), ("beside.yaml".to_owned(), beside(PLAIN))];
    more.extend(sealed::files(&desk));
    let age_key_file = Some(desk.key_file());
    let mut world = World::planned(Plan { doors: true, slack: true, more, age_key_file, ..Plan::default() }).await;
    let surfaces = Surfaces::of(&world).await;
    let mut outputs = Outputs::default();
    fails(&mut world).await;
    holds_with_another_value(&mut world, &desk, &log).await;
    meddled(&world, &surfaces, &mut outputs).await;
    refused(&mut world).await;
    sealed::refused(&world, &desk, &surfaces, &mut outputs).await;
    troubles(&world, &surfaces, &mut outputs).await;
    let slack = world.slack.as_ref().unwrap();
    let told = |slack: &FakeSlack| {
        let said = slack.messages(FakeSlack::DEPLOYS);
        said.iter().any(|posted| posted.text.contains("Seen healthy and recorded as"))
    };
    slack.until("the outcome", told).await.unwrap();
    all(&world, &surfaces, &mut outputs).await;
    outputs.take("the log", log.text());

    // It is looked for where things are shown: what may be seen is found.
    for (shown, places) in [
        ("KeyError", ["/pins/1 (200)", "chat", "facts of #1"]),
        ("STRIPE_KEY", ["/pins/2 (200)", "chat", "facts of #2"]),
        ("keys-of-the-desk", ["/api/v1/render?instance=shop/prod (200)", "the cluster", "the log"]),
    ] {
        let found = outputs.holding(shown);
        assert!(places.iter().all(|place| found.contains(place)), "`{shown}` is only in {found:?}");
        assert!(found.iter().any(|place| place.contains("pinnace.db")), "`{shown}` is only in {found:?}");
    }
    let private = std::fs::read_to_string(desk.key_file()).unwrap();
    let planted = PLANTED.into_iter().chain(sealed::ALL).chain([private.trim()]);
    let found: Vec<_> = planted.map(|value| (value, outputs.holding(value))).collect();
    let found: Vec<_> = found.into_iter().filter(|(_, places)| !places.is_empty()).collect();
    assert!(found.is_empty(), "secrets are shown: {found:#?}");
    // The chat did refuse, and said so.
    assert!(log.text().contains("invalid_blocks"), "the chat's words were never logged");
}
