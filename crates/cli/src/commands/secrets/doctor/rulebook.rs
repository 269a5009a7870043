//! The rules of each folder, read once. What is wrong with them is told once, and not with each file that they are for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use secrets::sops::{Creation, Finding, RuleSet};

use super::super::agreement;
use super::super::rules::{RulesFile, nearest};
use super::subjects::relative;

/// All that were read so far.
#[derive(Default)]
pub(super) struct Rulebook {
    known: HashMap<PathBuf, Option<(RulesFile, RuleSet)>>,
    faults: Vec<(String, Finding)>,
}

impl Rulebook {
    /// What the rules say of a file; none where no rule is for it, or its rules can't be used.
    pub(super) fn rule(&mut self, path: &Path) -> Option<Creation> {
        let rules = nearest(path)?;
        let (file, set) = self.read(&rules)?;
        // What is wrong was told of the whole file.
        agreement::usable(set.creation(&file.below(path))).ok().flatten()
    }

    /// Reads these rules; what is wrong with them is told where it is new.
    pub(super) fn read(&mut self, path: &Path) -> Option<&(RulesFile, RuleSet)> {
        if !self.known.contains_key(path) {
            let name = relative(path);
            let read = RulesFile::read(path).and_then(|file| {
                let set = file.set()?;
                Ok((file, set))
            });
            let read = match read {
                Ok((file, set)) => {
                    self.faults.extend(set.faults().into_iter().map(|fault| (name.clone(), fault)));
                    Some((file, set))
                }
                Err(error) => {
                    self.faults.push((name, fault(&error)));
                    None
                }
            };
            self.known.insert(path.to_owned(), read);
        }
        self.known.get(path)?.as_ref()
    }

    /// What was found since it was asked the last time.
    pub(super) fn faults(&mut self) -> Vec<(String, Finding)> {
        std::mem::take(&mut self.faults)
    }
}

fn fault(error: &anyhow::Error) -> Finding {
    use secrets::sops::{Problem, SopsError};
    match error.downcast_ref::<SopsError>() {
        Some(SopsError { problem: Problem::Syntax { line, what }, .. }) => Finding { line: *line, what: what.clone() },
        Some(SopsError { problem, .. }) => Finding { line: 1, what: problem.to_string() },
        None => Finding { line: 1, what: error.root_cause().to_string() },
    }
}
