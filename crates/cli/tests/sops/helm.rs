//! `helm secrets ...` as the seed's repository types it, with the real Helm and our plugin.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::desk::Desk;

const CHART: [(&str, &str); 3] = [
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"),
    (
        "chart/templates/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: {{ required \"no password\" .Values.db.password | quote }}\n  file: {{ .Values.file | default \"\" | quote }}\n",
    ),
    ("values.yaml", "db: {user: shop}\n"),
];

/// A folder with a chart, encrypted values, and Helm with the plugin.
pub(crate) fn with_chart(secret: &str) -> Desk {
    let desk = Desk::new();
    for folder in ["chart/templates", "plugins"] {
        fs::create_dir_all(desk.0.path().join(folder)).unwrap();
    }
    for (name, text) in CHART {
        desk.0.write(name, text);
    }
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../helm-plugin").canonicalize().unwrap();
    std::os::unix::fs::symlink(plugin, desk.0.path().join("plugins/secrets")).unwrap();
    let values = format!("db:\n    password: {secret}\n");
    desk.0.write("secrets.db.yaml", desk.0.encrypt("secrets.db.yaml", values, &[]));
    desk
}

pub(crate) fn helm(desk: &Desk, arguments: &[&str]) -> Command {
    let engines = testkit::engines::engines().unwrap();
    let own = Path::new(env!("CARGO_BIN_EXE_pinnace")).parent().unwrap();
    let mut command = Command::new(engines.helm);
    command.arg("secrets").args(arguments).current_dir(desk.0.path()).env_clear();
    command.env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
    command.env("HOME", desk.0.path().join("plugins")).env("HELM_PLUGINS", desk.0.path().join("plugins"));
    command.env("PINNACE_AGE_KEY_FILE", desk.0.path().join("key.txt"));
    command
}

fn run(desk: &Desk, arguments: &[&str]) -> Output {
    helm(desk, arguments).output().unwrap()
}

fn ok(desk: &Desk, arguments: &[&str]) -> String {
    let output = run(desk, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a text is in any file in memory.
fn is_in_memory(text: &str) -> bool {
    let found = Command::new("grep").args(["-rqs", "--", text, "/dev/shm"]).status().unwrap();
    found.success()
}

#[test]
fn files_are_encrypted_shown_and_edited_as_the_seed_types_it() {
    let desk = with_chart("canary-helm-one");
    let shown = ok(&desk, &["view", "secrets.db.yaml"]);
    assert!(shown.contains("password: canary-helm-one"), "{shown}");
    desk.0.write(".sops.yaml", format!("creation_rules: [{{age: {}}}]\n", desk.0.public));
    desk.0.write("secrets.new.yaml", "a: plain\n");
    ok(&desk, &["enc", "secrets.new.yaml"]);
    assert_eq!(desk.0.ok(&["decrypt", "secrets.new.yaml"]), b"a: plain\n");
    assert_eq!(ok(&desk, &["dec", "secrets.new.yaml"]), "a: plain\n");
    assert_eq!(ok(&desk, &["decrypt", "secrets.new.yaml"]), "a: plain\n");
    let edited = helm(&desk, &["edit", "secrets.new.yaml"]).env("EDITOR", "sed -i s/plain/other/").output().unwrap();
    assert!(edited.status.success(), "{}", told(&edited));
    assert_eq!(ok(&desk, &["view", "secrets.new.yaml"]), "a: other\n");
    ok(&desk, &["clean", "."]);
    assert_eq!(
        desk.files(),
        [".sops.yaml", "chart", "key.txt", "plugins", "secrets.db.yaml", "secrets.new.yaml", "values.yaml"]
    );
    // The same words without Helm.
    desk.0.write("again.yaml", "a: b\n");
    desk.ok(&["enc", "again.yaml"], "");
    assert_eq!(desk.ok(&["dec", "again.yaml"], ""), "a: b\n");
}

#[test]
fn helm_gets_encrypted_values_in_memory_and_nothing_is_left() {
    let desk = with_chart("canary-helm-two");
    for values in [
        &["-f", "values.yaml", "-f", "secrets.db.yaml"][..],
        &["--values=values.yaml,secrets.db.yaml"],
        &["-f", "secrets://secrets.db.yaml"],
        &["-fsecrets.db.yaml"],
    ] {
        let rendered = ok(&desk, &[&["template", "shop", "./chart"], values].concat());
        assert!(rendered.contains("password: \"canary-helm-two\""), "{values:?}: {rendered}");
    }
    ok(&desk, &["lint", "./chart", "-f", "secrets.db.yaml"]);
    let installed = ok(&desk, &["install", "shop", "./chart", "--dry-run=client", "-f", "secrets.db.yaml"]);
    assert!(installed.contains("password: \"canary-helm-two\""), "{installed}");
    desk.0.write("token.txt", desk.0.encrypt("token.txt", "canary-of-file", &[]));
    let rendered = ok(&desk, &["template", "shop", "./chart", "-f", "secrets.db.yaml", "--set-file", "file=token.txt"]);
    assert!(rendered.contains("file: \"canary-of-file\""), "{rendered}");
    for file in ["secrets.db.yaml", "plain.yaml"] {
        desk.0.write("plain.yaml", "db: {password: canary-helm-two}\n");
        let mut piped = helm(&desk, &["template", "shop", "./chart", "-f", "-"]);
        let piped = piped.stdin(fs::File::open(desk.0.path().join(file)).unwrap()).output().unwrap();
        assert!(String::from_utf8_lossy(&piped.stdout).contains("\"canary-helm-two\""), "{file}: {}", told(&piped));
    }
    assert!(!is_in_memory("canary-helm-two") && !is_in_memory("canary-of-file"));
    // Helm's own end is ours.
    let failed = run(&desk, &["template", "shop", "./chart", "-f", "values.yaml"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(told(&failed).contains("no password"), "{}", told(&failed));
}

#[test]
fn ciphertext_never_reaches_helm() {
    let desk = with_chart("canary-helm-three");
    let refused = run(&desk, &["template", "shop", "./chart", "--set-json", "secrets.db.yaml"]);
    assert!(
        told(&refused).contains("secrets.db.yaml is encrypted, and `helm secrets` opens files of -f"),
        "{}",
        told(&refused)
    );
    let mut no_key = helm(&desk, &["template", "shop", "./chart", "-f", "secrets.db.yaml"]);
    let no_key = no_key.env_remove("PINNACE_AGE_KEY_FILE").output().unwrap();
    assert!(!no_key.status.success() && no_key.stdout.is_empty());
    assert!(told(&no_key).contains("there is no private key that opens the file"), "{}", told(&no_key));
    desk.0.write("chart/values.yaml", desk.read("secrets.db.yaml"));
    let refused = run(&desk, &["template", "shop", "./chart"]);
    assert!(told(&refused).contains("chart/values.yaml is encrypted, and a chart's own values are read by Helm alone"));
    fs::remove_file(desk.0.path().join("chart/values.yaml")).unwrap();
    let damaged = desk.read("secrets.db.yaml").replace("password:", "passwort:");
    desk.0.write("secrets.db.yaml", damaged);
    let refused = run(&desk, &["template", "shop", "./chart", "-f", "secrets.db.yaml"]);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(told(&refused).contains("`db.passwort` does not open"), "{}", told(&refused));
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let desk = with_chart("canary-helm-four");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let rendered = ok(&desk, &["template", "shop", "./chart", "-f", "secrets.db.yaml"]);
                    assert!(rendered.contains("canary-helm-four"));
                }
            });
        }
    });
    assert!(!is_in_memory("canary-helm-four"));
}

#[test]
fn a_run_that_is_killed_leaves_nothing() {
    let desk = with_chart("canary-helm-five");
    desk.0.write("helm.sh", "#!/bin/sh\nfor word; do last=$word; done\ncat \"$last\"\nread line\n");
    fs::set_permissions(desk.0.path().join("helm.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = desk.command(&["helm", "upgrade", "shop", "./chart", "-f", "secrets.db.yaml"]);
    command
        .env("HELM_BIN", "./helm.sh")
        .env("SOPS_AGE_KEY", &desk.0.private)
        .env("PATH", std::env::var_os("PATH").unwrap());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("canary-helm-five") {
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "{line}");
    }
    assert!(is_in_memory("canary-helm-five"));
    child.kill().unwrap();
    child.wait().unwrap();
    // Whoever holds standard error has ended when this has.
    child.stderr.take().unwrap().read_to_string(&mut line).unwrap();
    assert!(!is_in_memory("canary-helm-five"));
}

#[tokio::test]
async fn a_release_is_installed_and_upgraded_in_a_real_cluster() {
    let cluster = testkit::DevCluster::shared().await.unwrap();
    let desk = with_chart("canary-helm-six");
    let namespace = format!("helm-secrets-{}", std::process::id());
    let to = ["--kubeconfig", cluster.kubeconfig().to_str().unwrap(), "--namespace", &namespace];
    let upgrade =
        ["upgrade", "--install", "shop", "./chart", "--create-namespace", "-f", "values.yaml", "-f", "secrets.db.yaml"];
    let runs = |arguments: &[&str]| ok(&desk, &[arguments, &to].concat());
    runs(&upgrade);
    desk.0.write("value", "canary-helm-seven");
    desk.ok(&["set", "secrets.db.yaml", "db.password", "--value-file", "value"], "");
    runs(&upgrade);
    let manifest = runs(&["get", "manifest", "shop"]);
    assert!(manifest.contains("password: \"canary-helm-seven\"") && !manifest.contains("ENC["), "{manifest}");
    assert!(runs(&["history", "shop"]).contains("superseded"));
    runs(&["uninstall", "shop"]);
    assert!(!is_in_memory("canary-helm-six") && !is_in_memory("canary-helm-seven"));
}
