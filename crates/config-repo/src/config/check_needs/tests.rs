use crate::config::Config;

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

const NEEDS: &str = r"apiVersion: pinnace.dev/v1
kind: Config
environments:
  dev: {context: dev}
projects:
  todo:
    image: registry.example/acme/todo
    sources:
      - {path: apps/todo, needs: [base, db]}
      - {path: db, release: db}
      - {path: base, name: base}
    namespaces: {dev: todo}
    rules: {dev: auto}
    needs: [auth]
  auth:
    image: registry.example/acme/auth
    sources: [{path: apps/auth}]
    namespaces: {dev: auth}
    rules: {dev: auto}
";

#[test]
fn sources_and_projects_say_what_comes_before_them() {
    let config = Config::parse(NEEDS, "pinnace.yaml").unwrap();
    let todo = config.instance(&name("todo/dev")).unwrap();
    let needs: Vec<_> = todo.sources.iter().map(|source| source.needs.clone()).collect();
    assert_eq!(needs, [vec![2, 1], vec![], vec![]]);
    assert_eq!(todo.needs, [name("auth/dev")]);
    assert_eq!(config.instance(&name("auth/dev")).unwrap().needs, []);
}

#[test]
fn needs_that_can_not_be_met_are_told_at_their_place() {
    for (from, to, told) in [
        ("[base, db]", "[bsae]", "9:35: no source of `todo` is called `bsae`"),
        ("release: db", "name: base", "9:35: two sources of `todo` are called `base`"),
        ("name: base}", "name: base, needs: [base]}", "11:42: these sources wait for each other: base needs base"),
        ("needs: [auth]", "needs: [outh]", "14:13: there is no project `outh`"),
        ("needs: [auth]", "needs: [todo]", "14:13: these projects wait for each other: todo needs todo"),
        (
            "image: registry.example/acme/auth",
            "image: a.example/b\n    needs: [todo]",
            "these projects wait for each other",
        ),
    ] {
        assert_eq!(NEEDS.matches(from).count(), 1, "{from}");
        let error = Config::parse(&NEEDS.replace(from, to), "pinnace.yaml").unwrap_err().to_string();
        assert!(error.contains(told), "{from} -> {to}: {error}");
    }
}
