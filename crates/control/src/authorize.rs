//! The one place that says who may do what. Page, API, chat and command line all end here.

use config_repo::Config;
use model::{EnvironmentName, InstanceId, PersonName, Pin};

use crate::problem::{Problem, ProblemCode};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// Say yes to an ask.
    Approve(&'a Pin),
    /// Say no to an ask.
    Reject(&'a Pin),
    /// Stop a pin.
    Cancel(&'a Pin),
    /// Try again now what waits for the other side.
    Retry(&'a Pin),
    /// Go back to the version before.
    Unpin(&'a InstanceId),
    /// Switch automatic pins off or on.
    Lock(&'a InstanceId),
    /// Decide about a fleet pin; the id names its project and environment.
    Fleet(&'a InstanceId),
    /// Try again what people pushed and did not work, or take it back in git.
    MendHead(&'a InstanceId),
    /// Have what was changed in the cluster written to git.
    WriteDrift(&'a InstanceId),
    /// Have an instance looked at anew.
    Sync(&'a InstanceId),
    /// Take over objects that somebody else made.
    Adopt(&'a InstanceId),
    /// Let what the guard holds back be deleted.
    Prune(&'a InstanceId),
    /// Bring back what was pruned.
    Restore(&'a InstanceId),
    /// Accept a rewritten history of the config repo, which all environments stand in.
    AcceptRewrite,
}

impl Act<'_> {
    /// The one instance that it is about; none when it is about all.
    fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::Approve(pin) | Self::Reject(pin) | Self::Cancel(pin) | Self::Retry(pin) => Some(&pin.instance),
            Self::Unpin(instance)
            | Self::Lock(instance)
            | Self::Fleet(instance)
            | Self::MendHead(instance)
            | Self::WriteDrift(instance)
            | Self::Adopt(instance)
            | Self::Sync(instance)
            | Self::Restore(instance)
            | Self::Prune(instance) => Some(instance),
            Self::AcceptRewrite => None,
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Approve(_) => "approve",
            Self::Reject(_) => "reject",
            Self::Cancel(_) => "cancel",
            Self::Retry(_) => "retry",
            Self::Unpin(_) => "unpin",
            Self::Lock(_) => "lock or unlock",
            Self::Fleet(_) => "decide about a fleet pin",
            Self::MendHead(_) => "try a commit again or revert it",
            Self::WriteDrift(_) => "write what was changed to git",
            Self::Sync(_) => "sync",
            Self::Adopt(_) => "take over objects",
            Self::Prune(_) => "confirm deletions",
            Self::Restore(_) => "bring back what was pruned",
            Self::AcceptRewrite => "accept a rewritten history",
        }
    }
}

/// Whether this person may do this now, by the rules of the last good `pinnace.yaml`.
pub fn authorize(config: &Config, person: &PersonName, act: Act<'_>) -> Result<(), Problem> {
    let (environments, place): (Vec<&EnvironmentName>, String) = match act.instance() {
        Some(instance) => (vec![&instance.environment], instance.to_string()),
        None => (config.environments.keys().collect(), "the config repo".to_owned()),
    };
    let barred = environments.into_iter().find(|environment| !config.may_decide(environment, person));
    if let Some(environment) = barred {
        let able = config.approver_names(environment);
        let able = able.iter().map(PersonName::as_str).collect::<Vec<_>>().join(", ");
        let next = if able.is_empty() {
            format!("name approvers of `{environment}` in pinnace.yaml")
        } else {
            format!("ask one of: {able}")
        };
        let what = format!("{person} may not {} in {place}", act.words());
        return Err(Problem::new(ProblemCode::NotAllowed, what, next));
    }
    match act {
        Act::Approve(pin) => four_eyes(config, person, pin),
        _ => Ok(()),
    }
}

/// Where four eyes are asked for, who made a build does not approve it. An author that nobody knows can't be ruled out,
/// so an unknown author is no obstacle; a known one is matched by the address in `pinnace.yaml` or by name.
fn four_eyes(config: &Config, person: &PersonName, pin: &Pin) -> Result<(), Problem> {
    let required = config.projects.get(&pin.instance.project).is_some_and(|project| project.four_eyes);
    let author = pin.build.announced.as_ref().and_then(|announced| announced.author.as_deref());
    let (true, Some(author)) = (required, author) else { return Ok(()) };
    let email = config.person(person).map(|known| known.email.as_str());
    let own = email.is_some_and(|email| author.contains(email)) || author.eq_ignore_ascii_case(person.as_str());
    if !own {
        return Ok(());
    }
    let what = format!("{person} made this build and {} asks for four eyes", pin.instance.project);
    Err(Problem::new(ProblemCode::NotAllowed, what, "ask another approver"))
}

#[cfg(test)]
mod tests {
    use model::{Build, Fact, PinKind, PinNumber, Timestamp, step};

    use super::*;

    const CONFIG: &str = "
apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {email: ann@example.org, groups: [release]}
  bo: {email: bo@example.org}
environments:
  prod: {context: prod, approvers: [group:release]}
projects:
  shop:
    image: r.example/acme/shop
    sources: [{path: apps/shop}]
    namespaces: {prod: shop}
";

    fn config(text: &str) -> Config {
        Config::parse(text, "pinnace.yaml").unwrap()
    }

    fn pin(author: &str) -> Pin {
        let announced = serde_json::from_value(serde_json::json!({"image": "r.example/acme/shop", "author": author}));
        let opened = Fact::Opened {
            number: PinNumber(1),
            instance: "shop/prod".parse().unwrap(),
            kind: PinKind::Pin,
            build: Box::new(Build {
                image: "r.example/acme/shop:2".parse().unwrap(),
                chart: None,
                announced: announced.unwrap(),
            }),
            by: None,
        };
        step(None, &opened, Timestamp(0)).unwrap().0
    }

    #[test]
    fn an_approver_may_and_others_are_told_whom_to_ask() {
        let (config, pin) = (config(CONFIG), pin("cy"));
        assert_eq!(authorize(&config, &"ann".parse().unwrap(), Act::Approve(&pin)), Ok(()));
        let problem = authorize(&config, &"bo".parse().unwrap(), Act::Unpin(&pin.instance)).unwrap_err();
        assert_eq!(problem.code, ProblemCode::NotAllowed);
        assert_eq!(problem.to_string(), "bo may not unpin in shop/prod; ask one of: ann");
        assert!(authorize(&config, &"nobody".parse().unwrap(), Act::Cancel(&pin)).is_err());
    }

    #[test]
    fn who_made_a_build_does_not_approve_it_where_four_eyes_are_asked_for() {
        let four_eyes = config(&format!("{CONFIG}    fourEyes: true\n"));
        let ann = "ann".parse().unwrap();
        assert!(authorize(&four_eyes, &ann, Act::Approve(&pin("Ann <ann@example.org>"))).is_err());
        assert!(authorize(&four_eyes, &ann, Act::Reject(&pin("Ann <ann@example.org>"))).is_ok());
        assert!(authorize(&four_eyes, &ann, Act::Approve(&pin("bo"))).is_ok());
        assert!(authorize(&config(CONFIG), &ann, Act::Approve(&pin("ann"))).is_ok());
    }
}
