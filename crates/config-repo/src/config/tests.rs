use super::*;

const GOOD: &str = r##"apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {email: ann@example.org, slack: U024BE7LH, groups: [release]}
  bob: {email: bob@example.org}
registries:
  registry.example: {ask: "https://registry.internal:5000", ca: ca.pem, auth: env REGISTRY_LOGIN}
environments:
  staging: {context: staging, rules: {head: follow, stableFor: 10s, deadline: 5m}}
  prod:    {context: prod, approvers: [group:release, bob], quorum: 2}
projects:
  todo:
    image: registry.example/acme/todo
    sources: [{path: "apps/todo/{environment}"}]
    namespaces: {staging: todo-staging, prod: todo}
    rules: {staging: auto, prod: ask}
    chat: "#deploys"
"##;

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn good() -> Config {
    Config::parse(GOOD, "pinnace.yaml").unwrap()
}

/// The good config with one piece replaced, and the error that it leads to.
fn broken(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    Config::parse(&GOOD.replace(from, to), "pinnace.yaml").unwrap_err().to_string()
}

#[test]
fn the_config_of_the_design_is_read() {
    let config = good();
    let staging = &config.environments[&name("staging")];
    let prod = &config.environments[&name("prod")];
    assert_eq!((staging.stable_for.as_secs(), staging.deadline.as_secs()), (10, 300));
    assert_eq!((prod.stable_for.as_secs(), prod.deadline.as_secs(), prod.ask_expires.as_secs()), (30, 600, 3600));
    assert_eq!((staging.quorum, prod.quorum), (1, 2));
    let registry = &config.registries["registry.example"];
    assert_eq!(registry.ask, "https://registry.internal:5000");
    assert_eq!(registry.auth, Some(RegistryAuth::Env("REGISTRY_LOGIN".to_owned())));
    let project = &config.projects[&name("todo")];
    assert_eq!(project.chat.as_deref(), Some("#deploys"));
    assert!(project.chat_logs && !project.skip_ci && !project.four_eyes);
}

#[test]
fn there_is_one_instance_per_project_and_environment() {
    let instances = good().instances();
    let told: Vec<_> = instances
        .iter()
        .map(|i| format!("{} {} {} {:?} {:?} {:?}", i.id, i.context, i.namespace, i.paths, i.rule, i.head))
        .collect();
    assert_eq!(
        told,
        [
            r#"todo/prod prod todo ["apps/todo/prod"] Ask Hold"#,
            r#"todo/staging staging todo-staging ["apps/todo/staging"] Auto Follow"#
        ]
    );
}

#[test]
fn only_named_people_and_members_of_named_groups_may_decide() {
    let config = good();
    assert!(config.may_decide(&name("prod"), &name("ann")));
    assert!(config.may_decide(&name("prod"), &name("bob")));
    assert!(!config.may_decide(&name("prod"), &name("eve")));
    assert!(!config.may_decide(&name("staging"), &name("ann")));
    assert!(!config.may_decide(&name("nowhere"), &name("ann")));
    assert_eq!(config.approver_names(&name("prod")), [name("ann"), name("bob")]);
    assert_eq!(config.person_by_slack("U024BE7LH").unwrap().0, &name("ann"));
    assert!(config.person_by_slack("U0").is_none());
}

#[test]
fn a_project_that_names_no_rule_asks() {
    let config = Config::parse(&GOOD.replace(", prod: ask", ""), "pinnace.yaml").unwrap();
    assert_eq!(config.instance(&name("todo/prod")).unwrap().rule, Rule::Ask);
}

#[test]
fn errors_name_file_line_and_column_and_show_the_line() {
    assert_eq!(
        broken("prod: ask", "prdo: ask"),
        "pinnace.yaml:16:28: there is no environment `prdo`\n  \
         16 |     rules: {staging: auto, prdo: ask}\n     |                            ^\n  \
         help: name one of prod, staging, or add it to `environments`"
    );
}

#[test]
fn a_broken_file_names_where_it_breaks() {
    let error = broken("kind: Config", "kind: [Config");
    assert!(error.starts_with("pinnace.yaml:"), "{error}");
    let error = broken("rules: {head: follow", "rule: {head: follow");
    assert!(error.starts_with("pinnace.yaml:9:31: unknown field `rule`"), "{error}");
    let error = broken("    image: registry.example/acme/todo\n", "");
    assert!(error.contains("missing field `image`"), "{error}");
    let error = broken("quorum: 2", "quorum: two");
    assert!(error.starts_with("pinnace.yaml:10:"), "{error}");
    let error = broken("  bob: {", "  ann: {");
    assert!(error.starts_with("pinnace.yaml:5:3: duplicate"), "{error}");
}

#[test]
fn every_fault_of_sense_is_told_at_its_place() {
    for (from, to, told) in [
        ("pinnace.dev/v1", "pinnace.dev/v2", "1:13: apiVersion is `pinnace.dev/v2`"),
        ("bob@example.org", "bob", "5:16: `bob` is not an e-mail address"),
        ("bob@example.org", "Ann@example.org", "5:16: `bob` has the same e-mail address as `ann`"),
        ("U024BE7LH", "ann", "4:40: `ann` is not a Slack user id"),
        ("bob: {", "Bob: {", "5:3: `Bob` is not a person's name: use 1 to 40"),
        ("https://registry.internal:5000", "https://u:p@registry.internal", "7:27: the address holds credentials"),
        ("https://registry.internal:5000", "ftp://x", "7:27: `ftp://x` is not a registry's address"),
        ("ca: ca.pem", "ca: ../ca.pem", "7:65: `../ca.pem` is not a path in the config repo"),
        ("env REGISTRY_LOGIN", "hunter2", "7:79: `auth` does not name a variable"),
        ("  registry.example: {", "  registry: {", "7:3: `registry` is not a registry's host"),
        ("head: follow", "head: track", "9:45: `track` is not a rule for HEAD"),
        ("head: follow", "drift: fight", "9:46: `fight` is not a rule for drift"),
        ("deadline: 5m", "deadline: 5 minutes", "9:79: `5 minutes` is not a duration"),
        ("group:release, bob", "group:releas, bob", "10:40: nobody is in the group `releas`"),
        ("group:release, bob", "group:release, bo", "10:55: nobody in `people` is called `bo`"),
        ("quorum: 2", "quorum: 3", "10:69: 3 people must approve, but only 2 may"),
        ("quorum: 2", "quorum: 0", "10:69: a quorum of 0 asks nobody"),
        (
            "image: registry.example/acme/todo",
            "image: registry.example/acme/todo:1",
            "13:12: `registry.example/acme/todo:1` is not an image repository",
        ),
        ("apps/todo/{environment}", "apps/todo", "14:22: prod and staging would share the path `apps/todo`"),
        ("apps/todo/{environment}", "/apps/{environment}", "14:22: `/apps/{environment}` is not a path"),
        ("apps/todo/{environment}", "{instance}/{environment}/{instance}", "14:22: `{instance}` stands more than once"),
        (
            "[{path: \"apps/todo/{environment}\"}]",
            "[{path: \"apps/todo/{environment}\"}, {path: \"more/{environment}/{instance}\"}]",
            "14:22: every instance would share the path `apps/todo/{environment}`",
        ),
        (
            "prod: todo}",
            "prod: \"todo-{instance}\"}",
            "15:47: `todo-{instance}` names an instance, but the sources do not",
        ),
        ("chat: \"#deploys\"", "waves: {size: 5}", "17:19: `waves` is for a project with an instance for each"),
        (
            "apps/todo/{environment}",
            "apps/{environment}/{env}",
            "14:22: the path `apps/{environment}/{env}` holds a word",
        ),
        ("prod: todo}", "prod: kube-system}", "15:47: the namespace `kube-system` is Kubernetes' own"),
        ("prod: todo}", "prod: pinnace}", "15:47: the namespace `pinnace` is Pinnace's own"),
        ("prod: todo}", "prod: Todo}", "15:47: `Todo` is not a namespace's name"),
        (", prod: todo}", "}", "16:28: the project `todo` has a rule for `prod` but no namespace there"),
        ("staging: auto", "staging: always", "16:22: `always` is not a rule"),
        ("staging: auto", "staging: ask", "16:22: builds of `todo` for `staging` are asked about, but nobody may"),
        (
            "chat: \"#deploys\"",
            "pins: [{file: apps/other/a.yaml, path: a.b}]",
            "17:19: the file `apps/other/a.yaml` is in none of the project's sources",
        ),
        (
            "chat: \"#deploys\"",
            "pins: [{file: \"apps/todo/{environment}/a.yaml\", path: a..b}]",
            "17:59: `a..b` is not a path in a file",
        ),
        ("\"#deploys\"", "\"\"", "17:11: the chat channel is empty"),
    ] {
        let error = broken(from, to);
        assert!(error.starts_with(&format!("pinnace.yaml:{told}")), "wanted {told}\n{error}");
        println!("WANT {told}\nGOT {}", error.lines().take(3).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = GOOD.replace("prod: ask", "prdo: ask").replace("quorum: 2", "quorum: 9").replace("bob@", "bob");
    let error = Config::parse(&text, "pinnace.yaml").unwrap_err();
    assert_eq!(error.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [5, 10, 16]);
}

#[test]
fn two_projects_with_one_image_may_not_share_a_folder() {
    let other = "  shop:
    image: registry.example/acme/todo
    sources: [{path: apps/todo/prod/shop}]
    namespaces: {prod: shop}
";
    let error = Config::parse(&format!("{GOOD}{other}"), "pinnace.yaml").unwrap_err().to_string();
    assert!(error.starts_with("pinnace.yaml:20:22: `todo` and `shop` have the same image"), "{error}");
    let apart = other.replace("todo/prod/shop", "todo/prodshop");
    assert!(Config::parse(&format!("{GOOD}{apart}"), "pinnace.yaml").is_ok());
}

#[test]
fn pins_and_settings_are_read() {
    let text = GOOD.replace(
        "    chat: \"#deploys\"",
        "    pins: [{file: \"apps/todo/{environment}/a.yaml\", path: \"spec.containers[name=web].image\"}]\n    skipCi: true\n    chatLogs: false\n    fourEyes: true",
    );
    let config = Config::parse(&text, "pinnace.yaml").unwrap();
    let project = &config.projects[&name("todo")];
    assert!(project.skip_ci && project.four_eyes && !project.chat_logs);
    assert_eq!(config.instance(&name("todo/prod")).unwrap().pins[0].file, "apps/todo/prod/a.yaml");
}

const PATH: &str = "[{path: \"apps/todo/{environment}\"}]";

#[test]
fn a_chart_is_read_and_what_differs_by_environment_is_edited() {
    let sources = r#"[{chart: charts/web/, values: [charts/values.yaml, "apps/{environment}.yaml"], release: web, kubeVersion: "1.30"}]"#;
    let config = Config::parse(&GOOD.replace(PATH, sources), "pinnace.yaml").unwrap();
    let prod = config.instance(&name("todo/prod")).unwrap();
    assert_eq!(prod.paths, ["apps/prod.yaml"]);
    assert_eq!(prod.shared, ["charts/web", "charts/values.yaml"]);
    let source = &prod.sources[0];
    assert_eq!((source.path.as_str(), source.is_shared_chart), ("charts/web", true));
    assert_eq!(source.chart.values, ["charts/values.yaml", "apps/prod.yaml"]);
    assert_eq!((source.chart.release.as_deref(), source.chart.kube_version.as_deref()), (Some("web"), Some("1.30")));
    let alone = GOOD
        .replace(PATH, "[{chart: charts/web, values: [todo.yaml]}]")
        .replace("{staging: todo-staging, prod: todo}", "{prod: todo}")
        .replace("{staging: auto, prod: ask}", "{prod: ask}");
    let alone = Config::parse(&alone, "pinnace.yaml").unwrap().instance(&name("todo/prod")).unwrap();
    assert_eq!(
        (alone.paths.as_slice(), alone.shared.as_slice()),
        (&["todo.yaml".to_owned()][..], &["charts/web".to_owned()][..])
    );
}

#[test]
fn each_file_of_values_may_be_an_instance() {
    let sources = r#"[{chart: charts/web, values: [charts/values.yaml, "apps/{environment}/{instance}.yaml"]}]"#;
    let config = Config::parse(&GOOD.replace(PATH, sources), "pinnace.yaml").unwrap();
    let project = &config.projects[&name("todo")];
    assert!(project.is_pattern());
    assert_eq!(project.own(), ["apps/{environment}/{instance}.yaml"]);
    assert_eq!(project.shared(), ["charts/web", "charts/values.yaml"]);
    let error = broken(
        PATH,
        r#"[{chart: charts/web, values: ["apps/{environment}.yaml"]}, {path: "a/{environment}/{instance}"}]"#,
    );
    assert!(error.contains("every instance would share all values of the chart `charts/web`"), "{error}");
}

#[test]
fn a_source_that_makes_no_sense_is_told_what_to_do() {
    for (sources, told) in [
        ("[{path: a, chart: b}]", "a source has a `path` and a `chart`"),
        ("[{}]", "a source of `todo` has no `path`"),
        ("[{chart: charts/web}]", "the chart `charts/web` has no values of the project"),
        ("[{chart: charts/web, values: [all.yaml]}]", "prod and staging would share all values"),
        ("[{chart: ../web, values: ['{environment}.yaml']}]", "`../web` is not a path in the config repo"),
        ("[{path: 'a/{environment}', values: ['https://example.org/v.yaml']}]", "is not a path in the config repo"),
        ("[{path: 'a/{environment}', values: [/etc/passwd]}]", "`/etc/passwd` is not a path in the config repo"),
        ("[{path: 'a/{environment}', release: --debug}]", "`--debug` is not a release's name"),
        ("[{path: 'a/{environment}', kubeVersion: new}]", "`new` is not a version of Kubernetes"),
        ("[{path: 'a/{environment}', apiVersions: [--post-renderer=x]}]", "is not an API"),
        ("[{path: 'a/{environment}', post_renderer: x}]", "unknown field"),
    ] {
        let error = broken(PATH, sources);
        assert!(error.contains(told), "{sources}: {error}");
    }
}

#[test]
fn every_example_of_the_manual_is_a_config() {
    let manual = include_str!("../../../../docs/config.md");
    let blocks: Vec<_> = manual.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let configs: Vec<_> =
        blocks.iter().filter(|block| block.contains("apiVersion: pinnace.dev/v1\nkind: Config")).collect();
    assert!(!configs.is_empty());
    for block in configs {
        Config::parse(block, "docs/config.md").unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn every_setting_is_in_the_manual() {
    let manual = include_str!("../../../../docs/config.md");
    let file = include_str!("file.rs");
    let members = file.lines().filter_map(|line| line.strip_prefix("    pub(super) "));
    let fields = members.filter_map(|line| line.split_once(": ").map(|(field, _)| field));
    for field in fields {
        let mut words = field.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        let camel = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
        assert!(manual.contains(&format!("{camel}:")) || manual.contains(&format!("`{camel}`")), "{camel}");
    }
}

#[test]
fn anchors_and_merge_keys_are_read_as_yaml_means_them() {
    let text = GOOD.replace("  staging: {context: staging,", "  staging: &base {context: staging,").replace(
        "  prod:    {context: prod, approvers: [group:release, bob], quorum: 2}",
        "  prod:    {<<: *base, context: prod, approvers: [group:release, bob]}",
    );
    let prod = &Config::parse(&text, "pinnace.yaml").unwrap().environments[&name("prod")];
    assert_eq!((prod.context.as_str(), prod.head, prod.deadline.as_secs()), ("prod", Some(Head::Follow), 300));
}

#[test]
fn an_error_obeys_no_terminal_codes_of_the_file() {
    let error = broken("prod: ask", "\"p\\e[31m\": ask");
    assert!(error.contains("`p [31m` is not a"), "{error}");
    assert!(!error.contains('\u{1b}'));
}

#[test]
fn secrets_written_by_mistake_are_not_repeated() {
    assert!(!broken("env REGISTRY_LOGIN", "hunter2").contains("hunter2"));
    assert!(!broken("//registry.internal", "//u:hunter2@registry.internal").contains("hunter2"));
}

#[test]
fn hostile_files_are_refused_quickly() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n";
    for text in
        ["", "\u{feff}", "[]", "x", "a: {{{", "\t", "---\n---\n", bomb, &"[".repeat(10_000), &"a: 1\n".repeat(400_000)]
    {
        let error = Config::parse(text, "pinnace.yaml").unwrap_err().to_string();
        assert!(error.starts_with("pinnace.yaml:"), "{error}");
        assert!(error.len() < 2000);
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(Config::parse(&text, "pinnace.yaml").unwrap(), good());
}

/// The good config with rules for kinds.
fn with_health(rules: &str) -> String {
    format!("{GOOD}health:\n{rules}")
}

#[test]
fn rules_for_custom_resources_are_read_with_the_config() {
    let text = with_health(
        "  Widget.example.org: {current: \"status.phase == 'Done'\", failed: status.broken, message: status.why}\n",
    );
    let config = Config::parse(&text, "pinnace.yaml").unwrap();
    assert_ne!(config.health, good().health);
    assert_eq!(config, Config::parse(&text, "pinnace.yaml").unwrap());
}

#[test]
fn a_rule_for_a_kind_that_can_not_be_read_is_told_with_its_place() {
    let told = |rules: &str| Config::parse(&with_health(rules), "pinnace.yaml").unwrap_err().to_string();
    let both = told("  Widget.example.org:\n    current: status.phase ==\n    failed: status.name.matches('a')\n");
    assert!(both.contains("pinnace.yaml:20:14: the expression can't be read"), "{both}");
    assert!(both.contains("pinnace.yaml:21:13: the expression uses `matches`, which is not there"), "{both}");
    let long = told(&format!("  Widget.example.org: {{current: \"{}\"}}\n", "a".repeat(2_000)));
    assert!(long.contains("the limit is 1000"), "{long}");
    assert!(told("  widgets.example.org: {current: 'true'}\n").contains("write the kind, a dot and its group"));
    assert!(told("  Deployment.apps: {current: 'true'}\n").contains("the rule for `Deployment.apps` is built in"));
    assert!(told("  Widget.example.org: {failed: 'true'}\n").contains("current"));
}

#[test]
fn kinds_outside_of_namespaces_are_named_one_by_one() {
    let with = |kinds: &str| {
        let text =
            GOOD.replace("    chat: \"#deploys\"\n", &format!("    chat: \"#deploys\"\n    clusterKinds: {kinds}\n"));
        Config::parse(&text, "pinnace.yaml").map(|config| config.projects[&name("todo")].cluster_kinds.clone())
    };
    assert_eq!(with("[Namespace, Widget.example.org]").unwrap(), ["Namespace", "Widget.example.org"]);
    for odd in ["'*'", "clusterroles", "Widget.example.org/v1", "'Cluster Role'", "Widget."] {
        let told = with(&format!("[{odd}]")).unwrap_err().to_string();
        assert!(told.contains("pinnace.yaml:18:20") && told.contains("is not a kind"), "{odd}: {told}");
    }
}

#[test]
fn the_architectures_of_an_environment_are_words_that_nodes_know() {
    let with = |architectures: &str| {
        GOOD.replace("{context: prod, ", &format!("{{context: prod, architectures: {architectures}, "))
    };
    let config = Config::parse(&with("[amd64, arm64]"), "pinnace.yaml").unwrap();
    assert_eq!(config.environments[&name("prod")].architectures, ["amd64", "arm64"]);
    let told = Config::parse(&with("[x86_64]"), "pinnace.yaml").unwrap_err().to_string();
    assert!(told.contains("pinnace.yaml:10:") && told.contains("`x86_64` is not an architecture"), "{told}");
}

mod remote_charts;
