//! Slack as it is really spoken to: our client against the fake of `testkit`, over loopback.

#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use chat::slack::{Settings, Slack, Times, Token};
use chat::{Action, Button, ButtonStyle, ButtonValue, ChatError, ChatService, Interaction, Message, MessageRef};
use model::{
    Announcement, Build, Fact, Fleet, FleetFact, FleetNumber, Pin, PinId, PinKind, PinNumber, Proposal, Timestamp, step,
};
use serde_json::json;
use testkit::FakeSlack;
use testkit::slack::Click;
use tokio::sync::mpsc;

const SINCE: Timestamp = Timestamp(0);
const DEPLOYS: &str = FakeSlack::DEPLOYS;

fn id(byte: u8) -> PinId {
    PinId::from_random([byte; 16])
}

fn ask(byte: u8) -> Message {
    let button = |action: Action| Button {
        action,
        label: action.id().to_owned(),
        spoken: action.id().to_owned(),
        style: ButtonStyle::Plain,
        confirm: None,
        value: Some(ButtonValue { pin: id(byte), nonce: "0123456789abcdef".into() }),
        url: None,
    };
    Message {
        header: "shop → prod: pin 1.42.0?".into(),
        buttons: vec![button(Action::Approve), button(Action::Reject)],
        ..Message::text("1.42.0 would run in place of 1.41.3.")
    }
}

fn times() -> Times {
    let least_wait = Duration::from_millis(5);
    Times { call: Duration::from_secs(2), least_wait, most_wait: Duration::from_millis(50), ..Times::default() }
}

fn service(fake: &FakeSlack, times: Times) -> ChatService {
    let (bot_token, app_token) = (Token::new(FakeSlack::BOT_TOKEN), Some(Token::new(FakeSlack::APP_TOKEN)));
    let settings = Settings { api: fake.api().to_owned(), bot_token, app_token, times };
    ChatService::Slack(Slack::new(settings).unwrap())
}

async fn started() -> (FakeSlack, ChatService) {
    let fake = FakeSlack::start().await.unwrap();
    let service = service(&fake, times());
    (fake, service)
}

/// A service that listens, with its clicks.
async fn listening(room: usize) -> (FakeSlack, Arc<ChatService>, mpsc::Receiver<Interaction>) {
    listening_with(room, times()).await
}

async fn listening_with(room: usize, times: Times) -> (FakeSlack, Arc<ChatService>, mpsc::Receiver<Interaction>) {
    let fake = FakeSlack::start().await.unwrap();
    let service = Arc::new(service(&fake, times));
    let (clicks, taken) = mpsc::channel(room);
    let listener = Arc::clone(&service);
    tokio::spawn(async move { listener.listen(clicks).await });
    fake.until("a connection", |fake| fake.connections() == 1).await.unwrap();
    (fake, service, taken)
}

#[tokio::test]
async fn a_message_is_posted_once_and_edited() {
    let (fake, service) = started().await;
    let at = service.post("#deploys", &ask(1), &id(1)).await.unwrap();
    assert_eq!(at.channel, DEPLOYS);
    service.edit(&at, &Message::text("shop → prod: runs 1.42.0")).await.unwrap();
    let messages = fake.messages(DEPLOYS);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, "shop → prod: runs 1.42.0");
    assert_eq!(messages[0].before, ["1.42.0 would run in place of 1.41.3."]);
    assert!(messages[0].buttons().is_empty());
    assert_eq!(service.find("#deploys", &id(1), SINCE).await.unwrap(), [at], "an edit keeps the key");
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_by_its_key() {
    let (fake, service) = started().await;
    fake.post_as_other_app(DEPLOYS, "a trap", json!({"event_type": "pinnace_pin", "event_payload": {"pin": id(1)}}));
    service.post(DEPLOYS, &ask(2), &id(2)).await.unwrap();
    fake.drop_answer_after_effect("chat.postMessage");
    let lost = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap_err();
    assert!(lost.outcome_unknown(), "{lost}");
    let found = service.find(DEPLOYS, &id(1), SINCE).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, fake.messages(DEPLOYS)[2].ts);
    assert_eq!(service.find(DEPLOYS, &id(3), SINCE).await.unwrap(), []);
}

#[tokio::test]
async fn a_message_is_found_behind_many_others_and_its_repeat_becomes_a_pointer() {
    let (fake, service) = started().await;
    let first = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    for _ in 0..450 {
        fake.post_as_other_app(DEPLOYS, "chatter", json!(null));
    }
    let second = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    let found = service.find(DEPLOYS, &id(1), SINCE).await.unwrap();
    assert_eq!(found, [second, first], "newest first");
    service.edit(&found[1], &Message::pointer(PinNumber(117), Some("https://pinnace.example/pins/117"))).await.unwrap();
    assert!(fake.messages(DEPLOYS)[0].text.contains("#117"));
    assert!(fake.messages(DEPLOYS)[0].buttons().is_empty());
}

#[tokio::test]
async fn a_refusal_is_said_to_the_clicker_only_and_mentions_nobody() {
    let (fake, service) = started().await;
    service.whisper(DEPLOYS, FakeSlack::ANN, "you may not: ask <!channel>").await.unwrap();
    let said = fake.ephemerals();
    assert_eq!(said[0].user, FakeSlack::ANN);
    assert_eq!(said[0].text, "you may not: ask &lt;!channel&gt;");
    assert!(fake.messages(DEPLOYS).is_empty());
}

#[tokio::test]
async fn a_rate_limit_is_kept_to_without_asking_again() {
    let (fake, service) = started().await;
    fake.rate_limit("chat.postMessage", 30);
    for _ in 0..3 {
        let limited = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap_err();
        assert!(limited.retry_after().is_some_and(|after| after > Duration::from_secs(25)), "{limited}");
        assert!(!limited.outcome_unknown());
    }
    assert_eq!(fake.calls("chat.postMessage"), 1);
    service.whisper(DEPLOYS, FakeSlack::ANN, "other methods go on").await.unwrap();
}

#[tokio::test]
async fn a_slack_that_hangs_or_is_away_costs_no_more_than_its_time() {
    let fake = FakeSlack::start().await.unwrap();
    let service = service(&fake, Times { call: Duration::from_millis(50), ..times() });
    fake.stall("chat.postMessage");
    let hung = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap_err();
    assert!(hung.outcome_unknown(), "{hung}");
    fake.set_down(true);
    assert!(service.whisper(DEPLOYS, FakeSlack::ANN, "x").await.unwrap_err().outcome_unknown());
    fake.set_down(false);
    service.whisper(DEPLOYS, FakeSlack::ANN, "back").await.unwrap();
}

#[tokio::test]
async fn errors_say_what_to_do_and_tell_no_token() {
    let (fake, service) = started().await;
    fake.fail_next("chat.postMessage", "not_in_channel");
    let refused = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "slack refuses `chat.postMessage`: not_in_channel; invite the bot to the channel");
    let missing = service.post("#nowhere", &ask(1), &id(1)).await.unwrap_err();
    assert!(missing.to_string().contains("invite the bot"), "{missing}");
    fake.fail_next("chat.update", "edit_window_closed");
    let at = MessageRef { channel: DEPLOYS.into(), message: "1.2".into() };
    assert!(service.edit(&at, &ask(1)).await.unwrap_err().message_is_gone());
    assert!(service.edit(&at, &ask(1)).await.unwrap_err().message_is_gone(), "it never was there");
    assert!(!format!("{service:?}").contains("xoxb") && !format!("{service:?}").contains("xapp"));
    let swapped = Settings::new(Token::new("xapp-1"), None);
    assert!(matches!(Slack::new(swapped), Err(ChatError::SetUp { .. })));
}

#[tokio::test]
async fn the_fake_refuses_what_slack_refuses() {
    let (fake, service) = started().await;
    let call = |token: &'static str, body: serde_json::Value| {
        let request = reqwest::Client::new().post(format!("{}chat.postMessage", fake.api())).bearer_auth(token);
        async move { request.json(&body).send().await.unwrap().json::<serde_json::Value>().await.unwrap() }
    };
    let long = json!([{"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}}]);
    let answer = call(FakeSlack::BOT_TOKEN, json!({"channel": DEPLOYS, "text": "x", "blocks": long})).await;
    assert_eq!(answer["error"], "invalid_blocks");
    assert!(answer["response_metadata"]["messages"][0].as_str().unwrap().contains("/blocks/0/text/text"));
    assert_eq!(call(FakeSlack::BOT_TOKEN, json!({"channel": DEPLOYS})).await["error"], "no_text");
    assert_eq!(call("xoxb-stale", json!({})).await["error"], "invalid_auth");
    assert_eq!(call(FakeSlack::APP_TOKEN, json!({})).await["error"], "not_allowed_token_type");
    drop(service);
}

#[tokio::test]
async fn a_click_is_acknowledged_at_once_and_handed_on() {
    let (fake, service, mut clicks) = listening(8).await;
    let at = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
    let click = clicks.recv().await.unwrap();
    assert_eq!((click.action, click.message, click.value.pin), (Action::Approve, at, id(1)));
    assert_eq!((click.user.as_str(), click.team.as_str()), (FakeSlack::ANN, FakeSlack::TEAM));
    assert_eq!(fake.unacked(), 0);
}

#[tokio::test]
async fn of_two_hundred_clicks_99_in_100_are_acknowledged_within_300_ms() {
    let (fake, service, _clicks) = listening(200).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    let mut took = Vec::new();
    for _ in 0..200 {
        took.push(fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap());
    }
    took.sort_unstable();
    assert!(took[197] < Duration::from_millis(300), "p99 is {:?}", took[197]);
}

#[tokio::test]
async fn a_click_from_another_workspace_names_that_workspace() {
    let (fake, service, mut clicks) = listening(8).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.press(DEPLOYS, "approve", FakeSlack::STRANGER).await.unwrap();
    assert_ne!(clicks.recv().await.unwrap().team, FakeSlack::TEAM);
}

#[tokio::test]
async fn a_forged_value_is_acknowledged_and_goes_nowhere() {
    let (fake, service, mut clicks) = listening(8).await;
    let at = service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    let click = |forged_value| Click {
        channel: DEPLOYS,
        message: &at.message,
        action: "approve",
        user: FakeSlack::ANN,
        forged_value,
    };
    fake.click(&click(Some("117'; drop table pins"))).await.unwrap();
    fake.click(&click(None)).await.unwrap();
    assert_eq!(clicks.recv().await.unwrap().value.pin, id(1));
    assert!(clicks.try_recv().is_err());
}

#[tokio::test]
async fn a_click_that_nobody_has_room_for_is_not_acknowledged() {
    let (fake, service, mut clicks) = listening(1).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
    let newest = fake.messages(DEPLOYS).pop().unwrap().ts;
    let click = |forged_value| Click {
        channel: DEPLOYS,
        message: &newest,
        action: "reject",
        user: FakeSlack::BO,
        forged_value,
    };
    let good = click(None);
    tokio::select! {
        took = fake.click(&good) => panic!("acknowledged without room: {took:?}"),
        sent = fake.until("the click", |fake| fake.unacked() == 1) => sent.unwrap(),
    }
    // Envelopes are read in order: when this one is acknowledged, the one before was left alone.
    fake.click(&click(Some("forged"))).await.unwrap();
    assert_eq!(fake.unacked(), 1);
    assert_eq!(clicks.recv().await.unwrap().action, Action::Approve);
    fake.press(DEPLOYS, "approve", FakeSlack::BO).await.unwrap();
}

#[tokio::test]
async fn it_connects_again_when_slack_asks_and_keeps_the_old_socket_meanwhile() {
    let (fake, service, mut clicks) = listening(8).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    for reason in ["warning", "refresh_requested"] {
        let before = fake.connections_ever();
        fake.ask_to_reconnect(reason);
        fake.until("a new connection", |fake| fake.connections_ever() > before && fake.connections() >= 2)
            .await
            .unwrap();
        fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
        assert_eq!(clicks.recv().await.unwrap().user, FakeSlack::ANN);
    }
}

#[tokio::test]
async fn it_connects_again_when_the_socket_is_cut_or_slack_was_away() {
    let (fake, service, mut clicks) = listening(8).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.cut_sockets();
    fake.until("a new connection", |fake| fake.connections_ever() == 2 && fake.connections() == 1).await.unwrap();
    fake.set_down(true);
    fake.until("tries while it is away", |fake| fake.calls("apps.connections.open") >= 4).await.unwrap();
    fake.set_down(false);
    fake.until("a connection after that", |fake| fake.connections() == 1).await.unwrap();
    fake.press(DEPLOYS, "reject", FakeSlack::BO).await.unwrap();
    assert_eq!(clicks.recv().await.unwrap().action, Action::Reject);
}

#[tokio::test]
async fn a_half_open_connection_is_noticed_and_left() {
    let (ping, silence) = (Duration::from_millis(10), Duration::from_millis(200));
    let (fake, service, mut clicks) = listening_with(8, Times { ping, silence, ..times() }).await;
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.mute_sockets();
    fake.until("a new connection", |fake| fake.connections_ever() == 2).await.unwrap();
    fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
    assert_eq!(clicks.recv().await.unwrap().action, Action::Approve);
}

#[tokio::test]
async fn socket_mode_switched_off_is_tried_again_until_it_is_on() {
    let (fake, _service, _clicks) = listening(8).await;
    fake.fail_next("apps.connections.open", "missing_scope");
    fake.ask_to_reconnect("link_disabled");
    fake.until("a new connection", |fake| fake.connections_ever() == 2).await.unwrap();
    assert_eq!(fake.calls("apps.connections.open"), 3);
}

#[tokio::test]
async fn it_stops_listening_when_nobody_takes_clicks() {
    let (fake, _service, clicks) = listening(8).await;
    drop(clicks);
    fake.until("the connection's end", |fake| fake.connections() == 0).await.unwrap();
}

#[tokio::test]
async fn a_click_comes_by_signed_http_too() {
    let (fake, service) = started().await;
    let (clicks, mut taken) = mpsc::channel(8);
    let handler = move |headers: axum::http::HeaderMap, body: axum::body::Bytes| {
        let clicks = clicks.clone();
        async move {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
            let now = Timestamp(i64::try_from(now).unwrap());
            let secret = Token::new(FakeSlack::SIGNING_SECRET);
            clicks.send(chat::slack::verify_http(&secret, &headers, &body, now).unwrap()).await.unwrap();
        }
    };
    let app = axum::Router::new().route("/slack", axum::routing::post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    fake.send_clicks_to(&format!("http://{}/slack", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    service.post(DEPLOYS, &ask(1), &id(1)).await.unwrap();
    fake.press(DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
    let Some(chat::slack::Callback::Click(click)) = taken.recv().await else { panic!("no click") };
    assert_eq!((click.user.as_str(), click.value.pin), (FakeSlack::ANN, id(1)));
}

#[tokio::test]
async fn an_account_says_what_it_is() {
    let (_fake, service) = started().await;
    let ChatService::Slack(slack) = &service;
    assert_eq!(slack.identity().await.unwrap().team, FakeSlack::TEAM);
    let account = slack.account(FakeSlack::STRANGER).await.unwrap();
    assert!(!account.bot && account.team != FakeSlack::TEAM);
}

/// Three hundred instances with the longest names, on as many versions, that people are asked about.
fn three_hundred() -> (Fleet, Vec<Pin>) {
    let image = |tag: &str| format!("r.example/acme/shop:{tag}").parse().unwrap();
    let announced = Announcement {
        image: "r.example/acme/shop".parse().unwrap(),
        tag: None,
        digest: None,
        chart: None,
        commit: None,
        branch: None,
        author: Some("\u{202e}<!channel> ".repeat(300)),
        message: Some("👩‍👩‍👧‍👦 & ".repeat(900)),
        build_url: Some("https://ci.example/812".to_owned()),
    };
    let build = Build { image: image(&"9".repeat(100)), chart: None, announced: Some(announced) };
    let pin = |n: u64| {
        let instance = format!("shop/prod/{}-{n:03}", "c".repeat(36)).parse().unwrap();
        let proposal = Proposal {
            base: "a".repeat(40).parse().unwrap(),
            from: Some(image(&format!("{}-{n}", "1".repeat(100)))),
            from_chart: None,
            render_hash: n.to_string(),
            git_diff: String::new(),
            rendered_diff: String::new(),
            commits: Vec::new(),
        };
        let facts = [
            Fact::Opened {
                number: PinNumber(n),
                instance,
                kind: PinKind::Pin,
                build: Box::new(build.clone()),
                by: None,
            },
            Fact::InFleet { fleet: FleetNumber(7) },
            Fact::Proposed(Box::new(proposal)),
            Fact::Asked { approvers: vec!["ann".parse().unwrap()], quorum: 1, until: Timestamp(3_600_000) },
        ];
        let pin = facts.iter().fold(None, |pin, fact| Some(step(pin, fact, SINCE).unwrap().0));
        pin.unwrap()
    };
    let opened = FleetFact::Opened {
        number: FleetNumber(7),
        project: "shop".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        build: Box::new(build.clone()),
        size: 5,
        pause_ms: 0,
        pins: (1..=300).map(PinNumber).collect(),
    };
    (Fleet::step(None, &opened, SINCE).unwrap(), (1..=300).map(pin).collect())
}

#[tokio::test]
async fn a_fleet_pin_of_three_hundred_instances_is_one_message_that_slack_takes() {
    let (fake, service) = started().await;
    let (fleet, pins) = three_hundred();
    let approvers: Vec<String> = (0..200).map(|n| format!("a-person-with-a-name-{n}")).collect();
    let message = chat::wording::fleet_message(&chat::wording::FleetMessage {
        id: &id(1),
        fleet: &fleet,
        pins: &pins,
        shown: "0011223344556677",
        approvers: &approvers,
        url: Some("https://pinnace.example/fleets/7"),
        confirm: true,
        show_log: true,
    });
    // The fake refuses what is over a documented limit.
    service.post(DEPLOYS, &message, &id(1)).await.unwrap();
    let posted = fake.messages(DEPLOYS);
    assert_eq!((posted.len(), posted[0].buttons()), (1, vec!["approve".into(), "reject".into(), "details".into()]));
    assert!(posted[0].text.contains("shop → prod (300 instances)"), "{}", posted[0].text);
}
