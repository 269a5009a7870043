use std::collections::BTreeMap;

use secrets::MaskKey;

use crate::rendering::{RenderContext, Rendered, render};

fn try_render(yaml: &str) -> Result<Rendered, String> {
    let key = MaskKey::from_bytes([7; 32]);
    let files = BTreeMap::from([("apps/shop/all.yaml".to_owned(), yaml.as_bytes().to_vec())]);
    let kinds = ["Namespace".to_owned(), "CustomResourceDefinition.apiextensions.k8s.io".to_owned()];
    render(&files, &RenderContext { namespace: "shop", cluster_kinds: &kinds, key: &key }).map_err(|e| e.to_string())
}

fn object(api_version: &str, kind: &str, name: &str, needs: &str) -> String {
    let needs =
        if needs.is_empty() { String::new() } else { format!(", annotations: {{pinnace.dev/needs: '{needs}'}}") };
    format!("{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: {name}{needs}}}}}\n---\n")
}

fn map(name: &str, needs: &str) -> String {
    object("v1", "ConfigMap", name, needs)
}

/// The names of each step, with what it waits for after a `<`.
fn steps(yaml: &str) -> Vec<String> {
    let rendered = try_render(yaml).unwrap();
    let name = |index: &usize| rendered.objects[*index].key.name.clone();
    let told = |step: &super::Step| {
        let names: Vec<_> = step.objects.iter().map(name).collect();
        let mut after: Vec<_> = step.after.iter().map(name).collect();
        after.extend(step.outside.iter().map(super::Outside::label));
        if after.is_empty() { names.join(" ") } else { format!("{} < {}", names.join(" "), after.join(" ")) }
    };
    rendered.steps.iter().map(told).collect()
}

#[test]
fn without_needs_there_is_one_step() {
    assert_eq!(steps(&(map("a", "") + &map("b", ""))), ["a b"]);
}

#[test]
fn what_needs_another_comes_a_step_later_and_the_rest_waits_for_nothing() {
    let yaml = object("batch/v1", "Job", "migrate", "ConfigMap/settings")
        + &object("apps/v1", "Deployment", "web", "Job/migrate, ConfigMap/settings")
        + &map("settings", "")
        + &object("apps/v1", "Deployment", "cache", "");
    assert_eq!(steps(&yaml), ["settings cache", "migrate < settings", "web < settings migrate"]);
}

#[test]
fn what_the_set_does_not_bring_is_awaited_from_others() {
    let yaml = map("a", "Deployment/db, Cluster.postgresql.cnpg.io/db");
    assert_eq!(steps(&yaml), ["a < Deployment/db Cluster/db"]);
    let rendered = try_render(&map("a", "Deployment/db")).unwrap();
    let outside = &rendered.steps[0].outside[0];
    assert_eq!((outside.group.as_str(), outside.version, outside.place.line), ("apps", Some("v1"), 1));
}

#[test]
fn a_slip_in_a_need_is_said_beside_it() {
    let yaml = object("batch/v1", "Job", "migrate", "") + &map("a", "Job/migrat");
    let rendered = try_render(&yaml).unwrap();
    let meant = rendered.steps[0].outside[0].meant.clone().map(|key| key.name);
    assert_eq!(meant.as_deref(), Some("migrate"));
    let error = try_render(&(object("batch/v1", "Job", "migrate", "") + &map("a", "Jobs/migrate"))).unwrap_err();
    assert!(error.contains("did you mean `Job/migrate`?") && error.contains("all.yaml:3"), "{error}");
}

#[test]
fn a_need_that_is_none_is_refused_with_its_place() {
    for (needs, why) in [
        ("migrate", "`migrate` is not `Kind/name`"),
        ("Job/migrate,", "`` is not `Kind/name`"),
        ("job/migrate", "a kind is written as in manifests"),
        ("Job/Migrate", "is not `Kind/name`"),
        ("Widget/x", "`Widget` is no kind of Kubernetes"),
        ("Secret/db", "Secrets of others are not watched"),
    ] {
        let error = try_render(&map("a", needs)).unwrap_err();
        assert!(error.contains(why) && error.starts_with("apps/shop/all.yaml:1"), "{needs}: {error}");
    }
}

#[test]
fn a_circle_is_told_whole_with_every_place() {
    let yaml = map("a", "ConfigMap/b") + &map("b", "ConfigMap/c") + &map("c", "ConfigMap/a") + &map("d", "ConfigMap/a");
    let error = try_render(&yaml).unwrap_err();
    for part in ["ConfigMap/a (apps/shop/all.yaml:1)", "ConfigMap/b (apps/shop/all.yaml:3)", "ConfigMap/c"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("ConfigMap/d"), "{error}");
    let error = try_render(&map("a", "ConfigMap/a")).unwrap_err();
    assert!(error.contains("ConfigMap/a (apps/shop/all.yaml:1) needs ConfigMap/a"), "{error}");
}

#[test]
fn nothing_comes_before_its_namespace_or_its_kind() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.org, annotations: {pinnace.dev/needs: ConfigMap/first}}\nspec: {group: example.org, names: {kind: Widget}}\n---\n";
    let yaml = map("first", "") + crd + &object("example.org/v1", "Widget", "w", "");
    assert_eq!(steps(&yaml), ["first", "widgets.example.org w < first"]);
    let error = try_render(&(object("v1", "Namespace", "shop", "ConfigMap/a") + &map("a", ""))).unwrap_err();
    assert!(error.contains("Namespace/shop") && error.contains("needs ConfigMap/a"), "{error}");
}

#[test]
fn a_long_chain_is_no_trouble() {
    let yaml: String = (0..2000).map(|n| map(&format!("m{n}"), &format!("ConfigMap/m{}", n + 1))).collect();
    assert_eq!(steps(&(yaml + &map("m2000", ""))).len(), 2001);
}

#[test]
fn whole_sources_come_after_others() {
    let object = |name: &str, source: usize| {
        let mut object = try_render(&map(name, "")).unwrap().objects.remove(0);
        object.source = source;
        object
    };
    let objects = [object("a", 0), object("b", 1), object("c", 1), object("d", 2)];
    let steps = super::steps(&objects, &[vec![1], vec![2], vec![]]).unwrap();
    let told: Vec<_> = steps.iter().map(|step| (step.objects.clone(), step.after.clone())).collect();
    assert_eq!(told, [(vec![3], vec![]), (vec![1, 2], vec![3]), (vec![0], vec![1, 2])]);
}

#[test]
fn what_needs_an_object_goes_with_it_and_the_rest_keeps_its_order() {
    let yaml =
        map("a", "") + &map("b", "ConfigMap/a") + &map("c", "ConfigMap/b") + &map("d", "ConfigMap/e") + &map("e", "");
    let all = try_render(&yaml).unwrap();
    let key = MaskKey::from_bytes([7; 32]);
    let (rest, followed) = all.without(&[all.objects[0].key.clone()], &key);
    let names = |keys: &[crate::ObjectKey]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&followed), ["b", "c"]);
    let left: Vec<_> = rest.objects.iter().map(|object| object.key.name.as_str()).collect();
    assert_eq!(left, ["d", "e"]);
    assert_eq!(
        rest.steps.iter().map(|step| (step.objects.clone(), step.after.clone())).collect::<Vec<_>>(),
        [(vec![1], vec![]), (vec![0], vec![1])]
    );
    assert_ne!(rest.hash, all.hash);
    assert_eq!(all.without(&[], &key).0, all);
}
