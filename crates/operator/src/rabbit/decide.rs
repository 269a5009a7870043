//! What is to be done, decided from what was seen. What is as it should be is not written again.

use secrets::Secret;
use serde_json::{Value, json};

use super::error::RabbitError;
use super::password;
use super::seen::{PolicySeen, Seen, UserSeen};
use super::{ApplyTo, Policy, RabbitName, Wanted};
use crate::claim::Claim;

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Action {
    /// What it does, for people: `make the user "shop"`. Hashes of passwords are not in it.
    pub what: String,
    /// Where, part by part.
    pub path: Vec<String>,
    /// What is written; nothing: it is taken away.
    pub body: Option<Value>,
}

impl Action {
    fn write(what: String, path: &[&str], body: Value) -> Self {
        Self { what, path: path.iter().map(|part| (*part).to_owned()).collect(), body: Some(body) }
    }

    fn remove(what: String, path: &[&str]) -> Self {
        Self { what, path: path.iter().map(|part| (*part).to_owned()).collect(), body: None }
    }
}

/// The virtual host itself. It is made and claimed at once, before anything in it.
pub(crate) fn vhost(wanted: &Wanted, seen: &Seen) -> Result<Option<Action>, RabbitError> {
    let name = wanted.vhost.as_str();
    let claimed = |what: &str| {
        let body = json!({"description": wanted.claim.comment(), "tags": []});
        Some(Action::write(format!("{what} the virtual host \"{name}\""), &["vhosts", name], body))
    };
    match seen.vhost.as_ref().map(|vhost| &vhost.claim) {
        None => Ok(claimed("make")),
        Some(Some(claim)) if *claim == wanted.claim => Ok(None),
        Some(Some(by)) => {
            Err(RabbitError::Claimed { vhost: name.to_owned(), by: by.clone(), wanted: wanted.claim.clone() })
        }
        // Somebody wrote another description: our user in it tells that it is ours.
        Some(None) if seen.user.as_ref().is_some_and(|user| is_tagged(wanted, user) && is_in(wanted, user)) => {
            Ok(claimed("mark as ours"))
        }
        Some(None) => Err(RabbitError::NotOurs { vhost: name.to_owned(), wanted: wanted.claim.clone() }),
    }
}

/// What belongs to a virtual host that is ours.
pub(crate) fn within(wanted: &Wanted, seen: &Seen, password: &Secret<String>) -> Result<Vec<Action>, RabbitError> {
    let mut all: Vec<Action> = user(wanted, seen.user.as_ref(), password)?.into_iter().collect();
    let (vhost, username) = (wanted.vhost.as_str(), wanted.username.as_str());
    let has = seen.user.as_ref().and_then(|user| user.permissions.get(vhost));
    if has != Some(&wanted.permissions) {
        let what = format!("let the user \"{username}\" into the virtual host \"{vhost}\"");
        let permissions = &wanted.permissions;
        let body = json!({"configure": permissions.configure, "write": permissions.write, "read": permissions.read});
        all.push(Action::write(what, &["permissions", vhost, username], body));
    }
    all.extend(policies(wanted, seen));
    Ok(all)
}

fn user(wanted: &Wanted, seen: Option<&UserSeen>, password: &Secret<String>) -> Result<Option<Action>, RabbitError> {
    let name = wanted.username.as_str();
    let what = match seen {
        None => format!("make the user \"{name}\""),
        Some(user) => {
            if let Some(why) = other_use(wanted, user) {
                return Err(RabbitError::UserInUse { username: name.to_owned(), why });
            }
            match (user.password_is_good, user.tags == [wanted.claim.tag()]) {
                (true, true) => return Ok(None),
                (false, _) => format!("give the user \"{name}\" a password"),
                (true, false) => format!("mark the user \"{name}\" as ours"),
            }
        }
    };
    let body = json!({
        "password_hash": password::hash(password)?, "hashing_algorithm": password::ALGORITHM, "tags": [wanted.claim.tag()],
    });
    Ok(Some(Action::write(what, &["users", name], body)))
}

/// Why a user can't be ours.
fn other_use(wanted: &Wanted, user: &UserSeen) -> Option<String> {
    if is_tagged(wanted, user) {
        return None;
    }
    if let Some(by) = user.tags.iter().find_map(|tag| Claim::of_tag(tag)) {
        return Some(format!("is that of {by}"));
    }
    if let Some(tag) = user.tags.first() {
        return Some(format!("has the tag `{tag}`"));
    }
    if let Some(vhost) = user.permissions.keys().find(|vhost| *vhost != wanted.vhost.as_str()) {
        return Some(format!("is let into the virtual host \"{vhost}\""));
    }
    // Its mark was taken away, or it was made and nothing more: we know its password, or it is of no use but for what is ours.
    let is_ours = user.password_is_good || is_in(wanted, user);
    (!is_ours).then(|| "was not made by Pinnace".to_owned())
}

fn is_tagged(wanted: &Wanted, user: &UserSeen) -> bool {
    user.tags.contains(&wanted.claim.tag())
}

fn is_in(wanted: &Wanted, user: &UserSeen) -> bool {
    user.permissions.contains_key(wanted.vhost.as_str())
}

/// All policies of a virtual host of ours are ours: so what is no longer wanted is known, whatever happened in between.
fn policies(wanted: &Wanted, seen: &Seen) -> Vec<Action> {
    let vhost = wanted.vhost.as_str();
    let mut all = Vec::new();
    for (name, policy) in &wanted.policies {
        let known = seen.policies.get(name.as_str());
        if !known.is_some_and(|known| is_as(policy, known)) {
            let verb = if known.is_some() { "change" } else { "make" };
            let body = json!({
                "pattern": policy.pattern, "apply-to": apply_to(policy.apply_to), "priority": policy.priority, "definition": policy.definition,
            });
            let what = format!("{verb} the policy \"{name}\" of the virtual host \"{vhost}\"");
            all.push(Action::write(what, &["policies", vhost, name.as_str()], body));
        }
    }
    // A name that no address can hold can't be asked for: such a policy stays.
    let others = seen.policies.keys().filter_map(|name| name.parse::<RabbitName>().ok());
    for name in others.filter(|name| !wanted.policies.contains_key(name)) {
        let what = format!("take away the policy \"{name}\" of the virtual host \"{vhost}\"");
        all.push(Action::remove(what, &["policies", vhost, name.as_str()]));
    }
    all
}

fn is_as(policy: &Policy, known: &PolicySeen) -> bool {
    policy.pattern == known.pattern
        && apply_to(policy.apply_to) == known.apply_to
        && policy.priority == known.priority
        && is_alike(&policy.definition, &known.definition)
}

/// Whether two values say the same: `5` and `5.0` do.
fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(key, value): (&String, &Value)| other.get(key).is_some_and(|other| is_alike(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

fn apply_to(apply_to: ApplyTo) -> &'static str {
    match apply_to {
        ApplyTo::All => "all",
        ApplyTo::Queues => "queues",
        ApplyTo::Exchanges => "exchanges",
    }
}

/// How the virtual host and its user go, as far as they are ours.
pub(crate) fn gone(wanted: &Wanted, seen: &Seen) -> Vec<Action> {
    let (vhost, username) = (wanted.vhost.as_str(), wanted.username.as_str());
    let mut all = Vec::new();
    if seen.vhost.as_ref().is_some_and(|seen| seen.claim.as_ref() == Some(&wanted.claim)) {
        all.push(Action::remove(format!("take away the virtual host \"{vhost}\""), &["vhosts", vhost]));
    }
    let is_used_elsewhere = |user: &UserSeen| user.permissions.keys().any(|other| other != vhost);
    if seen.user.as_ref().is_some_and(|user| is_tagged(wanted, user) && !is_used_elsewhere(user)) {
        all.push(Action::remove(format!("take away the user \"{username}\""), &["users", username]));
    }
    all
}
