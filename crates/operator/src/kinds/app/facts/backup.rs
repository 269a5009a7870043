//! The backup before a migration.

use jiff::Timestamp;

use super::super::App;
use super::super::crd::Defaults;
use super::super::reconcile::RETRY_ANNOTATION;
use super::database::Database;

/// How a backup does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BackupFact {
    /// The object that it is of.
    pub(crate) of: String,
    /// Its name.
    pub(crate) name: String,
    pub(crate) state: BackupState,
}

/// How far a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackupState {
    /// Nobody asked for it yet.
    Absent,
    Runs(String),
    Failed(String),
    Made,
}

/// The backup that is to be made before this version's migration. A database that was made for it and that nothing was migrated in has nothing
/// to lose.
pub(super) fn backup(
    app: &App,
    digest: &str,
    uid: &str,
    superseded: Option<&str>,
    database: &Database,
    now: Timestamp,
) -> Option<BackupFact> {
    let wanted = app.spec.migrations.as_ref()?.backup.unwrap_or(app.spec.defaults == Defaults::Prod);
    if !wanted {
        return None;
    }
    let is_first = app.status.as_ref().is_none_or(|status| status.migrations.is_empty());
    if is_first && database.is_of(uid) && database.began_empty() && !database.is_of_before(uid) {
        return None;
    }
    let before = app.status.as_ref().and_then(|status| status.backup.as_deref());
    let retry = app.metadata.annotations.get(RETRY_ANNOTATION).map(String::as_str);
    let name = name(&[&app.metadata.name, digest, &short(uid)], retry, superseded, before, now);
    let status = &database.live["status"];
    let made = status["backups"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == name.as_str()));
    let run = &status["backup"];
    let message = || run["message"].as_str().unwrap_or_default().to_owned();
    let state = match (made, run["name"] == name.as_str(), run["failed"] == true) {
        (true, ..) => BackupState::Made,
        (false, true, true) => BackupState::Failed(message()),
        (false, true, false) => BackupState::Runs(message()),
        _ => BackupState::Absent,
    };
    Some(BackupFact { of: database.key.name.clone(), name, state })
}

/// Another name for each try of each version in each life of an App, so that no older backup is taken for the one that is wanted, and none is asked for whose
/// Job is there still while it is no more among those that are kept. That of `before` stays the name of its try, though the Job that failed before it is gone
/// by then.
fn name(
    version: &[&str],
    retry: Option<&str>,
    superseded: Option<&str>,
    before: Option<&str>,
    now: Timestamp,
) -> String {
    let parts: Vec<&str> = version.iter().copied().chain(retry).collect();
    let is_letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let of_version: String = parts.join("-").chars().map(is_letter).take(80).collect();
    let (first, again) = (format!("{of_version}-at-"), format!("{of_version}-after-"));
    match (superseded, before) {
        (Some(uid), _) => format!("{again}{}", short(uid)),
        (None, Some(before)) if before.starts_with(&first) || before.starts_with(&again) => before.to_owned(),
        (None, _) => format!("{first}{}", now.as_second()),
    }
}

fn short(uid: &str) -> String {
    uid.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &[&str] = &["shop", "abc", "12345678"];

    fn at(retry: Option<&str>, superseded: Option<&str>, before: Option<&str>, now: i64) -> String {
        name(VERSION, retry, superseded, before, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn each_try_has_a_backup_of_its_own_and_keeps_it_when_the_job_before_is_gone() {
        let first = at(None, None, None, 1);
        assert_eq!(first, "shop-abc-12345678-at-1");
        assert_eq!(at(None, None, Some(&first), 2), first);
        let second = at(None, Some("87654321-0000"), Some(&first), 3);
        assert_eq!(second, "shop-abc-12345678-after-87654321");
        assert_eq!(at(None, None, Some(&second), 4), second);
        assert_ne!(at(None, Some("99999999-0000"), Some(&second), 5), second);
    }

    #[test]
    fn another_version_life_or_wish_is_another_try_and_so_is_one_after_other_versions() {
        let second = at(None, Some("87654321"), None, 1);
        let now = Timestamp::from_second(2).unwrap();
        let others = [
            at(Some("1"), None, Some(&second), 2),
            at(None, None, Some("shop-def-12345678-at-1"), 2),
            name(&["shop", "def", "12345678"], None, None, Some(&second), now),
            name(&["shop", "abc", "00000000"], None, None, Some(&second), now),
        ];
        assert!(others.iter().all(|other| *other != second && other.ends_with("-at-2")), "{others:?}");
        let long = at(Some(&"1".repeat(200)), Some("87654321"), None, 1);
        assert!(long.len() <= 100 && long.ends_with("-after-87654321"), "{long}");
    }
}
