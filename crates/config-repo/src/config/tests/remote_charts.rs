use super::*;
use crate::charts::ChartPlace;

fn with(sources: &str) -> Config {
    Config::parse(&GOOD.replace(PATH, sources), "pinnace.yaml").unwrap()
}

#[test]
fn a_chart_from_elsewhere_is_read_and_its_values_are_edited() {
    let config = with(
        r#"[{chart: "oci://registry.example/charts/web", version: "^1.2", values: ["apps/{environment}.yaml"]}, {chart: redis, repository: "https://charts.example/stable", version: "~20.1", release: cache}]"#,
    );
    let prod = config.instance(&name("todo/prod")).unwrap();
    assert_eq!(
        (prod.paths.as_slice(), prod.shared.as_slice()),
        (&["apps/prod.yaml".to_owned()][..], &["pinnace.lock".to_owned()][..])
    );
    let [web, redis] = prod.sources.as_slice() else { panic!("{:?}", prod.sources) };
    let remote = web.remote.as_ref().unwrap();
    assert_eq!((remote.place.name(), remote.range.as_str(), remote.pinned.as_ref()), ("web", "^1.2", None));
    assert_eq!(web.path, "oci://registry.example/charts/web");
    assert_eq!(
        redis.remote.as_ref().unwrap().place,
        ChartPlace::http("https://charts.example/stable", "redis").unwrap()
    );
    assert_eq!(redis.chart.release.as_deref(), Some("cache"));
    // The lock file lies beside the config, whatever that is called.
    let elsewhere = Config::parse(GOOD, "deploy/config.yaml").unwrap();
    assert_eq!(elsewhere.lock_file, "deploy/config.lock");
    assert!(good().instance(&name("todo/prod")).unwrap().shared.is_empty());
}

#[test]
fn the_version_may_stand_in_a_file_of_the_instance() {
    let config = with(
        r#"[{chart: "oci://registry.example/charts/web", version: "*", pinned: "apps/{environment}/chart.yaml"}]"#,
    );
    let prod = config.instance(&name("todo/prod")).unwrap();
    assert_eq!((prod.paths.as_slice(), prod.shared.len()), (&["apps/prod/chart.yaml".to_owned()][..], 0));
    assert_eq!(prod.sources[0].remote.as_ref().unwrap().pinned.as_deref(), Some("apps/prod/chart.yaml"));
    let many = with(
        r#"[{chart: "oci://registry.example/charts/web", version: "*", pinned: "apps/{environment}/{instance}.yaml"}]"#,
    );
    assert!(many.projects[&name("todo")].is_pattern());
}

#[test]
fn one_that_makes_no_sense_is_told_what_to_do() {
    const OCI: &str = "chart: 'oci://registry.example/charts/web'";
    const VALUES: &str = "values: ['{environment}.yaml']";
    for (source, told) in [
        (format!("{OCI}, {VALUES}"), "the chart has no `version`"),
        (format!("{OCI}, version: latest, {VALUES}"), "`latest` is not a range of versions"),
        (format!("{OCI}, version: 1.x"), "has no file of its own to edit"),
        (format!("{OCI}, version: 1.x, values: [all.yaml]"), "has no file of its own to edit"),
        (format!("{OCI}, version: 1.x, {VALUES}, path: a"), "a `path` and a chart from elsewhere"),
        (format!("{OCI}, version: 1.x, {VALUES}, repository: 'https://charts.example'"), "is not a chart's name"),
        (format!("{OCI}, version: 1.x, pinned: chart.yaml"), "several instances would share the file `chart.yaml`"),
        (format!("{OCI}, version: 1.x, pinned: '{{environment}}/chart.lock'"), "not called like a YAML file"),
        (format!("{OCI}, version: 1.x, pinned: '../{{environment}}.yaml'"), "is not a path in the config repo"),
        ("chart: 'oci://web', version: 1.x".to_owned(), "`oci://web` is not a chart in a registry"),
        ("repository: 'https://charts.example', version: 1.x".to_owned(), "`repository` without a `chart`"),
        ("chart: web, repository: charts.example, version: 1.x".to_owned(), "is not a chart repository's address"),
        (format!("chart: charts/web, version: 1.x, {VALUES}"), "`version` is for charts that lie elsewhere"),
        (format!("chart: charts/web, pinned: a.yaml, {VALUES}"), "`pinned` is for charts that lie elsewhere"),
    ] {
        let error = broken(PATH, &format!("[{{{source}}}]"));
        assert!(error.contains(told), "{source}: {error}");
    }
    let inside =
        format!("[{{path: 'a/{{environment}}'}}, {{{OCI}, version: 1.x, pinned: 'a/{{environment}}/chart.yaml'}}]");
    let error = broken(PATH, &inside);
    assert!(error.contains("would be read as a manifest"), "{error}");
    let secret = "[{chart: web, repository: 'https://bot:hunter2@charts.example', version: 1.x, values: ['{environment}.yaml']}]";
    let error = broken(PATH, secret);
    assert!(error.contains("holds credentials") && !error.contains("hunter2"), "{error}");
}
