//! The wall around files: Landlock. What is not named here is not there for the engine: no file of the server, no
//! `/proc`, no other program.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::{SandboxError, loader};
use crate::engine::job::Job;

/// Where the libraries of a program lie that is not linked statically.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];

/// Closes everything but the engine, the source and the home.
pub(super) fn close(job: &Job) -> Result<(), SandboxError> {
    let words = |error: RulesetError| SandboxError::Files(error.to_string());
    // The newest walls that the kernel has; seccomp closes what the first version of Landlock leaves open.
    let wanted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V6)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)));
    let rules = wanted.and_then(Ruleset::create).map_err(words)?;
    let status = open_doors(rules, job)?.restrict_self().map_err(words)?;
    if status.ruleset == RulesetStatus::NotEnforced && !job.unconfined {
        return Err(SandboxError::NoLandlock);
    }
    Ok(())
}

/// Whether the kernel has this wall. Closes nothing.
pub(super) fn can_close() -> bool {
    let wanted = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    wanted.handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create).is_ok()
}

fn open_doors(rules: RulesetCreated, job: &Job) -> Result<RulesetCreated, SandboxError> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let write = make_bitflags!(AccessFs::{ReadFile | WriteFile | ReadDir | RemoveDir | RemoveFile | MakeDir | MakeReg | Refer | Truncate});
    let run = make_bitflags!(AccessFs::{ReadFile | Execute});
    let mut rules = open(rules, &job.program, run)?;
    rules = open(rules, &job.source, read)?;
    rules = open(rules, &job.home, write)?;
    rules = open(rules, Path::new("/dev/null"), make_bitflags!(AccessFs::{ReadFile | WriteFile}))?;
    if let Some(loader) = loader::of(&job.program) {
        rules = open(rules, &loader, run)?;
        for library in LIBRARIES.map(Path::new).into_iter().filter(|path| path.exists()) {
            rules = open(rules, library, if library.is_dir() { read } else { AccessFs::ReadFile.into() })?;
        }
    }
    Ok(rules)
}

fn open(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, SandboxError> {
    let words = |error: &dyn std::fmt::Display| SandboxError::Files(format!("{}: {error}", path.display()));
    let opened = PathFd::new(path).map_err(|error| words(&error))?;
    rules.add_rule(PathBeneath::new(opened, access)).map_err(|error| words(&error))
}
