//! What a registry may do to whoever asks it.

#[path = "support/scripted.rs"]
mod scripted;

use std::time::Duration;

use control::registry::{Access, Credentials, RegistryClient, ResolveError, Resolved};
use scripted::{Request, Scripted, answer};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const BODY: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
    "manifests":[{"platform":{"os":"linux","architecture":"amd64"}}]}"#;

fn image() -> Vec<u8> {
    answer("200 OK", &[("content-type", INDEX)], BODY.as_bytes())
}

fn login() -> Access {
    let credentials = Credentials::parse("ci:s3cret").ok();
    Access { credentials, ..Access::default() }
}

async fn resolve(address: &str, access: &Access) -> Result<Resolved, ResolveError> {
    let repository = format!("{address}/acme/shop").parse().expect("an address and a path are a repository");
    let tag = "1.42".parse().expect("1.42 is a tag");
    RegistryClient::default().resolve(&repository, Some(&tag), None, access).await
}

/// What a registry that always gives this answer leads to.
async fn refused(give: Vec<u8>) -> ResolveError {
    let registry = Scripted::start(move |_| give.clone()).await;
    resolve(&registry.address, &login()).await.expect_err("the answer is no image")
}

#[tokio::test]
async fn each_status_leads_to_its_error() {
    let gone = answer("404 Not Found", &[], br#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#);
    let gone = refused(gone).await;
    let said = gone.to_string();
    assert!(gone.may_pass() && said.contains("/acme/shop:1.42 not found in the registry 127.0.0.1:"), "{said}");
    assert!(said.contains("(404 NAME_UNKNOWN); did the build push it"), "{said}");

    let forbidden = refused(answer("403 Forbidden", &[], b"")).await;
    assert!(forbidden.to_string().contains("it refuses the user `ci` (403)"), "{forbidden}");
    assert!(!forbidden.may_pass() && matches!(forbidden, ResolveError::Unauthorized { .. }));

    let busy = refused(answer("429 Too Many Requests", &[("retry-after", "17")], b"")).await;
    assert!(busy.to_string().contains("wants 17 s of rest"), "{busy}");
    assert!(matches!(busy, ResolveError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 17));

    let broken = refused(answer("503 Service Unavailable", &[], b"<html>")).await;
    assert!(broken.may_pass() && broken.to_string().contains("it answered 503"), "{broken}");

    let mute = refused(answer("401 Unauthorized", &[], b"")).await;
    assert!(mute.to_string().contains("does not say how"), "{mute}");
}

#[tokio::test]
async fn a_registry_that_hangs_or_is_not_there_is_given_up() {
    let registry = Scripted::start(|_| Vec::new()).await;
    let repository = format!("{}/a", registry.address).parse().unwrap();
    let tag = "1".parse().unwrap();
    let quick = RegistryClient::with_timeout(Duration::from_millis(50));
    let error = quick.resolve(&repository, Some(&tag), None, &Access::default()).await.unwrap_err();
    assert!(matches!(error, ResolveError::Timeout { .. }) && error.may_pass(), "{error}");

    let refused = resolve("127.0.0.1:1", &Access::default()).await.unwrap_err();
    assert!(refused.to_string().contains("refused"), "{refused}");
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let announced = String::from_utf8(answer("200 OK", &[("content-type", INDEX)], b"")).unwrap();
    let announced = refused(announced.replace("length: 0", "length: 99999999999").into_bytes()).await;
    assert!(matches!(announced, ResolveError::TooLarge { limit: 4_194_304, .. }), "{announced}");

    let endless = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice(), &vec![b'['; 5 << 20]].concat();
    let endless = refused(endless).await;
    assert!(matches!(endless, ResolveError::TooLarge { .. }), "{endless}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_image() {
    let mut cut = image();
    cut.truncate(cut.len() - 10);
    let cut = refused(cut).await;
    assert!(matches!(cut, ResolveError::Unreachable { .. }) && cut.may_pass(), "{cut}");
}

#[tokio::test]
async fn another_host_gets_no_login() {
    let other = Scripted::start(|_| image()).await;
    let location = format!("http://{}/elsewhere", other.address);
    let registry = Scripted::start(move |request: &Request| match &request.authorization {
        None => answer("401 Unauthorized", &[("www-authenticate", "Basic realm=\"r\"")], b""),
        Some(_) => answer("307 Temporary Redirect", &[("location", &location)], b""),
    })
    .await;
    resolve(&registry.address, &login()).await.unwrap();
    assert!(registry.requests()[1].authorization.as_deref().unwrap().starts_with("Basic "));
    assert_eq!(other.requests()[0].authorization, None);
}

#[tokio::test]
async fn another_host_can_not_ask_for_a_login() {
    let other =
        Scripted::start(|_| answer("401 Unauthorized", &[("www-authenticate", "Basic realm=\"r\"")], b"")).await;
    let location = format!("http://{}/elsewhere", other.address);
    let registry = Scripted::start(move |_| answer("307 Temporary Redirect", &[("location", &location)], b"")).await;
    let error = resolve(&registry.address, &login()).await.unwrap_err();
    assert!(error.to_string().contains("it sent us on to 127.0.0.1, which wants a login"), "{error}");
    assert_eq!((other.requests().len(), registry.requests().len()), (1, 1));
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let error = refused(answer("302 Found", &[("location", "/again")], b"")).await;
    assert!(error.to_string().contains("redirected too often"), "{error}");
}

/// A registry that wants tokens, and its token service in one.
async fn with_tokens(token: &'static str) -> Scripted {
    let address = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let own = std::sync::Arc::clone(&address);
    let registry = Scripted::start(move |request: &Request| {
        if request.target.starts_with("/token") {
            return match request.authorization.as_deref() {
                Some("Basic Y2k6czNjcmV0") => answer("200 OK", &[], token.as_bytes()),
                _ => answer("401 Unauthorized", &[], b""),
            };
        }
        let own = own.get().map_or("", String::as_str);
        let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"registry & co\"");
        match request.authorization.as_deref() {
            Some("Bearer t0ken") => image(),
            _ => answer("401 Unauthorized", &[("www-authenticate", &challenge)], b""),
        }
    })
    .await;
    address.set(registry.address.clone()).expect("set once");
    registry
}

#[tokio::test]
async fn a_token_is_fetched_with_the_login_and_used() {
    for body in [r#"{"token":"t0ken","expires_in":60}"#, r#"{"token":null,"access_token":"t0ken"}"#] {
        let registry = with_tokens(body).await;
        assert_eq!(resolve(&registry.address, &login()).await.unwrap().platforms, ["linux/amd64"]);
        let requests = registry.requests();
        assert_eq!(requests[1].target, "/token?service=registry+%26+co&scope=repository%3Aacme%2Fshop%3Apull");
        assert_eq!(requests.len(), 3);
    }
}

#[tokio::test]
async fn tokens_that_are_refused_or_unusable_are_told_and_never_shown() {
    let registry = with_tokens(r#"{"token":"t0ken"}"#).await;
    let nobody = resolve(&registry.address, &Access::default()).await.unwrap_err();
    assert!(nobody.to_string().contains("it wants a login (401) and none is configured"), "{nobody}");
    for body in [r#"{"token":"t0\r\nken: x"}"#, r#"{"token":""}"#, "{}", "t0ken", r#"{"token":7}"#] {
        let registry = with_tokens(body).await;
        let error = resolve(&registry.address, &login()).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(
            said.contains("no token that can be used") && !said.contains("t0") && !said.contains("s3cret"),
            "{said}"
        );
    }
    let registry = with_tokens(r#"{"token":"another"}"#).await;
    let error = resolve(&registry.address, &login()).await.unwrap_err();
    assert!(error.to_string().contains("refuses the user `ci` (401)"), "{error}");
}

#[tokio::test]
async fn without_a_usable_setting_nothing_is_asked() {
    for (access, why) in [
        (Access { ask: Some("nowhere".to_owned()), ..Access::default() }, "`ask` is not an address"),
        (Access { ca_pem: Some(b"no pem".to_vec()), ..Access::default() }, "`ca` holds no PEM certificate"),
    ] {
        let error = resolve("127.0.0.1:1", &access).await.unwrap_err();
        assert!(matches!(error, ResolveError::Setup { .. }) && error.to_string().contains(why), "{error}");
    }
}
