//! Where the tokens of `pinnace login` are kept: one file in the user's config folder that only they can read.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrets::Hidden;
use serde::{Deserialize, Serialize};

use super::Problem;

/// The sessions of a person, by server.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// The server of the last login.
    last: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, Session>,
    #[serde(skip)]
    file: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Session {
    person: String,
    token: String,
}

impl Sessions {
    /// Reads them; none when nobody logged in yet.
    pub(crate) fn load() -> Result<Self, Problem> {
        Self::load_from(file()?)
    }

    fn load_from(file: PathBuf) -> Result<Self, Problem> {
        let sessions = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let what = format!("{} can't be read: {error}", file.display());
                Problem::failed(what, "remove the file and `pinnace login` again")
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(unusable("reading", &file, &error)),
        };
        Ok(Self { file, ..sessions })
    }

    /// The server of the last login.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The token for a server.
    pub(crate) fn token(&self, url: &str) -> Option<Hidden> {
        self.servers.get(url).map(|session| Hidden::new(session.token.clone()))
    }

    /// Keeps the session of a login.
    pub(crate) fn keep(mut self, url: &str, person: &str, token: &str) -> Result<(), Problem> {
        let session = Session { person: person.to_owned(), token: token.to_owned() };
        self.servers.insert(url.to_owned(), session);
        self.last = Some(url.to_owned());
        self.save()
    }

    /// Forgets the session at a server.
    pub(crate) fn forget(mut self, url: &str) -> Result<(), Problem> {
        self.servers.remove(url);
        self.last = self.last.filter(|last| last != url);
        self.save()
    }

    /// Written beside and moved there, so that a crash leaves the old ones.
    fn save(&self) -> Result<(), Problem> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Problem::failed(error.to_string(), ""))?;
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let part = self.file.with_extension(format!("{}.part", std::process::id()));
        let written = std::fs::create_dir_all(folder).and_then(|()| {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
            file.write_all(&text)?;
            std::fs::rename(&part, &self.file)
        });
        written.map_err(|error| unusable("writing", &self.file, &error))
    }
}

fn unusable(action: &str, file: &Path, error: &std::io::Error) -> Problem {
    let what = format!("{action} {} failed: {error}", file.display());
    Problem::failed(what, "set PINNACE_TOKEN and --server instead, or XDG_CONFIG_HOME to a folder of yours")
}

fn file() -> Result<PathBuf, Problem> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| Problem::failed("neither XDG_CONFIG_HOME nor HOME is set", "set one of them"))?;
    Ok(config.join("pinnace").join("sessions.json"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_session_is_kept_for_its_server_alone_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pinnace/sessions.json");
        let load = || Sessions::load_from(file.clone()).unwrap();
        assert!(load().last().is_none());
        load().keep("https://one.example", "ann", "t1").unwrap();
        load().keep("https://two.example", "ann", "t2").unwrap();
        assert_eq!(load().last(), Some("https://two.example"));
        assert_eq!(load().token("https://one.example").unwrap().expose(), "t1");
        assert!(load().token("https://three.example").is_none());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        load().forget("https://two.example").unwrap();
        assert!(load().last().is_none() && load().token("https://two.example").is_none());
    }

    #[test]
    fn a_damaged_file_is_said_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        std::fs::write(&file, "{").unwrap();
        let problem = Sessions::load_from(file).err().unwrap().to_string();
        assert!(problem.contains("sessions.json") && problem.contains("pinnace login"), "{problem}");
    }
}
