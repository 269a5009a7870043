//! What lies encrypted in git: opened while rendering, and in the clear nowhere but in the objects that it is for.

use testkit::{Desk, FakeSlack, Person, World};

use crate::outputs::Outputs;
use crate::surfaces::Surfaces;

/// In an encrypted Secret, with characters that are written otherwise in JSON, in a URL and in a page.
pub(crate) const VALUE: &str = "canary-f1a7 \"sealed\" & <in> git/ü";
/// What takes its place later.
pub(crate) const VALUE_LATER: &str = "canary-f2b8 \"sealed\" & <in> git/ü";
/// In an encrypted ConfigMap.
pub(crate) const SETTING: &str = "canary-06c9-in-a-sealed-setting";
/// In an encrypted object that the cluster refuses, and repeats why.
pub(crate) const REFUSED: &str = "canary 17da is no host & never was";
/// In an encrypted Secret that is none.
pub(crate) const INVALID: &str = "canary-28eb-sealed-not-base64!";

/// What is encrypted.
pub(crate) const ALL: [&str; 5] = [VALUE, VALUE_LATER, SETTING, REFUSED, INVALID];

/// The instance's encrypted files as the world begins.
pub(crate) fn files(desk: &Desk) -> Vec<(String, String)> {
    vec![
        ("sealed.yaml".to_owned(), desk.sealed("sealed.yaml", &secret(VALUE))),
        ("setting.yaml".to_owned(), desk.sealed("setting.yaml", &setting())),
    ]
}

/// The encrypted Secret with its later value.
pub(crate) fn later(desk: &Desk) -> String {
    desk.sealed("sealed.yaml", &secret(VALUE_LATER))
}

fn secret(value: &str) -> String {
    let value = serde_json::Value::from(value);
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: sealed}}\nstringData:\n  TOKEN: {value}\n")
}

fn setting() -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: keys-of-the-desk}}\ndata:\n  URL: \"db://{SETTING}\"\n")
}

/// Pushed commits whose encrypted objects can't be: the cluster refuses one and repeats its value, and another is no Secret.
pub(crate) async fn refused(world: &World, desk: &Desk, surfaces: &Surfaces, outputs: &mut Outputs) {
    let service = format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: elsewhere\nspec:\n  type: ExternalName\n  externalName: \"{REFUSED}\"\n"
    );
    let invalid = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: bad\ndata:\n  KEY: \"{INVALID}\"\n");
    world.remote.commit_as(Person::BOB, "apps/shop/prod/bad.yaml", "").unwrap();
    for (text, why) in [(service, "the cluster would refuse it"), (invalid, "is not base64")] {
        let sealed = desk.sealed("refused.yaml", &text);
        let commit = world.remote.commit_as(Person::BOB, "apps/shop/prod/refused.yaml", &sealed).unwrap();
        let failed = world.head_failed(&commit).await;
        let sentence = failed.head.failure.sentence;
        assert!(sentence.contains(why), "{sentence}");
        outputs.take("what was refused", sentence);
        looked_at(surfaces, outputs).await;
    }
}

/// All that is asked of an instance, and rendered anew for it.
pub(crate) async fn looked_at(surfaces: &Surfaces, outputs: &mut Outputs) {
    for what in ["drift", "render", "diff", "plan", "adoption", "pruned"] {
        outputs.page(surfaces, &format!("/api/v1/{what}?instance=shop/prod")).await;
    }
    outputs.page(surfaces, "/i/shop/prod").await;
}

/// The chat's own words are not to be trusted.
pub(crate) fn chat_fails(slack: &FakeSlack) {
    slack.fail_next("chat.update", &format!("invalid_blocks: {VALUE}"));
}
