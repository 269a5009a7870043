//! Virtual hosts on a real RabbitMQ.
#![cfg(test)]

mod rabbit {
    pub(crate) mod relay;
}

use std::sync::Arc;

use operator::Claim;
use operator::rabbit::{
    ApplyTo, Permissions, Policy, RabbitError, RabbitName, Server, Wanted, ensure, hash, take_away,
};
use rabbit::relay::Relay;
use secrets::Secret;
use serde_json::{Value, json};
use testkit::DevRabbit;
use testkit::rabbit::LoginError;

const PASSWORD: &str = "p@ss:w/ord%?#'\"é";

fn name(text: &str) -> RabbitName {
    text.parse().unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn wanted(vhost: &str) -> Wanted {
    Wanted {
        vhost: name(vhost),
        username: name(vhost),
        permissions: Permissions::default(),
        policies: [].into(),
        claim: Claim::of("cluster-1", "shop", vhost),
    }
}

fn policy(definition: Value) -> Policy {
    Policy { pattern: "^celery".to_owned(), apply_to: ApplyTo::Queues, priority: 3, definition }
}

fn server(rabbit: &DevRabbit) -> Server {
    Server::new(&rabbit.management_url(), DevRabbit::ADMIN, secret(DevRabbit::PASSWORD), None).unwrap()
}

async fn start() -> (Arc<DevRabbit>, Server) {
    let rabbit = DevRabbit::shared().await.unwrap();
    let server = server(&rabbit);
    (rabbit, server)
}

/// What an administrator does by hand.
async fn by_hand(rabbit: &DevRabbit, method: &str, path: &str, body: Value) {
    let client = reqwest::Client::new();
    let url = format!("{}/api/{path}", rabbit.management_url());
    let request = client.request(method.parse().unwrap(), url).basic_auth(DevRabbit::ADMIN, Some(DevRabbit::PASSWORD));
    let answer = request.json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.text().await.unwrap());
}

/// A further pass finds nothing to do, and only reads.
async fn is_steady(rabbit: &DevRabbit, wanted: &Wanted, password: &str) {
    let relay = Relay::to(&rabbit.management_url()).await;
    let server = Server::new(&relay.url(), DevRabbit::ADMIN, secret(DevRabbit::PASSWORD), None).unwrap();
    let again = ensure(&server, wanted, &secret(password)).await.unwrap();
    assert_eq!((again.did, again.down_on), (Vec::<String>::new(), Vec::<String>::new()));
    let methods = relay.methods();
    assert_eq!(methods, ["GET"; 4], "a steady pass only reads");
}

async fn gets_in(rabbit: &DevRabbit, wanted: &Wanted, password: &str) -> bool {
    match rabbit.log_in(wanted.username.as_str(), password, wanted.vhost.as_str()).await {
        Ok(_) => true,
        Err(LoginError::Refused { code: 403 | 530, .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_virtual_host_is_made_with_a_user_that_gets_in_and_then_left_alone() {
    let (rabbit, server) = start().await;
    let wanted = wanted("shop");
    let made = ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    assert_eq!(
        made.did,
        [
            "make the virtual host \"shop\"",
            "make the user \"shop\"",
            "let the user \"shop\" into the virtual host \"shop\""
        ]
    );
    assert!(rabbit.log_in("shop", PASSWORD, "shop").await.unwrap().configure);
    assert!(!gets_in(&rabbit, &wanted, "another").await);
    is_steady(&rabbit, &wanted, PASSWORD).await;

    let other = self::wanted("desk");
    ensure(&server, &other, &secret("other")).await.unwrap();
    let refused = rabbit.log_in("desk", "other", "shop").await.unwrap_err();
    assert!(matches!(&refused, LoginError::Refused { code: 530, .. }), "{refused}");
}

#[tokio::test]
async fn names_that_addresses_have_other_uses_for_are_names_all_the_same() {
    let (rabbit, server) = start().await;
    for vhost in ["a/b", "100%", "größe ganz?#&+", "%2F", "...", "a;b=c"] {
        let mut wanted = wanted(vhost);
        wanted.policies = [(name(&format!("policy of {vhost}")), policy(json!({"max-length": 5})))].into();
        assert_eq!(ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did.len(), 4, "{vhost}");
        assert!(gets_in(&rabbit, &wanted, PASSWORD).await, "{vhost}");
        is_steady(&rabbit, &wanted, PASSWORD).await;
        assert_eq!(take_away(&server, &wanted).await.unwrap().len(), 2, "{vhost}");
        assert!(!gets_in(&rabbit, &wanted, PASSWORD).await, "{vhost}");
    }
}

#[tokio::test]
async fn permissions_follow_what_is_wanted_and_are_repaired() {
    let (rabbit, server) = start().await;
    let mut wanted = wanted("permits");
    wanted.permissions.configure = "^celery".to_owned();
    ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    let configures = async || rabbit.log_in("permits", PASSWORD, "permits").await.unwrap().configure;
    assert!(!configures().await, "a queue of the broker's naming is not begun with `celery`");

    wanted.permissions = Permissions::default();
    let repaired = ["let the user \"permits\" into the virtual host \"permits\""];
    assert_eq!(ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did, repaired);
    assert!(configures().await);

    by_hand(&rabbit, "DELETE", "permissions/permits/permits", Value::Null).await;
    assert!(!gets_in(&rabbit, &wanted, PASSWORD).await);
    assert_eq!(ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did, repaired);
    is_steady(&rabbit, &wanted, PASSWORD).await;

    wanted.permissions.write = "(".to_owned();
    let refused = ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("refuses to let the user \"permits\" into") && told.contains("invalid_regexp"), "{told}");
    assert!(!refused.is_transient());
}

#[tokio::test]
async fn policies_are_made_changed_repaired_and_taken_away() {
    let (rabbit, server) = start().await;
    let mut wanted = wanted("policies");
    let (short, ha) = (name("short"), name("a/b"));
    wanted.policies =
        [(short.clone(), policy(json!({"max-length": 10}))), (ha, policy(json!({"expires": 6000})))].into();
    assert_eq!(ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did.len(), 5);
    is_steady(&rabbit, &wanted, PASSWORD).await;

    wanted.policies = [(short.clone(), policy(json!({"max-length": 20, "overflow": "reject-publish"})))].into();
    let did = ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did;
    let of = "of the virtual host \"policies\"";
    assert_eq!(did, [format!("change the policy \"short\" {of}"), format!("take away the policy \"a/b\" {of}")]);
    is_steady(&rabbit, &wanted, PASSWORD).await;

    let edited = json!({"pattern": ".*", "apply-to": "all", "priority": 0, "definition": {"max-length": 1}});
    by_hand(&rabbit, "PUT", "policies/policies/short", edited).await;
    let did = ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did;
    assert_eq!(did, [format!("change the policy \"short\" {of}")]);

    wanted.policies.insert(short, policy(json!({"max-lengthy": 1})));
    let refused = ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap_err().to_string();
    assert!(refused.contains("not recognised policy settings"), "{refused}");
}

#[tokio::test]
async fn a_password_that_was_lost_or_changed_by_hand_is_set_again() {
    let (rabbit, server) = start().await;
    let wanted = wanted("passwords");
    ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    // The Secret was lost, and another password made.
    let did = ensure(&server, &wanted, &secret("second")).await.unwrap().did;
    assert_eq!(did, ["give the user \"passwords\" a password"]);
    assert!(gets_in(&rabbit, &wanted, "second").await && !gets_in(&rabbit, &wanted, PASSWORD).await);

    by_hand(&rabbit, "PUT", "users/passwords", json!({"password": "by hand", "tags": "management"})).await;
    assert_eq!(
        ensure(&server, &wanted, &secret("second")).await.unwrap_err().to_string(),
        "the user \"passwords\" is there already and has the tag `management`: name another in `username`"
    );
    by_hand(&rabbit, "PUT", "users/passwords", json!({"password": "by hand", "tags": ""})).await;
    ensure(&server, &wanted, &secret("second")).await.unwrap();
    assert!(gets_in(&rabbit, &wanted, "second").await && !gets_in(&rabbit, &wanted, "by hand").await);
    is_steady(&rabbit, &wanted, "second").await;
}

#[tokio::test]
async fn a_virtual_host_that_was_deleted_by_hand_is_made_again() {
    let (rabbit, server) = start().await;
    let mut wanted = wanted("deleted");
    wanted.policies = [(name("short"), policy(json!({"max-length": 10})))].into();
    ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    by_hand(&rabbit, "DELETE", "vhosts/deleted", Value::Null).await;
    assert_eq!(ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did.len(), 3, "all but the user");
    is_steady(&rabbit, &wanted, PASSWORD).await;

    by_hand(&rabbit, "PUT", "vhosts/deleted", json!({"description": "queues of the shop"})).await;
    assert_eq!(
        ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap().did,
        ["mark as ours the virtual host \"deleted\""]
    );
    is_steady(&rabbit, &wanted, PASSWORD).await;
}

#[tokio::test]
async fn two_objects_never_share_a_virtual_host_and_what_others_made_is_refused() {
    let (rabbit, server) = start().await;
    let first = wanted("claims");
    ensure(&server, &first, &secret(PASSWORD)).await.unwrap();
    let second =
        Wanted { claim: Claim::of("cluster-1", "other", "claims"), username: name("claims-2"), ..first.clone() };
    let refused = ensure(&server, &second, &secret("second")).await.unwrap_err();
    assert!(!refused.is_transient());
    let told = refused.to_string();
    assert!(
        told.starts_with("the virtual host \"claims\" is that of cluster-1/shop/claims already: two objects"),
        "{told}"
    );
    assert!(!gets_in(&rabbit, &second, "second").await);
    assert_eq!(take_away(&server, &second).await.unwrap(), Vec::<String>::new(), "nothing of it is the second's");
    // Handed over as the sentence says.
    let description = told.split('`').nth(1).unwrap();
    by_hand(&rabbit, "PUT", "vhosts/claims", json!({"description": description})).await;
    ensure(&server, &second, &secret("second")).await.unwrap();
    assert!(gets_in(&rabbit, &second, "second").await);
    assert!(
        ensure(&server, &first, &secret(PASSWORD))
            .await
            .unwrap_err()
            .to_string()
            .contains("is that of cluster-1/other/claims")
    );

    by_hand(&rabbit, "PUT", "vhosts/theirs", json!({})).await;
    let told = ensure(&server, &wanted("theirs"), &secret(PASSWORD)).await.unwrap_err().to_string();
    assert!(
        told.contains("was not made by Pinnace") && told.contains("`pinnace.dev/owned-by: cluster-1/shop/theirs`"),
        "{told}"
    );
    assert!(matches!(ensure(&server, &wanted("/"), &secret(PASSWORD)).await, Err(RabbitError::NotOurs { .. })));
}

#[tokio::test]
async fn objects_that_want_one_virtual_host_at_the_same_time_end_with_one_owner() {
    let (_rabbit, server) = start().await;
    let one = wanted("race");
    let other = Wanted { claim: Claim::of("cluster-1", "other", "race"), username: name("race-2"), ..one.clone() };
    let password = secret(PASSWORD);
    let _ = tokio::join!(ensure(&server, &one, &password), ensure(&server, &other, &password));
    let ended = tokio::join!(ensure(&server, &one, &password), ensure(&server, &other, &password));
    let refused =
        [&ended.0, &ended.1].into_iter().filter(|end| matches!(end, Err(RabbitError::Claimed { .. }))).count();
    assert_eq!(refused, 1, "{ended:?}");
}

#[tokio::test]
async fn a_user_of_somebody_else_is_never_taken() {
    let (rabbit, server) = start().await;
    let refused = async |username: &str| {
        let wanted = Wanted { username: name(username), ..wanted("users") };
        ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap_err().to_string()
    };
    assert!(refused(DevRabbit::ADMIN).await.contains("has the tag `administrator`: name another in `username`"));
    ensure(&server, &wanted("owner"), &secret("owner")).await.unwrap();
    assert!(refused("owner").await.contains("is that of cluster-1/shop/owner"));
    let hash = hash(&secret("elsewhere")).unwrap();
    by_hand(&rabbit, "PUT", "users/elsewhere", json!({"password_hash": hash, "tags": ""})).await;
    assert!(refused("elsewhere").await.contains("was not made by Pinnace"));
    by_hand(&rabbit, "PUT", "permissions/%2F/elsewhere", json!({"configure": "", "write": "", "read": ""})).await;
    assert!(refused("elsewhere").await.contains("is let into the virtual host \"/\""));
    assert!(matches!(rabbit.log_in("elsewhere", "elsewhere", "/").await, Ok(rights) if !rights.configure));
}

#[tokio::test]
async fn what_is_taken_away_is_gone_and_a_user_with_another_use_stays() {
    let (rabbit, server) = start().await;
    let wanted = wanted("leaving");
    ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    by_hand(&rabbit, "PUT", "permissions/%2F/leaving", json!({"configure": "", "write": "", "read": ".*"})).await;
    is_steady(&rabbit, &wanted, PASSWORD).await;
    assert_eq!(take_away(&server, &wanted).await.unwrap(), ["take away the virtual host \"leaving\""]);
    assert!(rabbit.log_in("leaving", PASSWORD, "/").await.is_ok());
    by_hand(&rabbit, "DELETE", "permissions/%2F/leaving", Value::Null).await;
    assert_eq!(take_away(&server, &wanted).await.unwrap(), ["take away the user \"leaving\""]);
    assert_eq!(take_away(&server, &wanted).await.unwrap(), Vec::<String>::new());
    assert!(!gets_in(&rabbit, &wanted, PASSWORD).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_broker_is_told_with_what_to_do() {
    let (rabbit, server) = start().await;
    let ask = async |url: &str, username: &str, password: &str| {
        let server = Server::new(url, username, secret(password), None).unwrap();
        ensure(&server, &wanted("wrong"), &secret(PASSWORD)).await.unwrap_err()
    };
    let url = rabbit.management_url();
    let login = ask(&url, DevRabbit::ADMIN, "wrong").await;
    assert!(matches!(&login, RabbitError::Login { why, .. } if why == "Login failed (401)"), "{login}");
    assert!(login.to_string().contains("write the right login into the Secret"), "{login}");

    ensure(&server, &self::wanted("plain"), &secret(PASSWORD)).await.unwrap();
    assert!(matches!(ask(&url, "plain", PASSWORD).await, RabbitError::Login { .. }), "it is no administrator");

    let gone = ask("http://127.0.0.1:9", "a", "b").await;
    assert!(gone.is_transient() && gone.to_string().contains("http://127.0.0.1:9 can't be reached"), "{gone}");
    let strange = ask(&format!("{url}/elsewhere"), DevRabbit::ADMIN, DevRabbit::PASSWORD).await;
    assert!(!strange.is_transient(), "{strange}");
    let amqp = ask(&format!("http://127.0.0.1:{}", rabbit.port()), DevRabbit::ADMIN, DevRabbit::PASSWORD).await;
    assert!(amqp.is_transient() && !amqp.to_string().contains("ad@min"), "{amqp}");
}

#[tokio::test]
async fn a_broker_that_is_lost_in_between_is_as_it_was_afterwards() {
    let mut rabbit = DevRabbit::start().await.unwrap();
    let (server, wanted) = (server(&rabbit), wanted("shop"));
    ensure(&server, &wanted, &secret(PASSWORD)).await.unwrap();
    rabbit.crash().await.unwrap();
    is_steady(&rabbit, &wanted, PASSWORD).await;
    assert!(gets_in(&rabbit, &wanted, PASSWORD).await);
}
