//! From the file's form to the domain: rules for custom resources, each expression read.

use health::{BadKind, CustomRule, CustomRules, Expression, check_kind};

use super::check::Problems;
use super::file::{Entries, HealthRule, Text};

/// Checks every rule. What can't be read is named with its place in the file.
pub(super) fn check_health(entries: Entries<HealthRule>, problems: &mut Problems) -> CustomRules {
    let mut rules = CustomRules::default();
    for (key, rule) in entries.0 {
        if !is_kind(&key, problems) {
            continue;
        }
        // All three are looked at, so that every fault is told at once.
        let current = expression(&rule.current, problems);
        let failed = rule.failed.as_ref().map(|text| expression(text, problems));
        let message = rule.message.as_ref().map(|text| expression(text, problems));
        if let Some(current) = current {
            let rule = CustomRule { current, failed: failed.flatten(), message: message.flatten() };
            // Its name was checked above.
            let _ = rules.insert(&key.value, rule);
        }
    }
    rules
}

fn is_kind(key: &Text, problems: &mut Problems) -> bool {
    let (message, help) = match check_kind(&key.value) {
        Ok(()) => return true,
        Err(BadKind::NotAKind) => (
            format!("`{}` is not a kind of custom resources", key.value),
            "write the kind, a dot and its group, as in `Widget.example.org`",
        ),
        Err(BadKind::BuiltIn) => {
            (format!("the rule for `{}` is built in", key.value), "take it out: rules here are for custom resources")
        }
    };
    problems.add(key.referenced, message, help);
    false
}

fn expression(text: &Text, problems: &mut Problems) -> Option<Expression> {
    let help = "an expression in CEL about `object`, `metadata`, `spec` or `status`, as in `status.phase == 'Ready'`";
    Expression::parse(&text.value).map_err(|error| problems.add(text.referenced, error.to_string(), help)).ok()
}
