//! Builds are looked up in the real CNCF registry: plain, with TLS of a private CA, and with logins.

use control::registry::{Access, Credentials, RegistryClient, ResolveError, Resolved};
use model::{Digest, ImageRepository, Tag};
use testkit::registry::{DevRegistry, RegistryOptions};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const CHART: &str = "application/vnd.cncf.helm.config.v1+json";

/// A registry of the test's own, and how it is registry.
struct Registry {
    server: DevRegistry,
    access: Access,
    _folder: tempfile::TempDir,
}

impl Registry {
    async fn start(options: RegistryOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let server = DevRegistry::start_with(folder.path(), options).await.expect("the registry starts");
        Self { server, access: Access::default(), _folder: folder }
    }

    async fn open() -> Self {
        Self::start(RegistryOptions::default()).await
    }

    async fn resolve(&self, tag: Option<&str>, digest: Option<&str>) -> Result<Resolved, ResolveError> {
        self.resolve_as(&format!("{}/acme/shop", self.server.address()), tag, digest).await
    }

    async fn resolve_as(&self, image: &str, tag: Option<&str>, digest: Option<&str>) -> Result<Resolved, ResolveError> {
        let repository: ImageRepository = image.parse().expect("the test names a repository");
        let tag: Option<Tag> = tag.map(|tag| tag.parse().expect("the test names a tag"));
        let digest: Option<Digest> = digest.map(|digest| digest.parse().expect("the test names a digest"));
        RegistryClient::default().resolve(&repository, tag.as_ref(), digest.as_ref(), &self.access).await
    }

    /// A single image, with the marker in it so that each has its own digest.
    async fn push(&self, tag: &str) -> String {
        self.server.push_image("acme/shop", tag, "a marker").await.expect("the registry takes an image")
    }

    /// An index of one image, and that image's own digest. Only for a registry without login and TLS.
    async fn push_index(&self, tag: &str) -> (String, String) {
        let image = self.push("of-amd64").await;
        let size = self.manifest(&image).await.len();
        let index = format!(
            r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{MANIFEST}","digest":"{image}",
                "size":{size},"platform":{{"os":"linux","architecture":"amd64"}}}}]}}"#
        );
        (self.put(tag, INDEX, index).await, image)
    }

    async fn manifest(&self, name: &str) -> String {
        let request = Self::http().get(self.manifest_url(name)).header("accept", MANIFEST);
        request.send().await.expect("the registry answers").text().await.expect("manifests are text")
    }

    async fn put(&self, tag: &str, media_type: &str, manifest: String) -> String {
        let request = Self::http().put(self.manifest_url(tag)).header("content-type", media_type).body(manifest);
        let answer = request.send().await.expect("the registry answers");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
        answer.headers()["docker-content-digest"].to_str().expect("digests are text").to_owned()
    }

    fn manifest_url(&self, name: &str) -> String {
        format!("{}/v2/acme/shop/manifests/{name}", self.server.url())
    }

    fn http() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client can be made")
    }
}

fn login(password: &str) -> Option<Credentials> {
    Credentials::parse(&format!("ci:{password}")).ok()
}

fn with_login(tls: bool) -> RegistryOptions {
    RegistryOptions { tls, login: Some(("ci".to_owned(), "s3cret".to_owned())) }
}

#[tokio::test]
async fn a_tag_gives_the_digest_of_the_index() {
    let registry = Registry::open().await;
    let (index, of_amd64) = registry.push_index("1.42").await;
    let build = registry.resolve(Some("1.42"), None).await.unwrap();
    assert_eq!((build.digest.as_str(), build.media_type.as_str()), (index.as_str(), INDEX));
    assert_eq!(build.platforms, ["linux/amd64"]);
    assert_eq!(registry.resolve(Some("1.42"), Some(&index)).await.unwrap(), build);
    assert_eq!(registry.resolve(None, Some(&index)).await.unwrap(), build);
    let single = registry.resolve(None, Some(&of_amd64)).await.unwrap();
    assert_eq!((single.digest.as_str(), single.media_type.as_str()), (of_amd64.as_str(), MANIFEST));
    let of_one = registry.resolve(Some("1.42"), Some(&of_amd64)).await.unwrap_err().to_string();
    assert!(of_one.contains("announce the digest of the whole (the index)"), "{of_one}");
}

#[tokio::test]
async fn a_tag_that_moved_gives_its_new_digest_and_contradicts_the_old() {
    let registry = Registry::open().await;
    let old = registry.push("main").await;
    let (new, _) = registry.push_index("main").await;
    assert_eq!(registry.resolve(Some("main"), None).await.unwrap().digest.as_str(), new);
    let moved = registry.resolve(Some("main"), Some(&old)).await.unwrap_err();
    let said = moved.to_string();
    assert!(
        !moved.may_pass() && said.contains(&format!("{old}, the registry gives {new}: the tag was moved")),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_may_still_come() {
    let registry = Registry::open().await;
    registry.push_index("1.42").await;
    let unknown = format!("sha256:{}", "0".repeat(64));
    for (tag, digest) in [(Some("1.43"), None), (None, Some(unknown.as_str()))] {
        let error = registry.resolve(tag, digest).await.unwrap_err();
        assert!(
            error.may_pass() && error.to_string().contains("(404 MANIFEST_UNKNOWN); did the build push it"),
            "{error}"
        );
    }
    let elsewhere =
        registry.resolve_as(&format!("{}/acme/basket", registry.server.address()), Some("1"), None).await.unwrap_err();
    assert!(matches!(elsewhere, ResolveError::NotFound { .. }), "{elsewhere}");
}

#[tokio::test]
async fn a_chart_is_not_an_image() {
    let registry = Registry::open().await;
    let image = registry.push("image").await;
    let chart = registry.manifest(&image).await.replace(CONFIG, CHART);
    registry.put("chart", MANIFEST, chart).await;
    let error = registry.resolve(Some("chart"), None).await.unwrap_err();
    assert!(error.to_string().contains(&format!("is not a container image but `{CHART}`")), "{error}");
}

#[tokio::test]
async fn logins_are_needed_and_checked() {
    let mut registry = Registry::start(with_login(false)).await;
    let digest = registry.push("1.42").await;
    let nobody = registry.resolve(Some("1.42"), None).await.unwrap_err();
    assert!(nobody.to_string().contains("wants a login and none is configured"), "{nobody}");
    registry.access.credentials = login("wr0ng");
    let wrong = registry.resolve(Some("1.42"), None).await.unwrap_err();
    let said = format!("{wrong} {wrong:?}");
    assert!(said.contains("it refuses the user `ci` (401 UNAUTHORIZED)") && !said.contains("wr0ng"), "{said}");
    registry.access.credentials = login("s3cret");
    assert_eq!(registry.resolve(Some("1.42"), None).await.unwrap().digest.as_str(), digest);
}

#[tokio::test]
async fn tls_of_a_private_ca_is_trusted_only_when_it_is_named() {
    let mut registry = Registry::start(with_login(true)).await;
    let digest = registry.push("1.42").await;
    registry.access.credentials = login("s3cret");
    registry.access.ask = Some(format!("https://{}", registry.server.address()));
    let untrusted = registry.resolve(Some("1.42"), None).await.unwrap_err();
    assert!(untrusted.to_string().contains("name the registry's `ca` in pinnace.yaml"), "{untrusted}");
    registry.access.ca_pem = registry.server.ca().map(|path| std::fs::read(path).unwrap());
    assert_eq!(registry.resolve(Some("1.42"), None).await.unwrap().digest.as_str(), digest);

    // The certificate is for 127.0.0.1: whoever else answers with it is refused.
    registry.access.ask = Some(format!("https://{}", forwarded(registry.server.address()).await));
    let other_name = registry.resolve(Some("1.42"), None).await.unwrap_err();
    assert!(matches!(other_name, ResolveError::Unreachable { .. }), "{other_name}");
    assert!(other_name.to_string().contains("certificate not valid for name"), "{other_name}");
}

/// The same server under another address of loopback.
async fn forwarded(to: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.expect("all of 127/8 is loopback");
    let address = listener.local_addr().expect("a bound socket has an address").to_string();
    let to = to.to_owned();
    tokio::spawn(async move {
        let (mut from, _) = listener.accept().await.expect("the test connects");
        let mut to = tokio::net::TcpStream::connect(to).await.expect("the registry listens");
        // Ends with the connection, however that ends.
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    });
    address
}

#[tokio::test]
async fn nodes_and_server_may_know_the_registry_by_different_names() {
    let mut registry = Registry::open().await;
    let (index, _) = registry.push_index("1.42").await;
    registry.access.ask = Some(format!("http://{}", registry.server.address()));
    let build = registry.resolve_as("registry.example/acme/shop", Some("1.42"), None).await.unwrap();
    assert_eq!(build.digest.as_str(), index);
    let gone = registry.resolve_as("registry.example/acme/shop", Some("1.43"), None).await.unwrap_err().to_string();
    assert!(gone.contains("image registry.example/acme/shop:1.43 not found in the registry 127.0.0.1:"), "{gone}");
}
