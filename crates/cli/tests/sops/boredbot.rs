//! The example whose keys lie encrypted in public.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/boredbot")
}

fn pinnace(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinnace"));
    command.args(arguments).current_dir(example().join("configuration")).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("PINNACE_KUSTOMIZE", testkit::engines::engines().unwrap().kustomize).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn its_manifests_render_without_a_key_and_are_well() {
    let output = pinnace(&["lint"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn its_processes_find_both_keys_with_the_key_that_is_for_tests() {
    let key = example().join("test-key.txt");
    let key = key.to_str().unwrap();
    let exec = ["secrets", "exec", "--scope", "boredbot/prod", "--key-file", key, "--file", "prod/secrets.env", "--"];
    let output = pinnace(
        &[&exec[..], &["sh", "-c", "echo $MOOD_API_KEY $UPDATE_API_KEY ${pinnace_scope_unencrypted-none}"]].concat(),
    );
    assert_eq!(
        text(&output.stdout),
        "mood-key-of-the-example update-key-of-the-example none\n",
        "{}",
        text(&output.stderr)
    );
    for folder in ["product", "infrastructure", "configuration"] {
        let found =
            Command::new("grep").args(["-r", "key-of-the-example"]).arg(example().join(folder)).output().unwrap();
        assert_eq!(text(&found.stdout), "", "{folder} holds a key in the clear");
    }
}
