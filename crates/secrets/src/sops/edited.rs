//! A whole new plaintext for an encrypted file: values and comments that are as they were keep their ciphertext, so that a
//! diff shows what was changed and nothing else.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256};

use super::cipher::DataKey;
use super::error::{Problem, SopsError};
use super::file::{Encrypted, Opened};
use super::metadata;
use super::set::with_mac;
use super::tree::{Comment, Node, Splice, spliced};
use super::value::{Kind, Value};
use super::walk::{Leaf, What, leaves};
use super::{Format, encrypt, json, plain};

impl Opened<'_> {
    /// The file with this plaintext, which begins as [`Opened::plaintext`] gave it. `now` is like `2026-01-31T12:00:00Z`.
    pub fn edited(&self, plaintext: &[u8], now: &str) -> Result<Vec<u8>, SopsError> {
        self.rewritten(plaintext, now).map_err(|problem| problem.of(&self.file.name))
    }

    fn rewritten(&self, plaintext: &[u8], now: &str) -> Result<Vec<u8>, Problem> {
        let file = self.file;
        if file.format == Format::Binary {
            return self.whole(plaintext, now);
        }
        let (text, tree) = file.format.parse(plaintext)?;
        encrypt::refuse_metadata(&tree, file.format)?;
        let rules = &file.metadata().rules;
        let mut known = Known::of(self);
        let (mut splices, mut values) = (Vec::new(), Vec::new());
        for leaf in leaves(&tree, rules, file.format) {
            let value = encrypt::value(&leaf);
            match known.take(&leaf, &value) {
                Some(Kept::Clear) => values.push((leaf, None)),
                Some(Kept::Sealed(splice, old)) => {
                    splices.push(splice);
                    values.push((leaf, Some(old)));
                }
                None => {
                    splices.extend(encrypt::splice(&leaf, &value, &self.key, file.format, rules)?);
                    values.push((leaf, Some(value)));
                }
            }
        }
        splices.extend(metadata::carried(&file.text, &file.tree, &text, &tree, file.format));
        let new = with_mac(&spliced(&text, splices), file, &self.key, now)?;
        encrypt::prove(&new, file.format, &values, self.key_again()?)?;
        self.keeps_scope(&Encrypted::read("", new.as_bytes(), file.format)?.open_with(self.key_again()?)?)?;
        Ok(new.into_bytes())
    }

    /// A binary file is one value.
    fn whole(&self, bytes: &[u8], now: &str) -> Result<Vec<u8>, Problem> {
        let file = self.file;
        let most = super::tree::LONGEST_FILE / 2;
        if bytes.len() > most {
            return Err(Problem::TooLarge { bytes: bytes.len(), most });
        }
        let no_data = || Problem::NoSuchPath { path: "data".to_owned() };
        let root = file.tree.documents.first().map(|document| &document.root).ok_or_else(no_data)?;
        let node = &root.get("data").ok_or_else(no_data)?.node;
        let sealed = self.key.seal(&Value::text(bytes), "data:")?;
        let text = spliced(&file.text, vec![Splice { range: node.span.clone(), text: json::quoted(&sealed) }]);
        let new = with_mac(&text, file, &self.key, now)?;
        let read = Encrypted::read("", new.as_bytes(), file.format)?;
        let opened = read.open_with(self.key_again()?)?;
        let same = opened.plaintext().map_err(|error| error.problem)?.expose() == bytes;
        if same { Ok(new.into_bytes()) } else { Err(Problem::NotProven { path: "data".to_owned() }) }
    }

    pub(super) fn key_again(&self) -> Result<DataKey, Problem> {
        DataKey::new(self.key.bytes().clone()).ok_or(Problem::NoRandomness)
    }
}

/// What the file had, by what it is bound to and what it is.
struct Known<'o, 'f> {
    opened: &'o Opened<'f>,
    values: HashMap<[u8; 32], VecDeque<(&'o Node, &'o Value)>>,
    comments: HashMap<[u8; 32], VecDeque<Old<'o>>>,
}

enum Old<'o> {
    /// It was not encrypted, though the rules would have it so: it has been seen already.
    Clear,
    Sealed(&'o str),
    /// SOPS writes a comment of a list as an item: the ciphertext, and with its dash.
    Item(&'o str, &'o str),
}

enum Kept {
    Clear,
    Sealed(Splice, Value),
}

impl<'o, 'f> Known<'o, 'f> {
    fn of(opened: &'o Opened<'f>) -> Self {
        let mut known = Self { opened, values: HashMap::new(), comments: HashMap::new() };
        for (leaf, value) in opened.values.iter().filter(|(leaf, _)| leaf.encrypt) {
            match (&leaf.what, value) {
                (What::Value(node, written), Some(value)) if value.kind() == Kind::Comment => {
                    let text = &opened.file.text;
                    let item = plain::dash(text, node).and_then(|dash| text.get(dash..node.span.end));
                    if let (Ok(sealed), Some(item)) = (written.as_text(), item) {
                        known.comment(value.bytes.expose(), Old::Item(sealed, item));
                    }
                }
                (What::Value(node, _), Some(value)) if !value.is_empty() => {
                    let name = name(&leaf.bound_to, value.bytes.expose());
                    known.values.entry(name).or_default().push_back((node, value));
                }
                (What::Comment(comment, _), Some(value)) => {
                    known.comment(value.bytes.expose(), Old::Sealed(&comment.text));
                }
                (What::Comment(comment, _), None) => known.comment(comment.text.as_bytes(), Old::Clear),
                (What::Value(..), _) => {}
            }
        }
        known
    }

    fn comment(&mut self, text: &[u8], old: Old<'o>) {
        self.comments.entry(name("#", text)).or_default().push_back(old);
    }

    fn take(&mut self, leaf: &Leaf<'_>, value: &Value) -> Option<Kept> {
        if !leaf.encrypt || value.is_empty() {
            return None;
        }
        match &leaf.what {
            What::Value(node, _) => self.take_value(node, &leaf.bound_to, value),
            What::Comment(comment, bound) => self.take_comment(comment, bound, value, leaf.between_items),
        }
    }

    fn take_value(&mut self, node: &Node, bound: &str, value: &Value) -> Option<Kept> {
        let file = self.opened.file;
        // Only YAML has timestamps, and dotenv has texts only.
        let same = |old: &Value| match file.format {
            Format::Yaml => old.same(value),
            Format::Dotenv => true,
            _ => old.same_in(value, file.format) || (old.kind() == Kind::Time && value.kind() == Kind::Str),
        };
        let all = self.values.get_mut(&name(bound, value.bytes.expose()))?;
        let at = all.iter().position(|(_, old)| same(old))?;
        let (old_node, old) = all.remove(at)?;
        let written = file.text.get(old_node.span.clone())?;
        let text = if old_node.flow == node.flow {
            written.to_owned()
        } else {
            let sealed = written.trim_matches(['"', '\'']);
            plain::sealed_text(sealed, node, file.format)
        };
        Some(Kept::Sealed(Splice { range: node.span.clone(), text }, old.clone()))
    }

    /// A comment keeps its ciphertext where it can still be read: SOPS binds it to what it stands in.
    fn take_comment(&mut self, comment: &Comment, bound: &[String], value: &Value, item: bool) -> Option<Kept> {
        let key = &self.opened.key;
        let opens =
            |sealed: &str| bound.iter().any(|bound| key.open(sealed, bound, "").is_ok_and(|opened| opened.same(value)));
        let all = self.comments.get_mut(&name("#", value.bytes.expose()))?;
        let at = all.iter().position(|old| match old {
            Old::Clear => true,
            Old::Sealed(sealed) | Old::Item(sealed, _) => opens(sealed),
        })?;
        Some(match all.remove(at)? {
            Old::Clear => Kept::Clear,
            Old::Item(_, written) if item => {
                Kept::Sealed(Splice { range: comment.span.clone(), text: written.to_owned() }, value.clone())
            }
            Old::Sealed(sealed) | Old::Item(sealed, _) => {
                Kept::Sealed(Splice { range: comment.span.clone(), text: format!("#{sealed}") }, value.clone())
            }
        })
    }
}

/// A hash, so that no second copy of a value lies about.
fn name(bound: &str, bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((bound.len() as u64).to_be_bytes());
    hash.update(bound);
    hash.update(bytes);
    hash.finalize().into()
}
