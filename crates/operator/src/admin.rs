//! The Secrets that tell of a server that is there: address and login of whoever may do everything on it.

use std::collections::BTreeMap;

/// What is wrong with such a Secret. None of these repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAdmin {
    /// It is not there.
    #[error("the Secret {0} with the address of the server is not in the operator's own namespace: make it there")]
    NoSecret(String),
    /// A key is not there.
    #[error("the Secret {secret} in the operator's own namespace has no key `{key}`: add it")]
    NoKey {
        /// Which Secret.
        secret: String,
        /// Which key.
        key: &'static str,
    },
    /// A value can't be used.
    #[error("the key `{key}` of the Secret {secret} in the operator's own namespace {why}")]
    Value {
        /// Which Secret.
        secret: String,
        /// Which key.
        key: &'static str,
        /// What is the matter with it.
        why: &'static str,
    },
}

/// The Secret, as it was read.
pub(crate) struct Admin<'a> {
    secret: &'a str,
    data: &'a BTreeMap<String, Vec<u8>>,
}

impl<'a> Admin<'a> {
    pub(crate) fn new(secret: &'a str, data: Option<&'a BTreeMap<String, Vec<u8>>>) -> Result<Self, BadAdmin> {
        let data = data.ok_or_else(|| BadAdmin::NoSecret(secret.to_owned()))?;
        Ok(Self { secret, data })
    }

    /// What a key holds. A line break at its end is that of the file that it was made from.
    pub(crate) fn given(&self, key: &'static str) -> Result<Option<&'a str>, BadAdmin> {
        let Some(bytes) = self.data.get(key) else { return Ok(None) };
        let text = str::from_utf8(bytes).map_err(|_| self.wrong(key, "is no text: write it anew"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        Ok((!text.is_empty()).then_some(text))
    }

    pub(crate) fn wanted(&self, key: &'static str) -> Result<&'a str, BadAdmin> {
        self.given(key)?.ok_or_else(|| BadAdmin::NoKey { secret: self.secret.to_owned(), key })
    }

    /// A name or an address of a machine.
    pub(crate) fn host(&self) -> Result<&'a str, BadAdmin> {
        let host = self.wanted("host")?;
        let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c));
        if is_host {
            Ok(host)
        } else {
            Err(self.wrong("host", "is no name of a machine: leave scheme, port and path out"))
        }
    }

    pub(crate) fn port(&self, usual: u16) -> Result<u16, BadAdmin> {
        let Some(port) = self.given("port")? else { return Ok(usual) };
        port.parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| self.wrong("port", "is no port: it is a number up to 65535"))
    }

    pub(crate) fn wrong(&self, key: &'static str, why: &'static str) -> BadAdmin {
        BadAdmin::Value { secret: self.secret.to_owned(), key, why }
    }
}
