//! How a registry is reached: where, trusting whom, as whom.

use config_repo::{RegistryAccess, RegistryAuth};
use model::ImageRepository;
use reqwest::Url;
use secrets::Hidden;

use super::ResolveError;

/// What `pinnace.yaml` and the secrets say about one registry. The default: its own name, public CAs, nobody's login.
#[derive(Clone, Default)]
pub struct Access {
    /// Base address to ask at, where the server knows the registry by another name than the nodes. Plain `http:` is
    /// possible only by saying so here; without it only loopback is asked without TLS.
    pub ask: Option<String>,
    /// CA certificates in PEM, trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Login, sent only to the registry itself and to the token service that it names.
    pub credentials: Option<Credentials>,
}

impl Access {
    /// What `pinnace.yaml` says of a registry, with the certificates of its `ca`. The login is in the environment.
    pub fn configured(known: &RegistryAccess, ca_pem: Option<Vec<u8>>) -> Result<Self, ResolveError> {
        let credentials = match &known.auth {
            None => None,
            Some(RegistryAuth::Env(name)) => Some(login(name)?),
        };
        Ok(Self { ask: Some(known.ask.clone()), ca_pem, credentials })
    }
}

fn login(variable: &str) -> Result<Credentials, ResolveError> {
    let value = std::env::var(variable).map_err(|_| ResolveError::Setup {
        reason: format!("the environment has no `{variable}`: set it to `user:password` of the registry"),
    })?;
    Credentials::parse(&value)
}

/// A login at a registry.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// Password or token.
    pub password: Hidden,
}

impl Credentials {
    /// Reads `user:password`, as an environment variable of the server holds it.
    pub fn parse(text: &str) -> Result<Self, ResolveError> {
        match text.trim().split_once(':') {
            Some((user, password)) if !user.is_empty() && !password.is_empty() => {
                Ok(Self { user: user.to_owned(), password: Hidden::new(password) })
            }
            _ => Err(ResolveError::Setup { reason: "the registry's login is not `user:password`".to_owned() }),
        }
    }
}

/// The address that everything about one repository is asked at.
#[derive(Debug)]
pub(super) struct Base(Url);

impl Base {
    pub(super) fn of(repository: &ImageRepository, access: &Access) -> Result<Self, ResolveError> {
        match &access.ask {
            Some(ask) => Self::from_ask(ask),
            None => Self::from_name(repository.registry(), access.ca_pem.is_some()),
        }
    }

    /// The server of an address.
    pub(super) fn at(url: &Url) -> Self {
        Self(url.clone())
    }

    fn from_ask(ask: &str) -> Result<Self, ResolveError> {
        let wrong = |why| ResolveError::Setup { reason: format!("the registry's `ask` {why}") };
        let mut url =
            Url::parse(ask).map_err(|_| wrong("is not an address such as `https://registry.internal:5000`"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("must begin with `https://` or `http://`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a login: put it into the registry's credentials instead"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("holds a `?` or `#`: only host, port and path belong there"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    fn from_name(registry: &str, has_ca: bool) -> Result<Self, ResolveError> {
        // Docker Hub answers under another name than the one in its images.
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let invalid = |_| ResolveError::Setup { reason: format!("`{registry}` can't be made an address") };
        let url = Url::parse(&format!("https://{host}/")).map_err(invalid)?;
        let base = Self(url);
        // Who gives a CA for a loopback registry means TLS.
        if base.is_loopback() && !has_ca {
            return Ok(Self(Url::parse(&format!("http://{host}/")).map_err(invalid)?));
        }
        Ok(base)
    }

    pub(super) fn url(&self, below: &str) -> Result<Url, ResolveError> {
        self.0.join(below).map_err(|_| ResolveError::Setup { reason: format!("`{below}` can't be made an address") })
    }

    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(super) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    pub(super) fn same_origin(&self, other: &Url) -> bool {
        self.0.origin() == other.origin()
    }

    /// Host and port, for people.
    pub(super) fn name(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address, or the error's text.
    fn base(image: &str, access: &Access) -> String {
        Base::of(&image.parse().unwrap(), access).map_or_else(|error| error.to_string(), |base| base.0.to_string())
    }

    fn asked_at(ask: &str) -> String {
        base("r.example/a", &Access { ask: Some(ask.to_owned()), ..Access::default() })
    }

    #[test]
    fn only_loopback_is_asked_in_plain_text_by_itself() {
        let plain = Access::default();
        for (image, url) in [
            ("r.example:5000/a", "https://r.example:5000/"),
            ("shop", "https://registry-1.docker.io/"),
            ("127.0.0.1:5000/a", "http://127.0.0.1:5000/"),
            ("localhost:5000/a", "http://localhost:5000/"),
            ("127.0.0.1.evil.example:5000/a", "https://127.0.0.1.evil.example:5000/"),
            ("10.0.0.1:5000/a", "https://10.0.0.1:5000/"),
        ] {
            assert_eq!(base(image, &plain), url);
        }
        let ca = Access { ca_pem: Some(Vec::new()), ..Access::default() };
        assert_eq!(base("localhost:5000/a", &ca), "https://localhost:5000/");
    }

    #[test]
    fn ask_is_taken_as_it_stands_or_refused_with_what_is_wrong() {
        assert_eq!(asked_at("http://r.internal:5000"), "http://r.internal:5000/");
        assert_eq!(asked_at("https://r.internal/hub"), "https://r.internal/hub/");
        for (ask, why) in [
            ("r.internal:5000", "must begin with"),
            ("r.internal", "is not an address"),
            ("ftp://r.internal", "must begin with"),
            ("https://ann:pw@r.internal", "holds a login"),
            ("https://r.internal?x", "only host, port and path"),
        ] {
            let said = asked_at(ask);
            assert!(said.contains(why) && !said.contains("pw"), "{ask}: {said}");
        }
    }

    #[test]
    fn a_login_is_read_at_its_first_colon() {
        let login = Credentials::parse("ci:a:b\n").unwrap();
        assert_eq!((login.user.as_str(), login.password.expose()), ("ci", "a:b"));
        for bad in ["", "s3cret", ":s3cret", "ci:"] {
            let error = Credentials::parse(bad).err().unwrap().to_string();
            assert!(error.contains("`user:password`") && !error.contains("s3cret"), "{error}");
        }
    }
}
