//! How far an App may go, from facts alone. Nothing is remembered: a pass after a crash finds the same facts and says the same.

use health::{Failure, Verdict};

use super::facts::{BackupFact, BackupState, Facts};

/// How far an App may go now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// What it needs is not there yet: why not.
    Initializing(Vec<String>),
    /// The migration of another version still runs: two at once would harm each other.
    WaitsForMigration(String),
    /// A backup is made first.
    BackingUp(BackupFact),
    /// Its migration is to be begun, or runs.
    Migrating,
    /// Its migration failed.
    MigrationFailed(Box<Failure>),
    /// Its processes may run.
    Deploying,
}

/// The stage that these facts mean.
pub(crate) fn stage(facts: &Facts) -> Stage {
    let migrated = facts.migrated();
    // What runs goes on while a database is away for a moment; a new version does not begin without.
    let goes_on = migrated && facts.deployed;
    if !facts.unmet.is_empty() && !goes_on {
        return Stage::Initializing(facts.unmet.clone());
    }
    if migrated {
        return Stage::Deploying;
    }
    match (&facts.migration, &facts.other_migration) {
        (Some(Verdict::Failed(failure)), _) => Stage::MigrationFailed(Box::new(failure.clone())),
        (None, Some(other)) => Stage::WaitsForMigration(other.clone()),
        (None, None) if facts.backup.as_ref().is_some_and(|backup| backup.state != BackupState::Made) => {
            facts.backup.clone().map_or(Stage::Migrating, Stage::BackingUp)
        }
        _ => Stage::Migrating,
    }
}

#[cfg(test)]
mod tests {
    use health::{Cause, ObjectKey, Progress};

    use super::*;

    fn job() -> ObjectKey {
        ObjectKey::of(
            &serde_json::json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "m", "namespace": "n"}}),
        )
    }

    fn facts() -> Facts {
        Facts { wants_migration: true, ..Facts::default() }
    }

    #[test]
    fn nothing_begins_before_what_it_needs_is_there() {
        let facts = Facts { unmet: vec!["database: starts".to_owned()], ..facts() };
        assert_eq!(stage(&facts), Stage::Initializing(facts.unmet.clone()));
    }

    #[test]
    fn what_runs_is_kept_while_its_database_is_away() {
        let facts = Facts { unmet: vec!["database".to_owned()], recorded: true, deployed: true, ..facts() };
        assert_eq!(stage(&facts), Stage::Deploying);
    }

    #[test]
    fn no_process_begins_before_the_migration_succeeded() {
        let running = Verdict::InProgress(Progress::new(&job(), "runs", ""));
        assert_eq!(stage(&facts()), Stage::Migrating);
        assert_eq!(stage(&Facts { migration: Some(running), ..facts() }), Stage::Migrating);
        assert_eq!(stage(&Facts { migration: Some(Verdict::Current), ..facts() }), Stage::Deploying);
    }

    #[test]
    fn a_backup_that_is_wanted_comes_before_the_migration_and_not_once_more_after_it_began() {
        let backup = |state| Some(BackupFact { of: "shop".to_owned(), name: "b".to_owned(), state });
        let absent = Facts { backup: backup(BackupState::Absent), ..facts() };
        assert!(matches!(stage(&absent), Stage::BackingUp(_)));
        assert_eq!(stage(&Facts { backup: backup(BackupState::Made), ..facts() }), Stage::Migrating);
        assert_eq!(stage(&Facts { migration: Some(Verdict::Current), ..absent }), Stage::Deploying);
    }

    #[test]
    fn a_success_that_was_recorded_counts_though_its_job_is_gone() {
        assert_eq!(stage(&Facts { recorded: true, ..facts() }), Stage::Deploying);
    }

    #[test]
    fn two_migrations_never_run_at_once() {
        let other = Facts { other_migration: Some("migration 1".to_owned()), ..facts() };
        assert_eq!(stage(&other), Stage::WaitsForMigration("migration 1".to_owned()));
    }

    #[test]
    fn a_failed_migration_stays_failed() {
        let failure = Failure::new(&job(), Cause::JobFailed, "exit code 1", "");
        let failed = Facts { migration: Some(Verdict::Failed(failure.clone())), ..facts() };
        assert_eq!(stage(&failed), Stage::MigrationFailed(Box::new(failure)));
    }

    #[test]
    fn an_app_without_migrations_is_deployed_at_once() {
        assert_eq!(stage(&Facts::default()), Stage::Deploying);
    }
}
