//! For which instances a file is. It stands in the file as an ordinary key, so that `sops` keeps it. What makes it hold is the file's own
//! key: the MAC of SOPS is over values without their names, so that a key in the clear could be renamed. The last bytes of a scoped
//! file's key follow from the others and from the scope, and nobody without the key has another one that opens these values.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Format;
use super::cipher::KEY_LENGTH;
use super::error::{Problem, SopsError};
use super::file::Opened;
use super::json::quoted;
use super::tree::{Document, Splice, Tree, spliced};

/// The key. Its end keeps it readable where a file has no rules of its own.
pub const SCOPE_KEY: &str = "pinnace_scope_unencrypted";
/// What its value is bound to.
pub(super) const BOUND: &str = "pinnace_scope_unencrypted:";
const LONGEST: usize = 200;
/// So many bytes of a scoped file's key are random;
const RANDOM: usize = 20;
/// then come those that say that it is one, and those that say for which scope.
const MARKED: usize = 4;
const MARK: &str = "pinnace: this file has a scope";

/// Makes a new key one for this scope.
pub(super) fn bind(key: &mut [u8; KEY_LENGTH], scope: &Scope) {
    let (random, rest) = key.split_at_mut(RANDOM);
    let (mark, bound) = rest.split_at_mut(MARKED);
    fill(mark, random, MARK);
    fill(bound, random, &scope.bound());
}

fn fill(part: &mut [u8], random: &[u8], text: &str) {
    // It takes keys of any length.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(random) else { return };
    hmac.update(text.as_bytes());
    part.iter_mut().zip(hmac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
}

/// Whether a key's bytes are those of a scoped file, and of this scope.
fn is_bound(key: &[u8], scope: Option<&Scope>) -> bool {
    let (Some(random), Some(mark), Some(bound)) =
        (key.get(..RANDOM), key.get(RANDOM..RANDOM + MARKED), key.get(RANDOM + MARKED..))
    else {
        return false;
    };
    let same = |part: &[u8], text: &str| {
        let mut wanted = vec![0; part.len()];
        fill(&mut wanted, random, text);
        wanted == part
    };
    same(mark, MARK) && scope.is_none_or(|scope| same(bound, &scope.bound()))
}

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

    fn bound(&self) -> String {
        format!("pinnace scope: {}", self.0)
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

    /// What was for a place is for that place afterwards: another one wants a file of its own.
    pub(super) fn keeps_scope(&self, new: &Opened<'_>) -> Result<(), Problem> {
        if self.read_scope().is_ok() { new.read_scope().map(drop) } else { Ok(()) }
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
        let key = self.key.bytes().expose();
        match &found {
            None if is_bound(key, None) => Err(Problem::ScopeChanged),
            Some(scope) if !is_bound(key, Some(scope)) => Err(Problem::ScopeChanged),
            _ => Ok(found),
        }
    }
}

/// The scope that stands in a plain text already.
pub(super) fn written(text: &str, tree: &Tree) -> Result<Option<Scope>, Problem> {
    let there = tree.documents.iter().find_map(|document| document.root.get(SCOPE_KEY));
    let text = there.map(|there| text.get(there.node.span.clone()).unwrap_or_default().trim_matches(['"', '\'']));
    text.map(Scope::parse).transpose()
}

/// A plain text with its scope, before it is encrypted.
pub(super) fn put_into(text: &str, tree: &Tree, format: Format, scope: &Scope) -> Result<Option<String>, Problem> {
    let Some(document) = tree.documents.first() else { return Ok(None) };
    if let Some(other) = written(text, tree)? {
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
