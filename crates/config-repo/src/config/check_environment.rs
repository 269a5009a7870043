//! From the file's form to the domain: environments, and whether their approvers are there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{EnvironmentName, GroupName, PersonName};
use serde_saphyr::Location;

use super::check::{Named, Problems};
use super::file::{self, Entries, Text};
use super::{Approver, DriftRule, Environment, Head, Person, duration};

const STABLE_FOR: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_mins(10);
const ASK_EXPIRES: Duration = Duration::from_hours(1);

/// Checks every environment against the people.
pub(super) fn check_environments(
    entries: Entries<file::Environment>,
    people: &Named<PersonName, Person>,
    problems: &mut Problems,
) -> Named<EnvironmentName, Environment> {
    let mut environments = Named { known: BTreeMap::new(), named: BTreeSet::new() };
    for (key, environment) in entries.0 {
        let Some(name) = problems.parse::<EnvironmentName>(&key) else { continue };
        environments.named.insert(name.clone());
        problems.not_empty(&environment.context, "the context");
        let approvers: Vec<_> =
            environment.approvers.iter().filter_map(|approver| check_approver(approver, people, problems)).collect();
        if let Some(quorum) = &environment.quorum {
            check_quorum(quorum.value, quorum.referenced, &approvers, people, problems);
        }
        let rules = environment.rules;
        let head = rules.head.and_then(|head| check_head(&head, problems));
        let environment = Environment {
            context: environment.context.value,
            approvers,
            quorum: environment.quorum.map_or(1, |quorum| quorum.value),
            architectures: check_architectures(environment.architectures, problems),
            head,
            drift: rules.drift.and_then(|drift| check_drift(&drift, problems)).unwrap_or_default(),
            stable_for: check_duration(rules.stable_for, STABLE_FOR, Duration::ZERO, problems),
            deadline: check_duration(rules.deadline, DEADLINE, Duration::from_secs(1), problems),
            ask_expires: check_duration(rules.ask_expires, ASK_EXPIRES, Duration::from_secs(1), problems),
        };
        environments.known.insert(name, environment);
    }
    environments
}

/// As Go and so nodes and registries name them.
const ARCHITECTURES: [&str; 8] = ["386", "amd64", "arm", "arm64", "loong64", "ppc64le", "riscv64", "s390x"];

fn check_architectures(named: Vec<Text>, problems: &mut Problems) -> Vec<String> {
    for unknown in named.iter().filter(|one| !ARCHITECTURES.contains(&one.value.as_str())) {
        let help = format!(
            "name some of {}, as `kubectl get nodes -L kubernetes.io/arch` shows them",
            ARCHITECTURES.join(", ")
        );
        problems.add(unknown.referenced, format!("`{}` is not an architecture", unknown.value), help);
    }
    named.into_iter().map(|one| one.value).collect()
}

fn check_approver(text: &Text, people: &Named<PersonName, Person>, problems: &mut Problems) -> Option<Approver> {
    let Some(group) = text.value.strip_prefix("group:") else {
        let person: PersonName = problems.parse(text)?;
        if !people.named.contains(&person) {
            let help = format!("add `{person}` to `people`, or write `group:{person}` if a group is meant");
            problems.add(text.referenced, format!("nobody in `people` is called `{person}`"), help);
        }
        return Some(Approver::Person(person));
    };
    let group = match group.parse::<GroupName>() {
        Ok(group) => group,
        Err(error) => {
            problems.add(text.referenced, error.to_string(), "");
            return None;
        }
    };
    if !people.known.values().any(|person| person.groups.contains(&group)) {
        let help = format!("add `groups: [{group}]` to at least one of `people`");
        problems.add(text.referenced, format!("nobody is in the group `{group}`"), help);
    }
    Some(Approver::Group(group))
}

fn check_quorum(
    quorum: u32,
    at: Location,
    approvers: &[Approver],
    people: &Named<PersonName, Person>,
    problems: &mut Problems,
) {
    let may = |(name, person): &(&PersonName, &Person)| {
        approvers.iter().any(|approver| match approver {
            Approver::Person(approver) => approver == *name,
            Approver::Group(group) => person.groups.contains(group),
        })
    };
    let several = people.known.iter().filter(may).count();
    if quorum == 0 {
        problems.add(
            at,
            "a quorum of 0 asks nobody",
            "write 1 or more; where nothing shall be asked use the rule `auto`",
        );
    } else if usize::try_from(quorum).is_ok_and(|quorum| quorum > several) {
        let message = format!("{quorum} people must approve, but only {several} may");
        problems.add(at, message, "lower `quorum` or name more `approvers`");
    }
}

fn check_head(text: &Text, problems: &mut Problems) -> Option<Head> {
    match text.value.as_str() {
        "follow" => Some(Head::Follow),
        "hold" => Some(Head::Hold),
        other => {
            let help = "write `follow` (stay on HEAD and tell) or `hold` (stay on what worked)";
            problems.add(text.referenced, format!("`{other}` is not a rule for HEAD"), help);
            None
        }
    }
}

fn check_drift(text: &Text, problems: &mut Problems) -> Option<DriftRule> {
    match text.value.as_str() {
        "repair" => Some(DriftRule::Repair),
        "report" => Some(DriftRule::Report),
        // YAML reads a bare `off` as it pleases; as text it is what people wrote.
        "off" | "false" => Some(DriftRule::Off),
        other => {
            let help = "write `repair` (make it equal again and say so), `report` (say so) or `\"off\"`";
            problems.add(text.referenced, format!("`{other}` is not a rule for drift"), help);
            None
        }
    }
}

pub(super) fn check_duration(
    text: Option<Text>,
    default: Duration,
    least: Duration,
    problems: &mut Problems,
) -> Duration {
    let Some(text) = text else { return default };
    if let Some(duration) = duration::parse(&text.value).filter(|duration| *duration >= least) {
        return duration;
    }
    let help = format!("write it like `30s`, `10m` or `1h30m`, from {} seconds to 30 days", least.as_secs());
    problems.add(text.referenced, format!("`{}` is not a duration that fits here", text.value), help);
    default
}
