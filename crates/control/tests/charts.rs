//! Charts from a real registry and from a chart repository with an index that the real Helm made.
#![cfg(test)]

use std::time::Duration;

use config_repo::charts::{ChartPlace, LockedChart, RemoteChart};
use control::charts::{ChartError, Charts};
use control::registry::{Access, Credentials, RegistryClient};
use tempfile::TempDir;
use testkit::charts::{ChartRepository, RepositoryFault, package, push};
use testkit::registry::RegistryOptions;
use testkit::{DevRegistry, SilentPeer};

const TEMPLATE: (&str, &str) = ("templates/it.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: it}\n");

/// A registry of the test's own.
async fn registry(folder: &TempDir, options: RegistryOptions) -> DevRegistry {
    let place = folder.path().join("registry-of-charts");
    std::fs::create_dir(&place).unwrap();
    DevRegistry::start_with(&place, options).await.unwrap()
}

/// Charts with a cache of their own.
fn charts(folder: &TempDir) -> Charts {
    Charts::with_client(folder.path().join("cache"), RegistryClient::with_timeout(Duration::from_secs(5)))
}

fn chart(place: ChartPlace, range: &str) -> RemoteChart {
    RemoteChart { place, range: range.parse().unwrap(), pinned: None }
}

fn oci(registry: &DevRegistry) -> ChartPlace {
    ChartPlace::oci(&format!("oci://{}/charts/web", registry.address())).unwrap()
}

fn http(repository: &ChartRepository) -> ChartPlace {
    ChartPlace::http(&repository.url(), "web").unwrap()
}

fn login(user: &str) -> Access {
    Access { credentials: Some(Credentials::parse(user).unwrap()), ..Access::default() }
}

async fn kept(charts: &Charts, place: &ChartPlace, locked: &LockedChart) -> Result<Vec<u8>, ChartError> {
    charts.archive(place, locked, &Access::default()).await
}

#[tokio::test]
async fn the_newest_version_in_the_range_is_locked_and_fetched_by_its_digest() {
    let (folder, access) = (TempDir::new().unwrap(), Access::default());
    let registry = registry(&folder, RegistryOptions::default()).await;
    let packed: Vec<_> = ["1.4.2", "1.10.0+b.1", "2.0.0", "1.11.0-rc.1"]
        .map(|version| package(folder.path(), "web", version, &[TEMPLATE]))
        .into();
    for one in &packed {
        push(one, &registry, "charts");
    }
    let chart = chart(oci(&registry), "^1.2");
    let newest = charts(&folder).newest(&chart, &access).await.unwrap();
    let text = |version: Option<config_repo::charts::ChartVersion>| version.unwrap().to_string();
    assert_eq!((text(newest.in_range), text(newest.released)), ("1.10.0+b.1".to_owned(), "2.0.0".to_owned()));

    let locked = TempDir::new().unwrap();
    let resolved = charts(&locked).resolve(&chart, &access).await.unwrap();
    assert_eq!((resolved.version.as_str(), resolved.digest.as_str()), ("1.10.0+b.1", packed[1].digest().as_str()));

    // What was locked is there, whatever its tag is by now; and it is kept when the registry is gone.
    let here = charts(&folder);
    let other =
        package(&folder.path().join("registry-of-charts"), "web", "1.10.0+b.1", &[TEMPLATE, ("values.yaml", "a: b\n")]);
    push(&other, &registry, "charts");
    assert_eq!(kept(&here, &chart.place, &resolved).await.unwrap(), packed[1].bytes);
    drop(registry);
    assert_eq!(kept(&here, &chart.place, &resolved).await.unwrap(), packed[1].bytes);
    assert_eq!(kept(&charts(&folder), &chart.place, &resolved).await.unwrap(), packed[1].bytes);
    let gone = LockedChart { version: "2.0.0".parse().unwrap(), digest: packed[2].digest().parse().unwrap() };
    let error = kept(&here, &chart.place, &gone).await.unwrap_err();
    assert!(!error.is_content() && error.to_string().contains("can't be asked"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_or_not_what_was_locked_is_named() {
    let (folder, access) = (TempDir::new().unwrap(), Access::default());
    let registry = registry(&folder, RegistryOptions::default()).await;
    push(&package(folder.path(), "web", "1.4.2", &[TEMPLATE]), &registry, "charts");
    registry.push_image("charts/web", "1.9.0", "").await.unwrap();
    let (here, place) = (charts(&folder), oci(&registry));
    let digest: model::Digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let locked = |version: &str| LockedChart { version: version.parse().unwrap(), digest: digest.clone() };
    let moved = kept(&here, &place, &locked("1.4.2")).await.unwrap_err();
    assert!(matches!(moved, ChartError::Mismatch { .. }) && moved.is_content(), "{moved}");
    assert!(moved.to_string().contains("is not what was locked"), "{moved}");
    let none = kept(&here, &place, &locked("1.4.3")).await.unwrap_err();
    assert!(none.is_content() && none.to_string().contains("there is no version 1.4.3"), "{none}");
    let image = here.resolve(&chart(place.clone(), "^1.8"), &access).await.unwrap_err().to_string();
    assert!(image.contains("is no chart but `application/vnd.oci.image.config.v1+json`"), "{image}");
    let none = here.resolve(&chart(place, "^3"), &access).await.unwrap_err().to_string();
    assert!(none.contains("is in `^3` (the newest is 1.9.0)"), "{none}");
}

#[tokio::test]
async fn a_registry_s_login_is_used_for_charts_too() {
    let folder = TempDir::new().unwrap();
    let user = Some(("ci".to_owned(), "not-a-secret".to_owned()));
    let options = RegistryOptions { tls: false, login: user };
    let registry = registry(&folder, options).await;
    let chart = chart(oci(&registry), "*");
    let refused = charts(&folder).resolve(&chart, &Access::default()).await.unwrap_err();
    assert!(!refused.is_content() && refused.to_string().contains("wants a login"), "{refused}");
    let none = charts(&folder).resolve(&chart, &login("ci:not-a-secret")).await.unwrap_err().to_string();
    assert!(!none.contains("login"), "{none}");
}

#[tokio::test]
async fn a_chart_repository_is_read_by_its_index() {
    let (folder, access) = (TempDir::new().unwrap(), login("ci:not-a-secret"));
    let repository = ChartRepository::serve(Some("ci:not-a-secret")).await;
    let packed = repository.add("web", "1.4.2", &[TEMPLATE]);
    repository.add("web", "2.0.0", &[TEMPLATE]);
    let (here, web) = (charts(&folder), chart(http(&repository), "~1.4"));
    let resolved = here.resolve(&web, &access).await.unwrap();
    assert_eq!((resolved.version.as_str(), resolved.digest.as_str()), ("1.4.2", packed.digest().as_str()));
    assert_eq!(charts(&TempDir::new().unwrap()).archive(&web.place, &resolved, &access).await.unwrap(), packed.bytes);
    let refused = here.resolve(&web, &Access::default()).await.unwrap_err().to_string();
    assert!(refused.contains("wants a login (401)") && refused.contains("`registries`"), "{refused}");
    let wrong = here.resolve(&web, &login("ci:wrong-password")).await.unwrap_err().to_string();
    assert!(wrong.contains("refuses the user `ci`") && !wrong.contains("wrong-password"), "{wrong}");
    let other = chart(ChartPlace::http(&repository.url(), "db").unwrap(), "*");
    let none = here.resolve(&other, &access).await.unwrap_err().to_string();
    assert!(none.contains("has no chart `db`"), "{none}");
}

#[tokio::test]
async fn a_login_goes_to_its_own_host_only() {
    let folder = TempDir::new().unwrap();
    let (repository, elsewhere) =
        (ChartRepository::serve(Some("ci:not-a-secret")).await, ChartRepository::serve(None).await);
    let (packed, access) = (repository.add("web", "1.4.2", &[TEMPLATE]), login("ci:not-a-secret"));
    elsewhere.put("web-1.4.2.tgz", &packed.bytes);
    let locked = LockedChart { version: "1.4.2".parse().unwrap(), digest: packed.digest().parse().unwrap() };
    // As a host's other name, so that it is another one to the client too.
    let there = elsewhere.url().replace("127.0.0.1", "localhost");
    repository.fail(RepositoryFault::RedirectTo(format!("{there}/web-1.4.2.tgz")));
    assert_eq!(charts(&folder).archive(&http(&repository), &locked, &access).await.unwrap(), packed.bytes);
    assert_eq!(elsewhere.asked(), [("/charts/web-1.4.2.tgz".to_owned(), None)]);
    // What the index names elsewhere is asked for with TLS only.
    let index = format!(
        "apiVersion: v1\nentries: {{web: [{{version: 1.4.2, urls: ['{}/web-1.4.2.tgz']}}]}}\n",
        elsewhere.url()
    );
    repository.fail(RepositoryFault::None);
    repository.put("index.yaml", index.as_bytes());
    let error = charts(&TempDir::new().unwrap()).archive(&http(&repository), &locked, &access).await.unwrap_err();
    assert!(error.to_string().contains("names an address that is none for an archive"), "{error}");
    assert_eq!(elsewhere.asked().len(), 1);
}

#[tokio::test]
async fn what_a_repository_gives_instead_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let repository = ChartRepository::serve(None).await;
    let (packed, access) = (repository.add("web", "1.4.2", &[TEMPLATE]), Access::default());
    let locked = LockedChart { version: "1.4.2".parse().unwrap(), digest: packed.digest().parse().unwrap() };
    // Another archive under the same name.
    let other = package(folder.path(), "web", "1.4.2", &[TEMPLATE, ("values.yaml", "evil: true\n")]);
    repository.put("web-1.4.2.tgz", &other.bytes);
    let error = kept(&charts(&folder), &http(&repository), &locked).await.unwrap_err();
    assert!(matches!(error, ChartError::Mismatch { .. }), "{error}");
    assert!(error.to_string().contains("somebody pushed it again"), "{error}");
    let error = charts(&folder).resolve(&chart(http(&repository), "*"), &access).await.unwrap_err();
    assert!(matches!(error, ChartError::Mismatch { .. }), "{error}");
    // Another chart than its name says.
    let lying = package(folder.path(), "db", "1.4.2", &[TEMPLATE]);
    repository.put("web-1.4.2.tgz", &lying.bytes);
    repository.put("index.yaml", b"entries: {web: [{version: 1.4.2, urls: [web-1.4.2.tgz]}]}");
    let error = charts(&folder).resolve(&chart(http(&repository), "*"), &access).await.unwrap_err().to_string();
    assert!(error.contains("it holds the chart `db 1.4.2`, and not `web 1.4.2`"), "{error}");
    // More than an archive has.
    repository.put("web-1.4.2.tgz", &vec![0; 9 << 20]);
    let error = charts(&folder).resolve(&chart(http(&repository), "*"), &access).await.unwrap_err().to_string();
    assert!(error.contains("an archive of the chart repository") && error.contains("more than 8 MiB"), "{error}");
    repository.put("index.yaml", b"<html>");
    let error = charts(&folder).resolve(&chart(http(&repository), "*"), &access).await.unwrap_err().to_string();
    assert!(error.contains("index.yaml can't be read"), "{error}");
}

#[tokio::test]
async fn one_that_is_down_is_found_out_once() {
    let folder = TempDir::new().unwrap();
    let repository = ChartRepository::serve(None).await;
    let packed = repository.add("web", "1.4.2", &[TEMPLATE]);
    let locked = LockedChart { version: "1.4.2".parse().unwrap(), digest: packed.digest().parse().unwrap() };
    repository.fail(RepositoryFault::Status(503));
    let (here, place) = (charts(&folder), http(&repository));
    let many = (0..50).map(|_| kept(&here, &place, &locked));
    for error in futures::future::join_all(many).await {
        let error = error.unwrap_err();
        assert!(!error.is_content() && error.to_string().contains("it answered 503"), "{error}");
    }
    assert_eq!(repository.asked().len(), 1);
    // Another one is not held up by it.
    let other = ChartRepository::serve(None).await;
    other.put("web-1.4.2.tgz", &packed.bytes);
    other.index();
    assert_eq!(kept(&here, &http(&other), &locked).await.unwrap(), packed.bytes);
    // And what is kept now needs nobody.
    assert_eq!(kept(&here, &place, &locked).await.unwrap(), packed.bytes);
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_waited_for_no_longer_than_its_time() {
    let (folder, peer) = (TempDir::new().unwrap(), SilentPeer::listen().await.unwrap());
    let place = ChartPlace::oci(&format!("oci://{}/charts/web", peer.address())).unwrap();
    let here = Charts::with_client(folder.path().to_owned(), RegistryClient::with_timeout(Duration::from_millis(200)));
    let error = here.resolve(&chart(place, "*"), &Access::default()).await.unwrap_err();
    assert!(!error.is_content() && error.to_string().contains("did not answer"), "{error}");
}
