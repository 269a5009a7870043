//! Rules for kinds that we know nothing of, given by people: in `pinnace.yaml`, or in annotations of one object.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::expression::{BadExpression, Expression, NoAnswer};
use crate::read::{annotation, condition};
use crate::rules::{Subject, has_rule};
use crate::verdict::{Cause, Verdict};
use crate::words;

/// How one kind is judged: `failed` is asked first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRule {
    /// It is Current where this holds.
    pub current: Expression,
    /// It is Failed where this holds.
    pub failed: Option<Expression>,
    /// What people are told while it is not Current.
    pub message: Option<Expression>,
}

/// The rules that `pinnace.yaml` gives, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomRules(BTreeMap<(String, String), CustomRule>);

/// Why a rule can't be given for a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKind {
    /// It is not written as a kind and its group.
    NotAKind,
    /// Its rule is built in, and looks at more than the object alone.
    BuiltIn,
}

impl CustomRules {
    /// Takes in the rule of a kind, written as `Widget.example.org`.
    pub fn insert(&mut self, kind: &str, rule: CustomRule) -> Result<(), BadKind> {
        let (kind, group) = kind_and_group(kind)?;
        self.0.insert((group.to_owned(), kind.to_owned()), rule);
        Ok(())
    }

    /// The rule for an object: its own, else that of its kind.
    pub(crate) fn judge(&self, subject: &Subject<'_>) -> Option<Verdict> {
        if has_rule(&subject.key.group, &subject.key.kind) {
            return None;
        }
        match of_annotations(subject.object) {
            Some(Ok(rule)) => return Some(rule.judge(subject)),
            Some(Err(error)) => {
                return Some(Verdict::Unknown(format!("{} can't be judged: {error}", subject.key.name)));
            }
            None => {}
        }
        let rule = self.0.iter().find(|((group, kind), _)| *group == subject.key.group && *kind == subject.key.kind)?.1;
        Some(rule.judge(subject))
    }
}

/// Whether a rule may be given for a kind that is written as `Widget.example.org`.
pub fn check_kind(kind: &str) -> Result<(), BadKind> {
    kind_and_group(kind).map(drop)
}

fn kind_and_group(text: &str) -> Result<(&str, &str), BadKind> {
    let (kind, group) = text.split_once('.').ok_or(BadKind::NotAKind)?;
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
    let is_group = group.split('.').all(|part| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    if !is_kind || !is_group {
        return Err(BadKind::NotAKind);
    }
    if has_rule(group, kind) { Err(BadKind::BuiltIn) } else { Ok((kind, group)) }
}

/// The annotations that hold an object's own rule.
const CURRENT: &str = "pinnace.dev/health-current";
const FAILED: &str = "pinnace.dev/health-failed";
const MESSAGE: &str = "pinnace.dev/health-message";

/// What is wrong with the rule in an object's annotations, where there is one: to be said before the object is applied.
pub fn check_annotations(object: &Value) -> Result<(), String> {
    of_annotations(object).map_or(Ok(()), |rule| rule.map(drop))
}

fn of_annotations(object: &Value) -> Option<Result<CustomRule, String>> {
    let given = |name: &'static str| annotation(object, name).map(|source| (name, source));
    let (current, failed, message) = (given(CURRENT), given(FAILED), given(MESSAGE));
    current.or(failed).or(message)?;
    let read = |(name, source): (&str, &str)| {
        Expression::parse(source).map_err(|error: BadExpression| format!("its annotation `{name}`: {error}"))
    };
    let rule = || {
        let missing = || format!("it has no annotation `{CURRENT}` beside the others that begin so");
        Ok(CustomRule {
            current: read(current.ok_or_else(missing)?)?,
            failed: failed.map(read).transpose()?,
            message: message.map(read).transpose()?,
        })
    };
    Some(rule())
}

impl CustomRule {
    fn judge(&self, subject: &Subject<'_>) -> Verdict {
        match self.try_judge(subject) {
            Ok(verdict) => verdict,
            Err(NoAnswer::TooMuchWork) => Verdict::Unknown(format!(
                "{} can't be judged: it is too large for the rule of its kind; ask for less in the rule",
                subject.key.name
            )),
            // A field that is not there yet.
            Err(NoAnswer::Error(why)) => self.waits(subject, &format!("rule `current`: {why}")),
        }
    }

    fn try_judge(&self, subject: &Subject<'_>) -> Result<Verdict, NoAnswer> {
        // What is not there is no sign of failure.
        let failed = match self.failed.as_ref().map(|failed| failed.holds(subject.object)) {
            Some(Err(NoAnswer::Error(_))) | None => false,
            Some(answer) => answer?,
        };
        if failed {
            let told = self.told(subject).unwrap_or_else(|| "the rule of its kind says so".to_owned());
            let sentence = format!("{} can't go on: {told}", subject.key.name);
            return Ok(subject.failed(Cause::Stalled, sentence, "rule `failed` holds"));
        }
        if self.current.holds(subject.object)? {
            return Ok(Verdict::Current);
        }
        Ok(self.waits(subject, "rule `current` does not hold"))
    }

    fn waits(&self, subject: &Subject<'_>, technical: &str) -> Verdict {
        let told = self.told(subject).map(|told| format!(": {told}")).unwrap_or_default();
        subject.in_progress(format!("{} is not ready yet{told}", subject.key.name), technical)
    }

    /// What the rule says in words, else what the condition `Ready` does.
    fn told(&self, subject: &Subject<'_>) -> Option<String> {
        let own = self.message.as_ref().and_then(|message| message.text(subject.object).ok());
        let ready = || condition(subject.object, "Ready").map(|ready| ready.told().to_owned());
        own.or_else(ready).map(|told| words::short(&told)).filter(|told| !told.is_empty())
    }
}
