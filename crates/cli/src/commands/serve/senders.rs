//! The file with the keys of those who announce builds: a project, and what proves that somebody may speak for it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use model::ProjectName;
use serde::Deserialize;
use webhooks::{SenderKeys, SigningKey};

/// As it is written:
///
/// ```yaml
/// senders:
///   shop:
///     signing: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]
///     tokenSha256: [9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08]
/// push:
///   signing: [a secret of the config repo's host]
/// ```
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    senders: BTreeMap<String, Keys>,
    /// Who may say that somebody pushed to the config repo.
    push: Option<Keys>,
}

/// Whose word is taken, and for what.
#[derive(Debug, Default)]
pub(super) struct Senders {
    /// Those who announce builds, by project.
    pub(super) builds: BTreeMap<ProjectName, SenderKeys>,
    /// The host of the config repo.
    pub(super) push: SenderKeys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Keys {
    #[serde(default)]
    signing: Vec<String>,
    #[serde(default)]
    token_sha256: Vec<String>,
}

/// Reads and checks the file. No key is ever repeated in an error.
pub(super) fn read(path: &Path) -> anyhow::Result<Senders> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    // The parser's own words could quote a key.
    let Ok(file) = serde_saphyr::from_str::<File>(&text) else {
        bail!("{}: expected `senders:` with `signing` and `tokenSha256` lists for each project", path.display());
    };
    let of_project = |(project, keys): (String, Keys)| {
        let name: ProjectName = project.parse().with_context(|| path.display().to_string())?;
        Ok((name, one(path, &project, &keys)?))
    };
    let builds = file.senders.into_iter().map(of_project).collect::<anyhow::Result<_>>()?;
    let push = file.push.map(|keys| one(path, "push", &keys)).transpose()?.unwrap_or_default();
    Ok(Senders { builds, push })
}

fn one(path: &Path, project: &str, keys: &Keys) -> anyhow::Result<SenderKeys> {
    let mut parsed = SenderKeys { signing: Vec::new(), bearer_hashes: Vec::new() };
    for (at, key) in keys.signing.iter().enumerate() {
        let key = SigningKey::parse(key);
        parsed.signing.push(key.with_context(|| format!("{}: signing key {} of `{project}`", path.display(), at + 1))?);
    }
    for (at, hash) in keys.token_sha256.iter().enumerate() {
        let Some(hash) = from_hex(hash) else {
            bail!("{}: token {} of `{project}` must be 64 hexadecimal digits", path.display(), at + 1);
        };
        parsed.bearer_hashes.push(hash);
    }
    if parsed.signing.is_empty() && parsed.bearer_hashes.is_empty() {
        bail!("{}: `{project}` has no key, so nobody could announce anything of it", path.display());
    }
    Ok(parsed)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<Senders> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("senders.yaml");
        std::fs::write(&path, text)?;
        read(&path)
    }

    #[test]
    fn keys_are_read_and_never_repeated() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let good =
            format!("senders: {{shop: {{signing: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw], tokenSha256: [{hash}]}}}}");
        assert_eq!(read_text(&good).unwrap().builds.len(), 1);
        let push = read_text("push: {signing: [a secret of the host]}").unwrap();
        assert_eq!((push.builds.len(), push.push.signing.len()), (0, 1));
        for bad in [
            "senders: {shop: {}}",
            "senders: {shop: {tokenSha256: [topsecret]}}",
            "senders: {shop: {signing: [topsecret]}}",
            "push: {signing: [topsecret]}",
            "push: {}",
            "shop: topsecret",
        ] {
            let error = format!("{:#}", read_text(bad).unwrap_err());
            assert!(!error.contains("topsecret"), "{error}");
        }
    }
}
