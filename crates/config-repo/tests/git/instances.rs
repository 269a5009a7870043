//! Instances are found in the tree: each folder or file of a pattern is one.

use config_repo::{Config, MirrorError};

use super::common::{Bench, draft};

const CONFIG: &str = r#"apiVersion: pinnace.dev/v1
kind: Config
environments:
  dev: {context: dev}
  prod: {context: prod}
projects:
  todo:
    image: registry.example/acme/todo
    sources: [{path: "apps/todo/{environment}/{instance}"}]
    namespaces: {dev: todo-dev, prod: "todo-{instance}"}
    rules: {dev: auto, prod: auto}
    waves: {size: 3, pause: 2m}
"#;

async fn found(bench: &Bench, text: &str) -> Result<Config, MirrorError> {
    bench.mirror.fetch().await?;
    let mut config = Config::parse(text, "pinnace.yaml").unwrap();
    config.find_instances(&bench.mirror, &bench.mirror.head()).await?;
    Ok(config)
}

fn told(config: &Config) -> Vec<String> {
    config.instances().iter().map(|i| format!("{} {} {}", i.id, i.namespace, i.paths.join(","))).collect()
}

#[tokio::test]
async fn each_folder_of_a_pattern_is_an_instance() {
    let bench = Bench::file(&[
        ("apps/todo/prod/acme/web.yaml", "a: 1"),
        ("apps/todo/prod/bolt/deep/web.yaml", "a: 1"),
        ("apps/todo/prod/README.md", "hello"),
        ("apps/todo/prod/_shared/web.yaml", "a: 1"),
        ("apps/todo/dev/acme/web.yaml", "a: 1"),
        ("apps/other/prod/x/web.yaml", "a: 1"),
    ])
    .await;
    let config = found(&bench, CONFIG).await.unwrap();
    assert_eq!(
        told(&config),
        [
            "todo/dev/acme todo-dev apps/todo/dev/acme",
            "todo/prod/acme todo-acme apps/todo/prod/acme",
            "todo/prod/bolt todo-bolt apps/todo/prod/bolt",
        ]
    );
    assert_eq!(config.found.odd, Vec::<String>::new());
    assert!(config.instance(&"todo/prod/cato".parse().unwrap()).is_none());
    assert!(config.instance(&"todo/prod".parse().unwrap()).is_none());
}

#[tokio::test]
async fn a_new_folder_is_a_new_instance_and_one_that_is_gone_is_none() {
    let bench = Bench::file(&[("apps/todo/prod/acme/web.yaml", "a: 1")]).await;
    assert_eq!(found(&bench, CONFIG).await.unwrap().instances().len(), 1);
    let mut next = draft(&bench.mirror.head(), &[("apps/todo/prod/bolt/web.yaml", "a: 1")]);
    next.removed.insert("apps/todo/prod/acme/web.yaml".to_owned());
    let commit = bench.mirror.create_commit(&next).await.unwrap();
    bench.mirror.push(&commit, &next.parent).await.unwrap();
    assert_eq!(told(&found(&bench, CONFIG).await.unwrap()), ["todo/prod/bolt todo-bolt apps/todo/prod/bolt"]);
}

#[tokio::test]
async fn files_are_instances_where_the_pattern_says_so() {
    let bench = Bench::file(&[("prod/acme.yaml", "a: 1"), ("prod/bolt.yaml", "a: 1"), ("prod/x/a.yaml", "a: 1")]).await;
    let text = CONFIG.replace("apps/todo/{environment}/{instance}", "{environment}/{instance}.yaml");
    let config = found(&bench, &text).await.unwrap();
    assert_eq!(told(&config), ["todo/prod/acme todo-acme prod/acme.yaml", "todo/prod/bolt todo-bolt prod/bolt.yaml"]);
}

#[tokio::test]
async fn a_name_in_the_middle_counts_where_the_rest_of_the_path_is_there() {
    let bench =
        Bench::file(&[("customers/acme/todo/prod/a.yaml", "a: 1"), ("customers/bolt/blog/a.yaml", "a: 1")]).await;
    let text = CONFIG.replace("apps/todo/{environment}/{instance}", "customers/{instance}/todo/{environment}");
    let config = found(&bench, &text).await.unwrap();
    assert_eq!(told(&config), ["todo/prod/acme todo-acme customers/acme/todo/prod"]);
}

#[tokio::test]
async fn what_can_be_no_instance_is_told_and_hides_no_other() {
    let bench = Bench::file(&[
        ("apps/todo/prod/acme/web.yaml", "a: 1"),
        ("apps/todo/prod/Bolt_AG/web.yaml", "a: 1"),
        ("apps/todo/dev/system/web.yaml", "a: 1"),
    ])
    .await;
    let config = found(&bench, CONFIG).await.unwrap();
    assert_eq!(config.instances().len(), 2, "{:?}", told(&config));
    assert_eq!(config.found.odd.len(), 1, "{:?}", config.found.odd);
    let odd = &config.found.odd[0];
    assert!(odd.starts_with("`apps/todo/prod/Bolt_AG` is no instance: `Bolt_AG` is not an instance name"), "{odd}");
}

#[tokio::test]
async fn a_folder_can_not_take_a_namespace_that_is_not_for_projects() {
    let bench =
        Bench::file(&[("apps/todo/prod/kube-system/a.yaml", "a: 1"), ("apps/todo/prod/pinnace/a.yaml", "a: 1")]).await;
    let config = found(&bench, &CONFIG.replace("todo-{instance}", "{instance}")).await.unwrap();
    assert_eq!(told(&config), Vec::<String>::new());
    assert!(config.found.odd[0].contains("the namespace `kube-system` is Kubernetes' own"), "{:?}", config.found.odd);
    assert!(config.found.odd[1].contains("the namespace `pinnace` is Pinnace's own"), "{:?}", config.found.odd);
}
