//! Smoke
use health::{Children, Verdict, judge_object};
use serde_json::json;

#[test]
fn a_config_map_is_current_at_once() {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    assert_eq!(judge_object(&object, &Children::default()), Verdict::Current);
}
