//! Charts from elsewhere among the sources of an instance: which version its files say, and its archive among the files.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use config_repo::Instance;
use config_repo::charts::{ChartLock, LockProblem, LockedChart, PinnedChart, RemoteChart};
use render::engine::Source;

use super::{Files, ReadError, source};
use crate::charts::{ChartError, Charts};
use crate::registry::{Access, ResolveError};

/// How the hosts of charts are asked.
pub(crate) type Accesses = HashMap<String, Result<Access, ResolveError>>;

/// The hosts of the charts from elsewhere that an instance takes.
pub(crate) fn hosts(instance: &Instance) -> BTreeSet<String> {
    instance.sources.iter().filter_map(|source| source.remote.as_ref()).map(|remote| remote.place.host()).collect()
}

/// What an engine is given: all sources, and the files with the archives among them.
pub(crate) async fn with_charts<'f>(
    charts: &Charts,
    lock_file: &str,
    accesses: &Accesses,
    instance: &Instance,
    files: &'f Files,
) -> Result<(Vec<Source>, Cow<'f, Files>), ReadError> {
    let (mut sources, mut files) = (Vec::new(), Cow::Borrowed(files));
    for one in &instance.sources {
        let mut source = source(instance, one);
        if let Some(remote) = &one.remote {
            let locked = locked(remote, &files, lock_file)?;
            let access = accesses.get(&remote.place.host()).cloned().unwrap_or_else(|| Ok(Access::default()));
            let archive = charts.archive(&remote.place, &locked, &access.map_err(ChartError::from)?).await?;
            // No file of a commit is called so: git has no empty names.
            source.path = format!("{}-{}.tgz", remote.place, locked.version);
            files.to_mut().insert(source.path.clone(), archive);
        }
        sources.push(source);
    }
    Ok((sources, files))
}

/// The version of a chart that the files of a commit say. A range is never resolved here.
pub(crate) fn locked(remote: &RemoteChart, files: &Files, lock_file: &str) -> Result<LockedChart, ChartError> {
    if let Some(file) = &remote.pinned {
        let chart = remote.place.to_string();
        let bytes = files.get(file).ok_or_else(|| ChartError::NoPinned { file: file.clone(), chart })?;
        return Ok(remote.allowed(PinnedChart::parse(bytes, file)?.0, file)?);
    }
    let Some(bytes) = files.get(lock_file) else {
        let (chart, range) = (remote.place.to_string(), remote.range.to_string());
        return Err(LockProblem::Missing { chart, range, file: lock_file.to_owned() }.into());
    };
    let lock = ChartLock::parse(&String::from_utf8_lossy(bytes), lock_file)?;
    Ok(lock.locked(remote, lock_file)?)
}

#[cfg(test)]
mod tests {
    use config_repo::charts::ChartPlace;

    use super::*;

    fn remote(pinned: Option<&str>) -> RemoteChart {
        let place = ChartPlace::oci("oci://r.example/charts/web").unwrap();
        RemoteChart { place, range: "^1.2".parse().unwrap(), pinned: pinned.map(str::to_owned) }
    }

    fn version(text: &str) -> LockedChart {
        let digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        LockedChart { version: text.parse().unwrap(), digest }
    }

    fn told(remote: &RemoteChart, file: &str, text: &str) -> String {
        let files = Files::from([(file.to_owned(), text.as_bytes().to_vec())]);
        match locked(remote, &files, "pinnace.lock") {
            Ok(locked) => locked.version.to_string(),
            Err(error) => {
                assert!(error.is_content());
                error.to_string()
            }
        }
    }

    #[test]
    fn the_version_stands_in_the_lock_file() {
        let mut lock = ChartLock::default();
        assert!(told(&remote(None), "other", "").contains("run `pinnace charts lock`"));
        assert!(told(&remote(None), "pinnace.lock", &lock.to_text()).contains("run `pinnace charts lock`"));
        lock.set(&remote(None), version("1.4.2"));
        assert_eq!(told(&remote(None), "pinnace.lock", &lock.to_text()), "1.4.2");
    }

    #[test]
    fn or_in_the_file_of_the_instance() {
        let (file, text) = ("apps/web/chart.yaml", PinnedChart(version("1.4.2")).to_text("web"));
        assert_eq!(told(&remote(Some(file)), file, &text), "1.4.2");
        assert!(told(&remote(Some(file)), "pinnace.lock", "").contains("no `apps/web/chart.yaml`"));
        let newer = text.replace("1.4.2", "2.0.0");
        assert!(told(&remote(Some(file)), file, &newer).contains("`^1.2` does not allow"));
    }
}
