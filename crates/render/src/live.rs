//! Objects as a cluster shows them, out of a file: with their status, unchecked and in the order they stand.

use serde_json::Value;

use crate::error::{Place, Problem, RenderError};
use crate::rendering::items;
use crate::yaml;

/// How much JSON is read: what `kubectl get -o json` prints of a large namespace.
pub const LARGEST_DUMP: usize = 64 * 1024 * 1024;

/// The objects in a file of YAML documents or of JSON, lists taken apart. `file` is what errors call it.
pub fn live_objects(file: &str, bytes: &[u8]) -> Result<Vec<Value>, RenderError> {
    let mut objects = Vec::new();
    for document in documents(file, bytes)? {
        let place = Place { file: file.to_owned(), line: document.line, column: 0 };
        for item in items(document.value, &place)? {
            if !item.is_object() {
                let problem = Problem::NotAnObject { what: crate::check::name_of(&item) };
                return Err(RenderError::At { place, problem });
            }
            objects.push(item);
        }
    }
    Ok(objects)
}

fn documents(file: &str, bytes: &[u8]) -> Result<Vec<yaml::Document>, RenderError> {
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !is_json {
        return yaml::documents(file, bytes);
    }
    let at = |line: usize, column: usize, problem| RenderError::At {
        place: Place {
            file: file.to_owned(),
            line: u64::try_from(line).unwrap_or_default(),
            column: u64::try_from(column).unwrap_or_default(),
        },
        problem,
    };
    if bytes.len() > LARGEST_DUMP {
        return Err(at(0, 0, Problem::FileTooLarge { size: bytes.len(), limit: LARGEST_DUMP }));
    }
    let read = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
    match read {
        Ok(values) => Ok(values.into_iter().map(|value| yaml::Document { value, line: 0 }).collect()),
        // YAML may begin so too: `{a: 1}`.
        Err(_) if bytes.len() <= yaml::LARGEST_FILE => yaml::documents(file, bytes),
        Err(error) => Err(at(error.line(), error.column(), Problem::Json)),
    }
}
