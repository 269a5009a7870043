use super::*;
use tempfile::TempDir;

#[tokio::test]
async fn an_image_is_found_by_the_digest_that_its_push_said() {
    let folder = TempDir::new().unwrap();
    let registry = DevRegistry::start(folder.path()).await.unwrap();
    let one = registry.push_image("acme/shop", "1.0", "").await.unwrap();
    let two = registry.push_image("acme/shop", "1.1", "crash-loop").await.unwrap();
    assert_ne!(one, two);

    registry.tag("acme/shop", "1.1", &one).await.unwrap();
    let head =
        registry.request(Method::HEAD, "acme/shop/manifests/1.1").header("accept", MANIFEST).send().await.unwrap();
    assert_eq!(head.headers()["docker-content-digest"], one.as_str());

    registry.delete("acme/shop", &one).await.unwrap();
    let gone = registry.request(Method::HEAD, "acme/shop/manifests/1.1").send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn a_registry_with_a_login_serves_tls_and_refuses_strangers() {
    let folder = TempDir::new().unwrap();
    let login = Some(("ci".to_owned(), "not-a-secret".to_owned()));
    let mut registry = DevRegistry::start_with(folder.path(), RegistryOptions { tls: true, login }).await.unwrap();
    assert!(registry.url().starts_with("https://127.0.0.1:"));
    registry.push_image("acme/shop", "1.0", "").await.unwrap();

    registry.login = None;
    let refused = registry.push_image("acme/shop", "1.1", "").await.unwrap_err();
    assert!(matches!(refused, DevRegistryError::Refused { status: 401, .. }), "{refused}");
}
