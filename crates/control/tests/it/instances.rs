//! Each folder of a pattern is an instance: a new one is installed, and one that is gone from git goes when a person says so.

use control::{Mark, ProblemCode};
use model::InstanceId;
use testkit::world::{Plan, person};
use testkit::{Person, World};

fn two() -> Plan {
    Plan { customers: &["acme", "bolt"], ..Plan::default() }
}

fn id(customer: &str) -> InstanceId {
    format!("shop/prod/{customer}").parse().unwrap()
}

async fn proven(world: &World, customer: &str) {
    world
        .until("it is proven", async |world| {
            world.control.instance_view(&id(customer)).await.ok()?.state.verified.map(drop)
        })
        .await;
}

async fn left(world: &World, customer: &str) -> Vec<String> {
    world
        .until("git has it no longer", async |world| {
            let state = world.control.instance_view(&id(customer)).await.ok()?.state;
            state.left.then_some(state.prune_held)
        })
        .await
}

async fn listed(world: &World) -> Vec<String> {
    let mut ids: Vec<String> =
        world.control.overview().await.unwrap().instances.iter().map(|view| view.id.to_string()).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_folder_is_a_new_instance_and_it_is_installed() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    assert_eq!(listed(&world).await, ["shop/prod/acme", "shop/prod/bolt"]);
    world.add_customer(Person::BOB, "cato");
    proven(&world, "cato").await;
    assert!(world.objects.image("web-cato").await.contains(":1.0"));
    assert_eq!(listed(&world).await, ["shop/prod/acme", "shop/prod/bolt", "shop/prod/cato"]);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_has_no_longer_runs_on_until_an_approver_lets_it_go() {
    let mut world = World::planned(two()).await;
    proven(&world, "bolt").await;
    world.remote.remove_as(Person::BOB, "apps/shop/prod/bolt/web.yaml").unwrap();
    let object = format!("Deployment {}/web-bolt", world.objects.namespace());
    assert_eq!(left(&world, "bolt").await, [format!("{object}: its instance is no longer in git")]);
    let view = world.control.instance_view(&id("bolt")).await.unwrap();
    assert_eq!(view.mark, Mark::Attention);
    let said = format!("git has it no longer; 1 object runs on until an approver confirms that they go: {object}");
    assert_eq!(view.now, said);
    assert!(world.objects.maybe_deployment("web-bolt").await.is_some());

    // A restart forgets nothing of it.
    world.restart(two()).await;
    assert_eq!(left(&world, "bolt").await.len(), 1);
    assert_eq!(listed(&world).await, ["shop/prod/acme", "shop/prod/bolt"]);

    let refused = world.control.confirm_prune(&id("bolt"), &person("cy"), None).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::NotAllowed);
    world.control.confirm_prune(&id("bolt"), &person("ann"), None).await.unwrap();
    world.until("it is gone", async |world| (listed(world).await == ["shop/prod/acme"]).then_some(())).await;
    assert!(world.objects.maybe_deployment("web-bolt").await.is_none());
    assert_eq!(world.control.instance_view(&id("bolt")).await.unwrap_err().code, ProblemCode::NotFound);
    assert!(world.objects.maybe_deployment("web-acme").await.is_some());
    world.agree().await;

    // A name that comes again begins anew.
    world.add_customer(Person::BOB, "bolt");
    proven(&world, "bolt").await;
    assert!(world.objects.maybe_deployment("web-bolt").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_comes_back_before_anybody_confirmed_is_as_it_was() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    let before = world.objects.maybe_deployment("web-bolt").await.unwrap()["metadata"]["uid"].clone();
    world.remote.remove_as(Person::BOB, "apps/shop/prod/bolt/web.yaml").unwrap();
    left(&world, "bolt").await;
    world.add_customer(Person::BOB, "bolt");
    world
        .until("it is an instance again", async |world| {
            let state = world.control.instance_view(&id("bolt")).await.ok()?.state;
            (!state.left && state.prune_held.is_empty() && state.verified.is_some()).then_some(())
        })
        .await;
    assert_eq!(world.objects.maybe_deployment("web-bolt").await.unwrap()["metadata"]["uid"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_can_not_be_read_is_no_reason_to_think_that_anything_is_gone() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    world.commit(Person::BOB, "pinnace.yaml", "kind: Config", "kind: [Config");
    world.remote.remove_as(Person::BOB, "apps/shop/prod/bolt/web.yaml").unwrap();
    world
        .until("the trouble with the config is seen", async |world| {
            world.control.parts().await.into_iter().find(|part| part.name == "pinnace.yaml")?.trouble
        })
        .await;
    // Nothing shows that nothing happens but what happens next: the folder's end is told once the config is good again.
    assert!(!world.control.store().instance(&id("bolt")).await.unwrap().left);
    world.commit(Person::BOB, "pinnace.yaml", "kind: [Config", "kind: Config");
    left(&world, "bolt").await;
    assert!(world.objects.maybe_deployment("web-bolt").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_taken_out_of_the_config_is_left_as_well() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    let config = world.remote.file("pinnace.yaml").unwrap();
    let (without, _) = config.split_once("projects:").unwrap();
    world.remote.commit_as(Person::BOB, "pinnace.yaml", without).unwrap();
    left(&world, "acme").await;
    left(&world, "bolt").await;
    assert!(world.objects.maybe_deployment("web-acme").await.is_some());
    world.control.confirm_prune(&id("acme"), &person("ann"), None).await.unwrap();
    world.until("it is gone", async |world| (listed(world).await == ["shop/prod/bolt"]).then_some(())).await;
    assert!(world.objects.maybe_deployment("web-acme").await.is_none());
    assert!(world.objects.maybe_deployment("web-bolt").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_whose_name_can_be_no_instance_is_told_and_delays_no_other() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    let odd = "apps/shop/prod/Dora_GmbH/web.yaml";
    world.remote.commit_as(Person::BOB, odd, &world.remote.file("apps/shop/prod/acme/web.yaml").unwrap()).unwrap();
    let told = world
        .until("it is told", async |world| {
            world.control.parts().await.into_iter().find(|part| part.name == "pinnace.yaml")?.trouble
        })
        .await;
    assert!(
        told.starts_with("`apps/shop/prod/Dora_GmbH` is no instance: `Dora_GmbH` is not an instance name"),
        "{told}"
    );
    world.add_customer(Person::BOB, "cato");
    proven(&world, "cato").await;
}

#[tokio::test]
async fn rights_are_printed_for_the_namespace_of_every_instance_that_a_pattern_finds() {
    let config = "apiVersion: pinnace.dev/v1
kind: Config
environments: {prod: {context: prod}}
projects:
  shop:
    image: r.example/acme/shop
    sources: [{path: \"apps/shop/{environment}/{instance}\"}]
    namespaces: {prod: \"shop-{instance}\"}
    rules: {prod: auto}
";
    let web = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    let files = [
        ("pinnace.yaml", config),
        ("apps/shop/prod/acme/web.yaml", web),
        ("apps/shop/prod/globex/web.yaml", web),
        ("apps/shop/prod/_base/web.yaml", web),
    ];
    let remote = testkit::GitRemote::bare(&files).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (url, branch) = (remote.file_url().parse().unwrap(), "main".parse().unwrap());
    let (credentials, limits) = (config_repo::Credentials::none(), config_repo::Limits::default());
    let mirror =
        config_repo::Mirror::open(&folder.path().join("mirror"), url, branch, credentials, limits).await.unwrap();
    let engines = render::engine::Engines::new(control::Settings::default().engines);
    let charts = control::charts::Charts::new(folder.path().join("charts"));
    let bases = control::bases::Bases::new(folder.path().join("bases"));
    let config = control::head_config(&mirror, "pinnace.yaml").await.unwrap();
    let opener = control::opener::Opener::new(None, secrets::Redactor::new());
    let (engines, charts, bases, opener) = (&engines, &charts, &bases, &opener);
    let tools = control::Tools { engines, charts, bases, opener, config: &config, config_file: "pinnace.yaml" };
    let printed = control::rights(&mirror, tools, "prod", "pinnace-system").await.unwrap();
    let of = |kind: &str| -> std::collections::BTreeSet<&str> {
        let roles = printed.iter().filter(|object| object["kind"] == kind);
        roles.filter_map(|role| role["metadata"]["namespace"].as_str()).collect()
    };
    for kind in ["Role", "RoleBinding"] {
        assert_eq!(of(kind), ["pinnace-system", "shop-acme", "shop-globex"].into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_folder_is_gone_comes_back_with_one_command() {
    let world = World::planned(two()).await;
    proven(&world, "bolt").await;
    let file = world.remote.file("apps/shop/prod/bolt/web.yaml").unwrap();
    let ann = person("ann");
    let here = world.control.bring_back(&id("bolt"), &ann, None, None, false).await.unwrap_err();
    assert_eq!(here.code, ProblemCode::Invalid, "{here:?}");
    world.remote.remove_as(Person::BOB, "apps/shop/prod/bolt/web.yaml").unwrap();
    left(&world, "bolt").await;
    world.control.confirm_prune(&id("bolt"), &ann, None).await.unwrap();
    world.until("it is gone", async |world| (listed(world).await == ["shop/prod/acme"]).then_some(())).await;
    let object =
        world.control.bring_back(&id("bolt"), &ann, Some("Deployment/web-bolt"), None, false).await.unwrap_err();
    assert!(object.next.contains("pinnace restore shop/prod/bolt"), "{object:?}");
    let never = world.control.bring_back(&id("none"), &ann, None, None, false).await.unwrap_err();
    assert_eq!(never.code, ProblemCode::NotFound);
    let refused = world.control.bring_back(&id("bolt"), &person("cy"), None, None, false).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::NotAllowed);
    let review = world.control.bring_back(&id("bolt"), &ann, None, None, true).await.unwrap();
    assert_eq!(review.branch.as_deref(), Some("pinnace/restore-shop-prod-bolt-1"));
    let written = world.control.bring_back(&id("bolt"), &ann, None, None, false).await.unwrap();
    assert_eq!(world.remote.file("apps/shop/prod/bolt/web.yaml").unwrap(), file, "{written:?}");
    proven(&world, "bolt").await;
    assert!(world.objects.maybe_deployment("web-bolt").await.is_some());
    world.agree().await;
}
