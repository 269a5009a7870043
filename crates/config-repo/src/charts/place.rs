//! Where a chart lies: `oci://registry.example/charts/web`, or a name in a chart repository.

use std::fmt;

use model::ImageRepository;
use url::Url;

/// Where a chart lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChartPlace {
    /// A repository of a registry.
    Oci(ImageRepository),
    /// A chart repository over HTTP, which has an `index.yaml`.
    Http {
        /// Its address, with a slash at the end.
        repository: Url,
        /// The chart's name there.
        name: String,
    },
}

/// A text that is no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    /// Not a registry's repository.
    #[error("`{0}` is not a chart in a registry: write `oci://`, the registry's host, and the chart's path there")]
    Oci(String),
    /// Not an address.
    #[error("`{0}` is not a chart repository's address: write it like `https://charts.example`")]
    Repository(String),
    /// A password for everybody to read.
    #[error(
        "the address holds credentials: take them out of git, and name a variable of the server as `auth` under `registries`"
    )]
    Credentials,
    /// Not a chart's name.
    #[error("`{0}` is not a chart's name: write the name that it has in the repository, like `web`")]
    Name(String),
}

/// What begins a chart in a registry.
const OCI: &str = "oci://";

impl ChartPlace {
    /// Whether a text names a chart in a registry.
    pub fn is_oci(text: &str) -> bool {
        text.starts_with(OCI)
    }

    /// Reads `oci://registry.example/charts/web`.
    pub fn oci(text: &str) -> Result<Self, InvalidPlace> {
        let invalid = || InvalidPlace::Oci(cut(text));
        let path = text.strip_prefix(OCI).ok_or_else(invalid)?.trim_end_matches('/');
        let (host, rest) = path.split_once('/').ok_or_else(invalid)?;
        let repository: ImageRepository = path.parse().map_err(|_| invalid())?;
        // `acme/web` would be read as an image of another registry.
        let is_whole = repository.registry() == host && repository.path() == rest;
        if is_whole && is_name(rest.rsplit('/').next().unwrap_or_default()) {
            Ok(Self::Oci(repository))
        } else {
            Err(invalid())
        }
    }

    /// Reads a repository's address and a name.
    pub fn http(repository: &str, name: &str) -> Result<Self, InvalidPlace> {
        let invalid = || InvalidPlace::Repository(cut(repository));
        if !is_name(name) {
            return Err(InvalidPlace::Name(cut(name)));
        }
        let mut url = Url::parse(repository).map_err(|_| invalid())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidPlace::Credentials);
        }
        let is_address = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !is_address || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self::Http { repository: url, name: name.to_owned() })
    }

    /// The chart's name: what its `Chart.yaml` says.
    pub fn name(&self) -> &str {
        match self {
            Self::Oci(repository) => repository.path().rsplit('/').next().unwrap_or_default(),
            Self::Http { name, .. } => name,
        }
    }

    /// What the lock file calls the place: the registry's repository, or the chart repository's address.
    pub fn source(&self) -> String {
        match self {
            Self::Oci(repository) => format!("{OCI}{}/{}", repository.registry(), repository.path()),
            Self::Http { repository, .. } => repository.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// The host, and the port where one is named, by which `registries` says how it is asked.
    pub fn host(&self) -> String {
        match self {
            Self::Oci(repository) => repository.registry().to_owned(),
            Self::Http { repository, .. } => {
                let host = repository.host_str().unwrap_or_default();
                repository.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
            }
        }
    }
}

impl fmt::Display for ChartPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci(_) => f.write_str(&self.source()),
            Self::Http { name, .. } => write!(f, "{}/{name}", self.source()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 250 && name.bytes().all(inner) && !name.starts_with(['.', '-'])
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_name_and_a_host() {
        let place = ChartPlace::oci("oci://registry.example:5000/charts/web/").unwrap();
        assert_eq!((place.name(), place.host().as_str()), ("web", "registry.example:5000"));
        assert_eq!(place.to_string(), "oci://registry.example:5000/charts/web");
        let place = ChartPlace::http("https://charts.example/stable", "web").unwrap();
        assert_eq!((place.name(), place.host().as_str()), ("web", "charts.example"));
        assert_eq!(
            (place.source().as_str(), place.to_string().as_str()),
            ("https://charts.example/stable", "https://charts.example/stable/web")
        );
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bad in [
            "oci://web",
            "oci://acme/web",
            "oci://",
            "registry.example/web",
            "oci://registry.example/web:1",
            "oci://registry.example/../web",
        ] {
            assert!(ChartPlace::oci(bad).is_err(), "{bad}");
        }
        for bad in ["charts.example", "ftp://charts.example", "file:///etc", "https://charts.example?x=1", "https:///x"]
        {
            assert!(ChartPlace::http(bad, "web").is_err() || bad == "https:///x", "{bad}");
        }
        for bad in ["", "a/b", "../web", "-web", "web?x"] {
            assert!(ChartPlace::http("https://charts.example", bad).is_err(), "{bad}");
        }
        let error = ChartPlace::http("https://bot:hunter2@charts.example", "web").unwrap_err().to_string();
        assert!(error.contains("holds credentials") && !error.contains("hunter2"), "{error}");
    }
}
