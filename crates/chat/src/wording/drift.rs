//! What is said when live differs from what is desired, and of what nothing desires any more.

use model::{DriftDone, DriftFound, Written};

/// Which object, which fields, by whom, and what was done about it.
pub fn drifted(found: &DriftFound) -> String {
    let what = format!("{} {}", found.object, found.what.join(", "));
    match found.done {
        DriftDone::Repaired => format!("{what}: made equal to git again"),
        DriftDone::Reported => format!("{what}: differs from git, and is left so as the rule `report` says"),
        DriftDone::GivenUp => format!("{what}: was made equal to git again and again, and is left to people now"),
    }
}

/// What a person had written to git, and where it is.
pub fn written(written: &Written) -> String {
    let Written { by, what, commit, branch } = written;
    match branch {
        Some(branch) => format!("{by} had {what} written to git, on branch {branch} for review"),
        None => format!("{by} had {what} written to git, as commit {}", commit.short()),
    }
}

/// What the guard holds back.
pub fn prune_held(objects: &[String]) -> String {
    let stay = if objects.len() == 1 { "1 object is".to_owned() } else { format!("{} objects are", objects.len()) };
    format!("{stay} no longer in git and not deleted before a person confirms: {}", by_reason(objects))
}

/// Objects (`Kind/name: why`), those with the same reason together: `Kind/a, Kind/b (why); Kind/c (other)`.
pub(super) fn by_reason(objects: &[String]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for object in objects {
        let (name, why) = object.split_once(": ").unwrap_or((object, ""));
        match groups.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, names)) => names.push(name),
            None => groups.push((why, vec![name])),
        }
    }
    let group = |(why, names): (&str, Vec<&str>)| {
        if why.is_empty() { names.join(", ") } else { format!("{} ({why})", names.join(", ")) }
    };
    groups.into_iter().map(group).collect::<Vec<_>>().join("; ")
}

/// What runs on though git has its instance no longer.
pub fn left(objects: &[String]) -> String {
    let run = if objects.len() == 1 { "1 object runs".to_owned() } else { format!("{} objects run", objects.len()) };
    let name = |object: &String| object.split(": ").next().unwrap_or_default().to_owned();
    let names = objects.iter().map(name).collect::<Vec<_>>().join(", ");
    format!("git has it no longer; {run} on until an approver confirms that they go: {names}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_done_about_a_difference_is_told_in_these_words() {
        let found = |done| DriftFound {
            object: "ConfigMap/settings".to_owned(),
            what: vec!["data.GREETING by kubectl-edit at 14:02".to_owned()],
            done,
            fields: Vec::new(),
        };
        let said = "ConfigMap/settings data.GREETING by kubectl-edit at 14:02: ";
        for (done, ends) in [
            (DriftDone::Repaired, "made equal to git again"),
            (DriftDone::Reported, "differs from git, and is left so as the rule `report` says"),
            (DriftDone::GivenUp, "was made equal to git again and again, and is left to people now"),
        ] {
            assert_eq!(drifted(&found(done)), format!("{said}{ends}"));
        }
    }

    #[test]
    fn what_was_written_to_git_is_told_with_where_it_is() {
        let at = |branch: Option<&str>| Written {
            by: "ann".parse().unwrap(),
            what: "drift of ConfigMap/settings".to_owned(),
            commit: "c".repeat(40).parse().unwrap(),
            branch: branch.map(str::to_owned),
        };
        let said = "ann had drift of ConfigMap/settings written to git, ";
        assert_eq!(written(&at(None)), format!("{said}as commit cccccccc"));
        assert_eq!(written(&at(Some("pinnace/x-1"))), format!("{said}on branch pinnace/x-1 for review"));
    }

    #[test]
    fn what_runs_on_without_git_is_named() {
        let objects = ["Service/web: its instance is no longer in git".to_owned()];
        let said = "git has it no longer; 1 object runs on until an approver confirms that they go: Service/web";
        assert_eq!(left(&objects), said);
    }

    #[test]
    fn what_is_held_back_is_listed() {
        let objects = ["PersistentVolumeClaim/data: it holds data".to_owned()];
        let said = "1 object is no longer in git and not deleted before a person confirms: PersistentVolumeClaim/data (it \
                    holds data)";
        assert_eq!(prune_held(&objects), said);
        let objects = ["A/a: too many", "B/b: it holds data", "A/c: too many"].map(str::to_owned);
        assert!(prune_held(&objects).ends_with(": A/a, A/c (too many); B/b (it holds data)"));
    }
}
