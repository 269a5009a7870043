//! The far side of a mirror: its address, what git must be told to reach it, and what its refusals mean.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::git::{Call, Git, Scrubber};

use super::credentials::{Credentials, Ssh, Token};
use super::files::write_private;
use super::{Limits, MirrorError, RemoteUrl, Transport};

/// A remote with git set up to reach it and nothing else.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) url: RemoteUrl,
    pub(super) git: Git,
    settings: Vec<String>,
    env: Vec<(String, OsString)>,
}

impl Remote {
    pub(super) fn new(url: RemoteUrl, credentials: &Credentials, home: &Path) -> Result<Self, MirrorError> {
        let header = credentials.token.as_ref().map(header).transpose()?;
        let mut secrets: Vec<String> = credentials.token.iter().map(|t| t.token.expose().to_owned()).collect();
        secrets.extend(header.iter().filter_map(|header| header.rsplit(' ').next()).map(str::to_owned));
        let git = Git::in_home(home, Scrubber::new(secrets)).map_err(|source| MirrorError::Io {
            action: "make a home for git at",
            path: home.to_owned(),
            source,
        })?;
        let settings = vec![format!("protocol.{}.allow=always", url.transport().protocol())];
        let env = match url.transport() {
            Transport::Http | Transport::Https => http_environment(&url, header, credentials),
            Transport::Ssh => ssh_environment(&git, credentials)?,
            Transport::File => Vec::new(),
        };
        Ok(Self { url, git, settings, env })
    }

    /// A run of git that may talk to the remote. The address is for the caller to give.
    pub(super) fn call(&self, subcommand: &str, action: &'static str, repository: &Path, limits: &Limits) -> Call<'_> {
        self.git
            .call_with(&self.settings, subcommand, action)
            .dir(repository)
            .envs(&self.env)
            .within(limits.network)
            .no_file_over(limits.pack_bytes)
    }
}

fn header(token: &Token) -> Result<String, MirrorError> {
    let value = token.token.expose();
    if value.is_empty() || value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(MirrorError::Credentials {
            why: "the token is empty or holds a blank or a control character",
            next: "give the token alone, on one line",
        });
    }
    if token.user.contains(':') || token.user.chars().any(char::is_control) {
        return Err(MirrorError::Credentials {
            why: "the user's name holds a colon or a control character",
            next: "give the plain user name that belongs to the token",
        });
    }
    Ok(format!("Authorization: Basic {}", BASE64.encode(format!("{}:{value}", token.user))))
}

/// Settings through the environment, for argv is public. The header is bound to the host, and redirects are not
/// followed at all: another host must never see the token.
fn http_environment(url: &RemoteUrl, header: Option<String>, credentials: &Credentials) -> Vec<(String, OsString)> {
    let mut settings: Vec<(String, OsString)> = vec![
        ("http.followRedirects".into(), "false".into()),
        ("http.sslVerify".into(), "true".into()),
        ("http.lowSpeedLimit".into(), "1".into()),
        ("http.lowSpeedTime".into(), "30".into()),
    ];
    if let Some(header) = header {
        settings.push((format!("http.{}/.extraHeader", url.origin()), header.into()));
    }
    if let Some(ca) = &credentials.ca_file {
        settings.push(("http.sslCAInfo".into(), ca.into()));
    }
    let mut env = vec![("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string().into())];
    for (nth, (key, value)) in settings.into_iter().enumerate() {
        env.push((format!("GIT_CONFIG_KEY_{nth}"), key.into()));
        env.push((format!("GIT_CONFIG_VALUE_{nth}"), value));
    }
    env
}

/// ssh takes nothing from the user's or the system's files: not a host key, not an identity, not an agent.
fn ssh_environment(git: &Git, credentials: &Credentials) -> Result<Vec<(String, OsString)>, MirrorError> {
    let hosts_file = git.home().join("known_hosts");
    let known_hosts = credentials.ssh.as_ref().map_or("", |ssh: &Ssh| ssh.known_hosts.as_str());
    write_private(&hosts_file, known_hosts.as_bytes())?;
    let mut command = "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes \
        -o IdentityAgent=none -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 \
        -o UpdateHostKeys=no -o GlobalKnownHostsFile=/dev/null"
        .to_owned();
    // Writing to a String can't fail.
    let _always = write!(command, " -o 'UserKnownHostsFile=\"{}\"'", quotable(&hosts_file)?);
    match &credentials.ssh {
        Some(ssh) => {
            let _always = write!(command, " -i '{}'", quotable(&ssh.key)?);
        }
        None => command.push_str(" -o IdentityFile=none"),
    }
    Ok(vec![("GIT_SSH_COMMAND".into(), command.into()), ("GIT_SSH_VARIANT".into(), "ssh".into())])
}

/// A path that neither the shell nor ssh can read as anything but a path (both expand some characters).
fn quotable(path: &Path) -> Result<&str, MirrorError> {
    let plain = |c: char| !c.is_control() && !"'\"\\%$`~".contains(c);
    path.to_str().filter(|text| text.starts_with('/') && text.chars().all(plain)).ok_or(MirrorError::Credentials {
        why: "the path of the SSH key is relative or holds a quote, a backslash or one of % $ ` ~",
        next: "give an absolute path of ordinary characters",
    })
}
