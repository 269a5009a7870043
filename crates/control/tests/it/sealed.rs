//! Secrets that lie encrypted in git are opened in memory when they are rendered, and stand nowhere else in the clear.

use std::path::Path;

use model::Outcome;
use testkit::world::Plan;
use testkit::{Desk, Person, World};

const PATH: &str = "apps/shop/prod/keys.yaml";

/// A Secret with this value, encrypted.
fn sealed(desk: &Desk, value: &str) -> String {
    let plain = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData:\n  STRIPE_KEY: {value}\n");
    desk.sealed(PATH, &plain)
}

fn plan(desk: &Desk) -> Plan {
    Plan {
        more: vec![("keys.yaml".to_owned(), sealed(desk, "canary-one-of-the-desk"))],
        age_key_file: Some(desk.key_file()),
        deadline: "10m",
        ..Plan::default()
    }
}

/// Whether a file below this folder holds a text.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let in_file = || String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).contains(text);
        if path.is_dir() { holds(&path, text) } else { in_file() }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_secret_reaches_the_cluster_and_is_kept_nowhere_in_the_clear() {
    let desk = Desk::new();
    let mut world = World::planned(plan(&desk)).await;
    let value = world.objects.secret_value("keys", "STRIPE_KEY").await;
    assert_eq!(value.as_deref(), Some("canary-one-of-the-desk"));

    let next = sealed(&desk, "canary-two-of-the-desk");
    let commit = world.remote.commit_as(Person::BOB, PATH, &next).unwrap();
    world.head_proven(&commit).await;
    let value = world.objects.secret_value("keys", "STRIPE_KEY").await;
    assert_eq!(value.as_deref(), Some("canary-two-of-the-desk"));

    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
    assert_eq!(world.remote.file(PATH).unwrap(), next, "the pin left what it is not about");
    let shown = format!("{:?}", world.control.pin_view(number).await.unwrap());
    assert!(!shown.contains("of-the-desk"), "{shown}");
    assert!(!holds(&world.data(), "of-the-desk"), "it is in the database");
    let seen = world.control.render_instance(&world.instance, None).await.unwrap();
    assert!(seen.contains("STRIPE_KEY") && !seen.contains("of-the-desk"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_or_is_for_others_changes_nothing_and_is_named() {
    let desk = Desk::new();
    let world = World::planned(plan(&desk)).await;
    let cut = sealed(&desk, "canary-three").replacen(
        "STRIPE_KEY: ENC[AES256_GCM,data:",
        "STRIPE_KEY: ENC[AES256_GCM,data:AAAA",
        1,
    );
    assert!(cut.contains("data:AAAA"));
    for (text, why) in [(cut, "STRIPE_KEY"), (sealed(&Desk::new(), "canary-four"), "it opens with: age age1")] {
        let bad = world.remote.commit_as(Person::BOB, PATH, &text).unwrap();
        let failed = world.head_failed(&bad).await;
        let sentence = &failed.head.failure.sentence;
        assert!(sentence.contains(PATH) && sentence.contains(why) && !failed.head.touched, "{sentence}");
        let value = world.objects.secret_value("keys", "STRIPE_KEY").await;
        assert_eq!(value.as_deref(), Some("canary-one-of-the-desk"));
    }
    let good = world.remote.commit_as(Person::BOB, PATH, &sealed(&desk, "canary-five")).unwrap();
    world.head_proven(&good).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_install_waits_for_the_key_and_says_whose_it_would_be() {
    let desk = Desk::new();
    let key = desk.key_file();
    let private = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let world = World::started(plan(&desk)).await;
    let told = world
        .until("the missing key is told", async |world| {
            world.control.instance_view(&world.instance).await.ok()?.state.install_failure
        })
        .await;
    assert!(told.contains("key.txt"), "{told}");
    assert_eq!(world.objects.secret_value("keys", "STRIPE_KEY").await, None);
    std::fs::write(&key, private).unwrap();
    world.proven().await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_marked_carries_ciphertext_to_the_app_and_nothing_else_does() {
    let desk = Desk::new();
    let file = desk.sealed("runtime.yaml", "TOKEN: canary-six-of-the-desk\n");
    let indented = format!("    {}\n", file.trim_end().replace('\n', "\n    "));
    let map = |mark: &str, text: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: carried\n  annotations: {{{mark}}}\ndata:\n  runtime.yaml: |\n{text}"
        )
    };
    let marked = map("pinnace.dev/ciphertext: \"true\"", &indented);
    let mut plan = plan(&desk);
    plan.more.push(("carried.yaml".to_owned(), marked.clone()));
    let world = World::planned(plan).await;
    let live = world.objects.config_map("carried").await.unwrap();
    assert_eq!(live["data"]["runtime.yaml"].as_str(), Some(file.as_str()), "byte for byte");
    world.agree().await;

    let path = "apps/shop/prod/carried.yaml";
    let clear = map("pinnace.dev/ciphertext: \"true\"", "    TOKEN: in the clear\n");
    for (text, why) in [
        (clear, "carries no ciphertext"),
        (marked.replace("\"true\"", "\"true\", b: 'ENC[AES256_GCM,x]'"), "metadata.annotations.b"),
    ] {
        let bad = world.remote.commit_as(Person::BOB, path, &text).unwrap();
        let failed = world.head_failed(&bad).await;
        assert!(failed.head.failure.sentence.contains(why), "{}", failed.head.failure.sentence);
    }
}
