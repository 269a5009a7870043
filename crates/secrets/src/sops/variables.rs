//! The values of a file as variables for a program.

use super::Format;
use super::error::{Problem, SopsError};
use super::file::Opened;
use super::scope::SCOPE_KEY;
use super::tree::{Content, Node};
use super::value::{Kind, Value};
use super::walk::{What, is_metadata};
use crate::Secret;

/// Its name, and its bytes.
pub type Variable = (String, Secret<Vec<u8>>);

impl Opened<'_> {
    /// The name of each variable with its value, in the order of the file. Every key has to be a name that a program can have, with
    /// a single value; null is none.
    pub fn variables(&self) -> Result<Vec<Variable>, SopsError> {
        self.read_variables().map_err(|problem| problem.of(&self.file.name))
    }

    fn read_variables(&self) -> Result<Vec<Variable>, Problem> {
        let file = self.file;
        let not = |path: &str, what| Problem::NotAVariable { path: path.to_owned(), what };
        if file.format == Format::Binary {
            return Err(not("data", "the whole file"));
        }
        let [document] = file.tree.documents.as_slice() else { return Err(not("---", "one of several documents")) };
        let mut found = Vec::new();
        for item in document.root.items() {
            let key = item.key.as_deref().unwrap_or_default();
            if is_metadata(key, file.format) || key == SCOPE_KEY {
                continue;
            }
            let shown = crate::clip(&crate::clean_terminal(key), 80);
            match &item.node.content {
                Content::Null => continue,
                Content::Map(_) => return Err(not(&shown, "a mapping")),
                Content::List(_) => return Err(not(&shown, "a list")),
                Content::Scalar(_) if !is_name(key) => return Err(Problem::BadVariable { path: shown }),
                Content::Scalar(_) => {}
            }
            let value = self.value_of(&item.node).ok_or_else(|| Problem::NoSuchPath { path: shown.clone() })?;
            if value.kind() == Kind::Comment {
                continue;
            }
            let bytes = value.expose_in(file.format);
            if bytes.expose().contains(&0) {
                return Err(not(&shown, "a value with a zero byte"));
            }
            found.push((key.to_owned(), bytes));
        }
        Ok(found)
    }

    fn value_of(&self, node: &Node) -> Option<&Value> {
        let here = |what: &What<'_>| matches!(what, What::Value(at, _) if std::ptr::eq(*at, node));
        self.values.iter().find(|(leaf, _)| here(&leaf.what)).and_then(|(_, value)| value.as_ref())
    }
}

fn is_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
