//! For which instances a file is. It stands in the file as an ordinary key, so that `sops` keeps it, and its value is under the MAC:
//! a file that was copied to another place does not open there.

use std::fmt;

use super::Format;
use super::error::{Problem, SopsError};
use super::file::Opened;
use super::json::quoted;
use super::tree::{Document, Splice, Tree, spliced};

/// The key. Its end keeps it readable where a file has no rules of its own.
pub const SCOPE_KEY: &str = "pinnace_scope_unencrypted";
/// What its value is bound to.
pub(super) const BOUND: &str = "pinnace_scope_unencrypted:";
const LONGEST: usize = 200;

/// A project, one of its environments, or one instance; `*` stands for any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(String);

impl Scope {
    /// Reads `shop`, `shop/prod`, `shop/prod/acme` or `*/prod`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let is_name = |part: &str| {
            let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            part == "*" || (!part.is_empty() && plain)
        };
        let parts: Vec<&str> = text.split('/').collect();
        if text.len() <= LONGEST && parts.len() <= 3 && parts.iter().all(|part| is_name(part)) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::BadScope { scope: crate::clip(&crate::clean_terminal(text), 80) })
    }

    /// Whether this instance, as `shop/prod`, is within.
    pub fn holds(&self, instance: &str) -> bool {
        let mut parts = instance.split('/');
        self.0.split('/').all(|own| parts.next().is_some_and(|part| own == "*" || own == part))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Opened<'_> {
    /// For which instances the file is; none: for all.
    pub fn scope(&self) -> Result<Option<Scope>, SopsError> {
        self.read_scope().map_err(|problem| problem.of(&self.file.name))
    }

    fn read_scope(&self) -> Result<Option<Scope>, Problem> {
        let mut found: Option<Scope> = None;
        for (leaf, value) in self.values.iter().filter(|(leaf, _)| leaf.bound_to == BOUND) {
            if !leaf.encrypt && self.file.metadata().rules.raw().mac_only_encrypted {
                return Err(Problem::ScopeNotBound);
            }
            let text = value.as_ref().and_then(|value| value.as_text().ok()).unwrap_or_default();
            let scope = Scope::parse(text)?;
            match &found {
                Some(other) if *other != scope => return Err(Problem::TwoScopes { scope, other: other.clone() }),
                _ => found = Some(scope),
            }
        }
        // A list or a mapping has other paths, and no value of its own.
        let mut roots = self.file.tree.documents.iter().map(|document| &document.root);
        if found.is_none() && roots.any(|root| root.get(SCOPE_KEY).is_some()) {
            return Err(Problem::BadScope { scope: String::new() });
        }
        Ok(found)
    }
}

/// A plain text with its scope, before it is encrypted.
pub(super) fn put_into(text: &str, tree: &Tree, format: Format, scope: &Scope) -> Result<Option<String>, Problem> {
    let Some(document) = tree.documents.first() else { return Ok(None) };
    if let Some(there) = tree.documents.iter().find_map(|document| document.root.get(SCOPE_KEY)) {
        let written = text.get(there.node.span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
        let other = Scope::parse(written)?;
        if other != *scope {
            return Err(Problem::TwoScopes { scope: scope.clone(), other });
        }
        return Ok(None);
    }
    Ok(Some(spliced(text, vec![splice(text, document, format, scope)])))
}

/// Before all other keys.
fn splice(text: &str, document: &Document, format: Format, scope: &Scope) -> Splice {
    let first = document.root.items().next();
    if document.root.flow {
        let begin = document.root.span.start + 1;
        let space = first.and_then(|first| text.get(begin..first.start)).unwrap_or_default();
        let space = if space.chars().all(char::is_whitespace) { space } else { "" };
        let comma = if first.is_some() { "," } else { "" };
        let text = format!("{space}\"{SCOPE_KEY}\": {}{comma}", quoted(&scope.0));
        return Splice { range: begin..begin, text };
    }
    let column = first.map_or(0, |first| {
        let before = text.get(..first.start).unwrap_or_default();
        before.len() - before.rfind('\n').map_or(0, |end| end + 1)
    });
    let at = first.map_or(document.end, |first| first.start - column);
    let line = if format == Format::Dotenv {
        format!("{SCOPE_KEY}={scope}\n")
    } else {
        format!("{}{SCOPE_KEY}: {}\n", " ".repeat(column), quoted(&scope.0))
    };
    Splice { range: at..at, text: line }
}
