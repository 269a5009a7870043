//! Reading YAML as the Kubernetes tools do. All that is known of the YAML library is in this file.
//!
//! Booleans, octal numbers and merge keys are those of YAML 1.1, and a float without a fraction is an integer, as in
//! `sigs.k8s.io/yaml`; doubled keys are refused, which it doesn't do.

use serde_json::{Number, Value};
use serde_saphyr::Spanned;

use crate::error::{Place, Problem, RenderError};

/// The largest file that is read.
pub const LARGEST_FILE: usize = 2 * 1024 * 1024;

/// One document of a file.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) line: u64,
}

/// Whether a file may hold objects, by its name.
pub fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.starts_with('.') && [".yaml", ".yml", ".json"].iter().any(|end| name.to_ascii_lowercase().ends_with(end))
}

/// Objects as one file of documents.
pub fn to_yaml(objects: impl IntoIterator<Item = Value>) -> Result<String, serde_saphyr::ser_error::Error> {
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&object)?);
    }
    Ok(text)
}

/// The documents of a file that hold anything.
pub(crate) fn documents(file: &str, bytes: &[u8]) -> Result<Vec<Document>, RenderError> {
    let at = |line, column, problem| RenderError::At { place: Place { file: file.to_owned(), line, column }, problem };
    if bytes.len() > LARGEST_FILE {
        return Err(at(0, 0, Problem::FileTooLarge { size: bytes.len(), limit: LARGEST_FILE }));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| at(0, 0, Problem::NotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed: Vec<Spanned<Value>> = serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| {
        let place = error.location();
        let (line, column) = place.map_or((0, 0), |place| (place.line(), place.column()));
        at(line, column, Problem::Yaml { why: reason(&error, text) })
    })?;
    let documents = parsed.into_iter().filter(|document| !document.value.is_null());
    Ok(documents
        .map(|document| Document { line: document.referenced.line(), value: integral(document.value) })
        .collect())
}

/// The limits follow from the largest file: no honest file of that size comes near them.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 200_000 },
        // A snippet would quote the file, and the file may hold secrets.
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: LARGEST_FILE,
            max_nodes: LARGEST_FILE,
            max_documents: 10_000,
            max_depth: 100,
            max_aliases: 10_000,
            max_anchors: 10_000,
            max_recorded_anchor_events: 1_000_000,
            max_total_scalar_bytes: 2 * LARGEST_FILE,
        },
    }
}

fn reason(error: &serde_saphyr::Error, text: &str) -> String {
    let told = error.without_snippet().to_string();
    let told = told.lines().next().unwrap_or_default();
    if text.contains("{{") {
        format!("{told} (it looks like a template of Helm: a chart has a `Chart.yaml` in its source's folder)")
    } else {
        told.to_owned()
    }
}

/// `1.0` and `1e3` are integers to Kubernetes.
fn integral(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(integer(&number).unwrap_or(number)),
        Value::Array(items) => items.into_iter().map(integral).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, integral(value))).collect(),
        other => other,
    }
}

fn integer(number: &Number) -> Option<Number> {
    /// Up to here every integer is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
    let whole = (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)?;
    Some(Number::from(whole))
}
