//! What is found, where, and what is passed over.

use super::*;

fn found(name: &str, text: &str, rules: &str) -> Vec<String> {
    let rule = Creation::from_rules(".sops.yaml", rules, name).ok();
    let found = examine(name, text.as_bytes(), rule.as_ref());
    found.into_iter().map(|one| format!("{}: {}", one.line, one.what.split(':').next().unwrap())).collect()
}

#[test]
fn secrets_in_the_clear_are_found_by_line() {
    let none = Vec::<String>::new();
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: b\n  empty: ''\n  t: '{{ .x }}'\n";
    assert_eq!(found("s.yaml", secret, ""), ["5: `stringData.a` of a Secret is in the clear"]);
    assert_eq!(found("s.yaml", &secret.replace("  a: b", "  a: b # pinnace:not-secret"), ""), none);
    let template = "{{- if .Values.on }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"name\" . }}\nstringData:\n  a: {{ .Values.a | quote }}\n  b: hunter22\n{{- end }}\n";
    assert_eq!(found("templates/s.yaml", template, ""), ["8: `stringData.b` of a Secret is in the clear"]);
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {k: eA==}\n";
    assert_eq!(found("l.yaml", list, ""), ["6: `data.k` of a Secret is in the clear"]);
    let key = format!("a\n{}BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n", "-----");
    assert_eq!(found("notes.md", &key, ""), ["2: this looks like a private key"]);
    assert_eq!(
        found("a.py", &format!("x = 1\ny = '{}{}'\n", "ghp_", "0123456789abcdef0123"), ""),
        ["2: this looks like a token"]
    );
    assert_eq!(found("a.yaml", "kind: ConfigMap\ndata: {password: x}\n", ""), none);
}

#[test]
fn a_file_that_a_rule_wants_encrypted_is_told_and_one_that_it_only_could_mean_is_not() {
    let (_, public) = super::super::generate();
    let rule = |more: &str| format!("creation_rules: [{{{more}age: {public}}}]\n");
    let must = ["1: a rule in .sops.yaml says that this file is encrypted, and it is not"];
    let none: [&str; 0] = [];
    assert_eq!(found("prod/s.yaml", "a: b\n", &rule("path_regex: ^prod/, ")), must);
    assert_eq!(found("prod/key.bin", "bytes", &rule("path_regex: ^prod/, ")), must);
    assert_eq!(found("dev/s.yaml", "a: b\n", &rule("path_regex: ^prod/, ")), none);
    assert_eq!(
        found("dev/s.yaml", "a: b\n", &rule("")),
        none,
        "a rule for every file is for those that people encrypt"
    );
    assert_eq!(found("prod/s.yaml", "a_unencrypted: b\nc: ''\n", &rule("path_regex: ^prod/, ")), none);
    let map = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
    let flux = rule("path_regex: .*.yaml, encrypted_regex: ^(data|stringData)$, ");
    assert_eq!(found("s.yaml", map, &flux), none);
    assert_eq!(
        found("s.yaml", &map.replace("ConfigMap", "Secret"), &flux),
        ["3: `data.a` of a Secret is in the clear"]
    );
}

#[test]
fn damage_is_found_without_a_key() {
    let (_, public) = super::super::generate();
    let rules = format!("creation_rules: [{{age: {public}}}]\n");
    let creation = Creation::from_rules(".sops.yaml", &rules, "s.yaml").unwrap();
    let good =
        super::super::encrypt("s.yaml", b"a: x\nb: y\n", Format::Yaml, &creation, "2026-01-31T12:00:00Z").unwrap();
    let good = String::from_utf8(good).unwrap();
    assert_eq!(found("s.yaml", &good, &rules), Vec::<String>::new());
    let value = good.lines().nth(1).unwrap();
    assert_eq!(found("s.yaml", &good.replace(value, "b: clear"), &rules), ["2: `b` is in the clear"]);
    let cut = &value[..value.len() - 5];
    assert_eq!(
        found("s.yaml", &good.replace(value, cut), &rules),
        ["2: `b` is not an encrypted value as SOPS writes it (it does not end with `]`)"]
    );
    let bare = good.split("sops:").next().unwrap();
    assert_eq!(
        found("s.yaml", bare, &rules),
        ["1: this is ciphertext, and the file has no `sops` metadata to open it with"]
    );
    assert_eq!(found("s.yaml", &good.replace("    mac:", "    macaroni:"), &rules), ["3: `sops.mac`"]);
    let other = rules.replace("{age", "{encrypted_regex: ^a$, age");
    assert_eq!(found("s.yaml", &good, &other).len(), 1);
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_are_there_is_an_answer(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), kind in 0..4_usize) {
        examine(["a.yaml", "a.json", "a.env", "a"][kind], &bytes, None);
    }
}

#[test]
fn a_conflict_that_git_left_in_an_encrypted_file_is_said_as_such() {
    let (_, public) = super::super::generate();
    let creation = Creation::for_recipients(vec![super::super::Recipient::parse(&public).unwrap()]);
    for (name, text) in [
        ("s.yaml", "a: x\nb: y\n"),
        ("s.json", "{\n\"a\": \"x\",\n\"b\": \"y\"\n}\n"),
        ("s.env", "A=x\nB=y\n"),
        ("s.bin", "x"),
    ] {
        let good =
            super::super::encrypt(name, text.as_bytes(), Format::of_name(name), &creation, "2026-01-31T12:00:00Z")
                .unwrap();
        let good = String::from_utf8(good).unwrap();
        let second = good.lines().nth(1).unwrap();
        let both = format!("<<<<<<< HEAD\n{second}\n=======\n{second}\n>>>>>>> theirs");
        let bad = good.replacen(second, &both, 1);
        let found = examine(name, bad.as_bytes(), None);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(
            found[0].line == 2 && found[0].what.contains("a conflict of git stands in the file"),
            "{name}: {found:?}"
        );
        let error = Encrypted::parse(name, bad.as_bytes(), Format::of_name(name)).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{name}: line 2: a conflict of git")), "{error}");
        assert_eq!(examine(name, good.as_bytes(), None), []);
    }
    // A text about it is none.
    assert_eq!(examine("notes.md", b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n", None), []);
}

#[test]
fn a_scope_that_the_rule_names_and_the_file_lacks_is_told() {
    let (_, public) = super::super::generate();
    let rules = |scope: &str| format!("creation_rules: [{{age: {public}{scope}}}]\n");
    let sealed = |rules: &str| {
        let creation = Creation::from_rules(".sops.yaml", rules, "s.yaml").unwrap();
        let file = super::super::encrypt("s.yaml", b"a: x\n", Format::Yaml, &creation, "2026-01-31T12:00:00Z").unwrap();
        String::from_utf8(file).unwrap()
    };
    let (none, prod) = (rules(""), rules(", pinnace_scope: shop/prod"));
    let told = |file: &str, rules: &str| {
        let rule = Creation::from_rules(".sops.yaml", rules, "s.yaml").unwrap();
        examine("s.yaml", file.as_bytes(), Some(&rule)).into_iter().map(|one| one.what).collect::<Vec<_>>()
    };
    assert_eq!(told(&sealed(&prod), &prod), Vec::<String>::new());
    assert_eq!(
        told(&sealed(&none), &prod),
        [
            "its rule in .sops.yaml says `pinnace_scope: shop/prod`, and the file opens everywhere: `pinnace secrets rotate`"
        ]
    );
    let other = told(&sealed(&rules(", pinnace_scope: shop/dev")), &prod);
    assert!(other.len() == 1 && other[0].contains("and the file is for `shop/dev`"), "{other:?}");
}

#[test]
fn what_looks_like_a_secret_is_found_where_people_write_settings() {
    let values = "db:\n  password: hunter22\n  url: postgres://shop:hunter22@db/shop\n  ssl: true\napiKey: changeme\nempty: ''\n";
    let want = [
        "2: `db.password` looks like a secret in the clear",
        "3: `db.url` is an address with a password in the clear",
        "5: `apiKey` is a placeholder for a secret, and would be used as it is",
    ];
    for name in ["values.yaml", "charts/shop/values.prod.yaml", "shop-values.yml", "secrets.yaml", "values.env.yaml"] {
        assert_eq!(found(name, values, ""), want, "{name}");
    }
    // With an anchor it can't be encrypted, and is looked at all the same.
    assert_eq!(found("values.yaml", &values.replace("db:\n", "db: &db\n"), ""), want);
    assert_eq!(found("values.yaml", &values.replace("ssl: true", "ssl: &ssl yes"), ""), want);
    assert_eq!(found("settings.yaml", values, ""), Vec::<String>::new(), "a file of any other kind");
    let map = "apiVersion: v1\nkind: ConfigMap\ndata:\n  DB_PASSWORD: hunter22\n  app.env: |\n    # about\n    export API_TOKEN=\"0123456789abcdef\"\n    MODE=prod\n  app.yaml: |\n    password: 'hunter22'\n";
    assert_eq!(
        found("apps/map.yaml", map, ""),
        [
            "4: `data.DB_PASSWORD` looks like a secret in the clear",
            "7: `data[\"app.env\"], API_TOKEN` looks like a secret in the clear",
            "10: `data[\"app.yaml\"], password` looks like a secret in the clear",
        ]
    );
    let pods = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        env:\n        - name: DB_PASSWORD\n          value: hunter22\n        - name: API_TOKEN\n          valueFrom:\n            secretKeyRef: {name: shop, key: token}\n        - name: MODE\n          value: prod\n";
    assert_eq!(found("apps/web.yaml", pods, ""), ["10: `DB_PASSWORD` looks like a secret in the clear"]);
    let kustomization = "secretGenerator:\n- name: a\n  literals:\n  - user=shop\n  - password=changeme\nconfigMapGenerator:\n- literals: [mode=prod, token=0123456789abcdef]\n";
    assert_eq!(
        found("kustomization.yaml", kustomization, ""),
        [
            "4: `user` looks like a secret in the clear",
            "5: `password` is a placeholder for a secret, and would be used as it is",
            "7: `token` looks like a secret in the clear",
        ]
    );
    for name in [".env", "shop.env", ".env.production"] {
        let text = "# about\nMODE=prod\nDB_PASSWORD='hunter22'\nexport S3_SECRET_KEY=q8Zr2mVx91LkTb7WcY4e # minio\nAPI_TOKEN=\n";
        assert_eq!(
            found(name, text, ""),
            [
                "3: `DB_PASSWORD` looks like a secret in the clear",
                "4: `S3_SECRET_KEY` looks like a secret in the clear"
            ],
            "{name}"
        );
    }
}

#[test]
fn what_only_looks_a_little_like_a_secret_is_passed_over() {
    let none = Vec::<String>::new();
    let values = "auth:\n  existingSecret: shop-db\n  existingSecretPasswordKey: password\n  passwordSecretRef: {name: shop, key: password}\n  secretKeyRef:\n    name: shop\n    password: db\n  enabled: true\n  tokenTTL: 3600\n  password: \"{{ .Values.global.password }}\"\n  token: ${TOKEN}\n  secret: shop-oauth\ntls:\n  secretName: shop-tls\nimage:\n  repository: registry.example/shop\n  tag: 1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\npublicKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ\nkey: 0f8fad5b-d9cb-469f-a165-70867728950e\npasswordPolicy: at least 12 characters, one of them a digit\ndocs: https://example.org/a@b\n";
    assert_eq!(found("values.yaml", values, ""), none);
    let marked = "password: hunter22 # pinnace:not-secret\n";
    assert_eq!(found("values.yaml", marked, ""), none);
    assert_eq!(found(".env.example", "DB_PASSWORD=changeme\nAPI_TOKEN=<your token>\n", ""), none);
    assert_eq!(found(".env.example", "DB_PASSWORD=hunter22\n", "").len(), 1);
    let custom = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n  - secretKey: password\n    remoteRef: {key: shop, property: password}\n";
    assert_eq!(found("secrets.yaml", custom, ""), none);
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq\n";
    assert_eq!(found("sealed-secret.yaml", sealed, ""), none);
}

#[test]
fn templates_of_charts_are_no_yaml_and_are_read_line_by_line() {
    let (_, public) = super::super::generate();
    let rules = format!("creation_rules: [{{path_regex: '\\.yaml$', age: {public}}}]\n");
    let none = Vec::<String>::new();
    let template = "{{- define \"x\" }}\n{{ if }}: [\n  a: b\n{{- range .Values.list }}\n- {{ . }}: {{ .y | quote }}\n{{- end }}\n";
    assert_eq!(found("charts/shop/templates/web.yaml", template, &rules), none, "no rule means it");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\ntype: Opaque\n{{- with .Values.x }}\ndata:\n  {{- range . }}\n  {{ .k }}: {{ .v }}\n  {{- end }}\n{{- end }}\nstringData:\n  a: {{ .Values.a | quote }}\n  b: \"hunter22\"\n  c: '{{ .Values.c }}'\n";
    assert_eq!(found("templates/secret.yaml", secret, &rules), ["14: `stringData.b` of a Secret is in the clear"]);
}

#[test]
fn what_a_pattern_leaves_in_the_clear_of_an_encrypted_file_is_looked_at() {
    let (_, public) = super::super::generate();
    let rules = format!("creation_rules: [{{encrypted_regex: ^password$, age: {public}}}]\n");
    let creation = Creation::from_rules(".sops.yaml", &rules, "s.yaml").unwrap();
    let text = b"password: x\napiToken: 0123456789abcdef\nuser: shop\n";
    let file = super::super::encrypt("s.yaml", text, Format::Yaml, &creation, "2026-01-31T12:00:00Z").unwrap();
    let file = String::from_utf8(file).unwrap();
    assert_eq!(found("s.yaml", &file, &rules), ["2: `apiToken` looks like a secret in the clear"]);
}

#[test]
fn files_for_sops_alone_are_not_called_what_they_are_not() {
    let (_, public) = super::super::generate();
    let rules = format!("creation_rules: [{{path_regex: ^a, age: {public}}}]\n");
    let sealed = "[a]\nb = ENC[AES256_GCM,data:eA==,iv:x,tag:x,type:str]\n\n[sops]\nmac = ENC[AES256_GCM,data:x]\n";
    assert_eq!(found("a.ini", sealed, &rules), Vec::<String>::new());
    let plain = examine("a.ini", b"[a]\nb = c\n", Creation::from_rules(".sops.yaml", &rules, "a.ini").ok().as_ref());
    assert!(plain.len() == 1 && plain[0].what.contains("`sops encrypt --in-place`"), "{plain:?}");
    let error = Encrypted::parse("a.ini", sealed.as_bytes(), Format::Binary).err().unwrap().to_string();
    assert!(error.starts_with("a.ini: files of the kind `.ini` are not read or written here"), "{error}");
}

#[test]
fn private_keys_are_called_what_they_are() {
    let dashes = "-----";
    for (text, what) in [
        (format!("{dashes}BEGIN ENCRYPTED PRIVATE KEY{dashes}\nx\n"), "a private key, behind a passphrase only"),
        (format!("{dashes}BEGIN EC PRIVATE KEY{dashes}\nx\n"), "a private key"),
        (format!("AGE-SECRET-{}\n", "KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQ"), "a private key of age"),
    ] {
        assert_eq!(found("notes.md", &text, ""), [format!("1: this looks like {what}")]);
    }
}
