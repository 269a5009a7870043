//! What the environment says about where a key comes from.

use std::path::PathBuf;

use secrets::Secret;
use url::{Host, Url};

/// Where containers of ECS are told their key.
const ECS: &str = "http://169.254.170.2";
/// The addresses of hosts beside a container that may be asked without TLS: those of ECS and EKS.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
const BESIDE: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// Where machines are told theirs.
const MACHINE: &str = "http://169.254.169.254";

/// Where a key comes from.
pub(super) enum Source {
    /// The role of a ServiceAccount: whoever shows its token is given a key.
    ServiceAccount {
        role: String,
        token: PathBuf,
        session: String,
        /// Another address of the service that gives it; none for that of the region.
        endpoint: Option<Url>,
    },
    /// The role of a pod or a container, told by a host beside it.
    Container { url: Url, token: Option<Token> },
    /// The role of the machine, told by its metadata.
    Machine { endpoint: Url },
}

/// What a container proves with who it is.
pub(super) enum Token {
    /// It changes.
    File(PathBuf),
    Text(Secret<String>),
}

impl Source {
    pub(super) fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let url = |name: &str| get(name).map(|text| read(name, &text)).transpose();
        if let (Some(role), Some(token)) = (get("AWS_ROLE_ARN"), get("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            let endpoint = match url("AWS_ENDPOINT_URL_STS")? {
                None => url("AWS_ENDPOINT_URL")?,
                endpoint => endpoint,
            };
            if let Some(url) = endpoint.as_ref().filter(|url| !is_trusted(url)) {
                return Err(format!(
                    "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL names {url}: it has to begin with https://"
                ));
            }
            let session = get("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "pinnace-operator".to_owned());
            return Ok(Some(Self::ServiceAccount { role, token: token.into(), session, endpoint }));
        }
        let beside = match get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => Some(read("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &format!("{ECS}{path}"))?),
            None => url("AWS_CONTAINER_CREDENTIALS_FULL_URI")?,
        };
        if let Some(url) = beside {
            if !is_trusted(&url) {
                let why = format!(
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI names {url}, which is neither https:// nor a host beside the container"
                );
                return Err(why);
            }
            let file = get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|file| Token::File(file.into()));
            let text = || get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|text| Token::Text(Secret::new(text)));
            return Ok(Some(Self::Container { url, token: file.or_else(text) }));
        }
        if get("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let usual = || read("the usual address", MACHINE);
        let endpoint = url("AWS_EC2_METADATA_SERVICE_ENDPOINT")?.map_or_else(usual, Ok)?;
        Ok(Some(Self::Machine { endpoint }))
    }
}

fn read(name: &str, text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| format!("{name} is no address ({error}): {text}"))
}

fn is_trusted(url: &Url) -> bool {
    let is_beside = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || BESIDE.contains(&ip.to_string().as_str()),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || BESIDE.contains(&ip.to_string().as_str()),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_beside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)]) -> Result<Option<Source>, String> {
        let get = |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, text)| (*text).to_owned());
        Source::from_environment(get)
    }

    #[test]
    fn what_is_nearest_to_the_pod_says_who_it_is() {
        let account = [("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")];
        let pod = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
        let all = [account[0], account[1], pod];
        assert!(matches!(source(&all), Ok(Some(Source::ServiceAccount { .. }))));
        let of_pod = source(&[pod, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token")]);
        assert!(matches!(of_pod, Ok(Some(Source::Container { token: Some(Token::File(_)), .. }))));
        let Ok(Some(Source::Machine { endpoint })) = source(&[]) else { panic!("the machine is the last") };
        assert_eq!(endpoint.as_str(), "http://169.254.169.254/");
        assert!(matches!(source(&[("AWS_EC2_METADATA_DISABLED", "true")]), Ok(None)));
    }

    #[test]
    fn a_token_is_shown_to_nobody_far_away_without_tls() {
        let full = |url: &str| source(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]);
        assert!(
            full("http://example.org/credentials")
                .err()
                .unwrap()
                .contains("neither https:// nor a host beside the container")
        );
        for url in [
            "https://example.org/c",
            "http://127.0.0.1:9/c",
            "http://localhost/c",
            "http://[fd00:ec2::23]/c",
            "http://[::1]/c",
        ] {
            assert!(full(url).is_ok(), "{url}");
        }
        let far =
            [("AWS_ROLE_ARN", "r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ENDPOINT_URL", "http://example.org")];
        assert!(source(&far).err().unwrap().ends_with("it has to begin with https://"));
        let relative = source(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/c")]);
        assert!(
            matches!(relative, Ok(Some(Source::Container { url, .. })) if url.as_str() == "http://169.254.170.2/v2/c")
        );
        assert!(full("no address").err().unwrap().contains("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address"));
    }
}
