//! Where the config repo lies, parsed once: nothing that reaches git's argv as an address is anything else.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::Url;

const LONGEST: usize = 2000;

/// A text that can't be the address of a config repo. It is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of the config repo can't be used: {why}; {next}")]
pub struct InvalidUrl {
    why: &'static str,
    next: &'static str,
}

/// How the remote is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `https://`.
    Https,
    /// `http://`, to this machine only unless asked for.
    Http,
    /// `ssh://` or `user@host:path`.
    Ssh,
    /// `file:///` or an absolute path.
    File,
}

/// The address of a config repo. `Display` leaves the user out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RemoteUrl {
    transport: Transport,
    given: String,
    shown: String,
    origin: String,
}

impl RemoteUrl {
    /// As `parse`, and takes `http://` to any host: for networks where somebody else sees to encryption.
    pub fn parse_with_plain_http(text: &str) -> Result<Self, InvalidUrl> {
        parse(text, true)
    }

    /// How it is talked to.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The address as git gets it.
    pub(crate) fn for_git(&self) -> &str {
        &self.given
    }

    /// What comes after the host.
    pub(crate) fn path(&self) -> &str {
        self.shown.strip_prefix(&self.origin).unwrap_or(&self.shown)
    }

    /// Scheme, host and port, which is what credentials are bound to.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

impl Transport {
    /// The name that git knows it by.
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }
}

impl FromStr for RemoteUrl {
    type Err = InvalidUrl;
    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        parse(text, false)
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({})", self.shown)
    }
}

const FORMS: &str = "write https://host/path, ssh://user@host/path, user@host:path, file:///path or an absolute path";

fn invalid(why: &'static str, next: &'static str) -> InvalidUrl {
    InvalidUrl { why, next }
}

fn parse(text: &str, plain_http: bool) -> Result<RemoteUrl, InvalidUrl> {
    if text.is_empty() || text.len() > LONGEST {
        return Err(invalid("it is empty or longer than 2000 bytes", FORMS));
    }
    if text.starts_with('-') {
        return Err(invalid("it begins with a dash", FORMS));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) || has_encoded_control(text) {
        return Err(invalid("it holds a space or a control character", "write spaces as %20"));
    }
    if text.starts_with('/') {
        return Ok(file(text));
    }
    // What follows in other parsers is lenient about these two.
    if text.contains('\\') || text.contains(":///") && !text.starts_with("file:") {
        return Err(invalid("it holds a backslash or has no host", FORMS));
    }
    match text.split_once("://") {
        Some(("file", path)) if path.starts_with('/') => Ok(file(text)),
        Some(("file", _)) => Err(invalid("a file address names a host", "write three slashes: file:///path")),
        Some(("https", _)) => http(text, Transport::Https, plain_http),
        Some(("http", _)) => http(text, Transport::Http, plain_http),
        Some(("ssh", _)) => ssh(text),
        Some(_) => Err(invalid("its scheme is not one of https, ssh, file", FORMS)),
        None => scp(text),
    }
}

/// `%00` to `%1f` and `%7f`: git decodes them, and line feeds in them have broken credential helpers before.
fn has_encoded_control(text: &str) -> bool {
    text.split('%').skip(1).any(|after| {
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        byte.is_some_and(|byte| byte.is_ascii_control())
    })
}

fn file(text: &str) -> RemoteUrl {
    let given = text.to_owned();
    RemoteUrl { transport: Transport::File, shown: given.clone(), origin: "file://".to_owned(), given }
}

fn http(text: &str, transport: Transport, plain_http: bool) -> Result<RemoteUrl, InvalidUrl> {
    let url = Url::parse(text).map_err(|_| invalid("it is not a URL", FORMS))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it holds a user or a password", "take them out and give a token as the credential"));
    }
    without_extras(&url)?;
    let host = url.host_str().filter(|host| is_host(host)).ok_or_else(|| invalid("it has no usable host", FORMS))?;
    if transport == Transport::Http && !plain_http && !is_loopback(host) {
        let next = "use https://, or allow plain http for this repository";
        return Err(invalid("plain http would send the token and the manifests readable", next));
    }
    let origin = url.origin().ascii_serialization();
    Ok(RemoteUrl { transport, given: url.to_string(), shown: url.to_string(), origin })
}

fn ssh(text: &str) -> Result<RemoteUrl, InvalidUrl> {
    let url = Url::parse(text).map_err(|_| invalid("it is not a URL", FORMS))?;
    if url.password().is_some() {
        return Err(invalid("it holds a password", "take it out and give an SSH key as the credential"));
    }
    without_extras(&url)?;
    let host = url.host_str().filter(|host| is_host(host)).ok_or_else(|| invalid("it has no usable host", FORMS))?;
    if !url.username().is_empty() && !is_user(url.username()) {
        return Err(invalid("its user holds unusual characters", FORMS));
    }
    if url.path().len() < 2 || url.path().starts_with("/-") {
        return Err(invalid("it names no repository", FORMS));
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("ssh://{host}{port}");
    Ok(RemoteUrl {
        transport: Transport::Ssh,
        given: text.to_owned(),
        shown: format!("{origin}{}", url.path()),
        origin,
    })
}

/// `user@host:path`, as people copy it from GitHub.
fn scp(text: &str) -> Result<RemoteUrl, InvalidUrl> {
    let (user, rest) = text.split_once('@').ok_or_else(|| invalid("it is neither a URL nor user@host:path", FORMS))?;
    let (host, path) = rest.split_once(':').ok_or_else(|| invalid("it has no `:` before the path", FORMS))?;
    if !is_user(user) || !is_host(host) || host.starts_with('[') {
        return Err(invalid("its user or host holds unusual characters", FORMS));
    }
    // `host::address` would choose a remote helper program.
    if path.is_empty() || path.starts_with([':', '-']) || path == "/" {
        return Err(invalid("it names no repository", FORMS));
    }
    let origin = format!("ssh://{host}");
    Ok(RemoteUrl { transport: Transport::Ssh, given: text.to_owned(), shown: format!("{host}:{path}"), origin })
}

fn without_extras(url: &Url) -> Result<(), InvalidUrl> {
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it holds a `?` or `#` part", "leave it out"));
    }
    Ok(())
}

fn is_user(user: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    !user.is_empty() && user.len() <= 64 && !user.starts_with('-') && user.chars().all(inner)
}

fn is_host(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return v6.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !host.is_empty() && host.len() <= 253 && !host.starts_with(['-', '.']) && host.chars().all(inner)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
