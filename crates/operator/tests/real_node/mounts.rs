//! A pod that can't have its files.

use serde_json::{Value, json};

use super::place::{Place, message};

/// A volume of the web's pods, and no Secret of that name yet.
pub(crate) fn volumes() -> Value {
    json!([{"path": "/etc/saml", "readOnly": true, "volume": {"secret": {"secretName": "saml"}}}])
}

/// What the kubelet says of the volume is what the App says, until the Secret is there.
pub(crate) async fn what_keeps_a_pod_from_its_files_is_told(place: &Place) {
    let why = r#"shop-web waits for files or storage: MountVolume.SetUp failed for volume "volume-0" : secret "saml" not found"#;
    place.until_app("told of the mount", |app| message(&app["status"]) == why).await;
    place
        .make(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "saml"}, "stringData": {"key": "k"}}))
        .await;
    place.phase("Ready").await;
}
