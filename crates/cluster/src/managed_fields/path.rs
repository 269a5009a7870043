//! Paths into objects, as field sets name them and as people read them.

use std::fmt;

use serde_json::{Map, Value};

/// One step into an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A field of a map.
    Field(String),
    /// The item of a list that has these values.
    Item(Map<String, Value>),
    /// A value in a set.
    Member(Value),
}

/// A way into an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FieldPath(pub(crate) Vec<Step>);

impl Step {
    /// A step as field sets write it; nothing for what is no step (`.`, list indexes).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("f", name) => Some(Self::Field(name.to_owned())),
            ("k", keys) => Some(Self::Item(serde_json::from_str(keys).ok()?)),
            ("v", value) => Some(Self::Member(serde_json::from_str(value).ok()?)),
            _ => None,
        }
    }

    /// The item of a list with this name.
    pub(crate) fn named(name: &str) -> Self {
        Self::Item(Map::from_iter([("name".to_owned(), Value::from(name))]))
    }

    /// Where the step leads from here. An item is found by those of its keys that the items at hand have: a manifest may leave
    /// out what the server fills in (a port's protocol).
    pub(crate) fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Field(name) => value.get(name),
            Self::Item(keys) => value.as_array()?.iter().find(|item| {
                let known: Vec<_> = keys.iter().filter_map(|(k, wanted)| item.get(k).map(|v| (v, wanted))).collect();
                !known.is_empty() && known.iter().all(|(v, wanted)| v == wanted)
            }),
            Self::Member(member) => value.as_array()?.iter().find(|item| *item == member),
        }
    }
}

impl FieldPath {
    pub(crate) fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path as an edit of the manifest names it (`spec.template.spec.containers[name=web].image`, `data["a.b"]`); none
    /// where no single key tells an item from others.
    pub(crate) fn in_manifest(&self) -> Option<String> {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Field(name) if is_plain(name) && text.is_empty() => text.push_str(name),
                Step::Field(name) if is_plain(name) => text.extend([".", name]),
                Step::Field(name) => text.extend(["[\"", name, "\"]"]),
                Step::Item(keys) => {
                    let (key, value) = match (keys.get_key_value("name"), keys.len()) {
                        (Some(named), _) => named,
                        (None, 1) => keys.iter().next()?,
                        _ => return None,
                    };
                    text.extend(["[", key, "=", &plain(value), "]"]);
                }
                Step::Member(_) => return None,
            }
        }
        Some(text)
    }

    /// What stands at this path.
    pub(crate) fn of<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, step| step.of(value))
    }

    /// Whether a field set holds this path, or something whole that contains it.
    pub(crate) fn is_in(&self, fields: &Map<String, Value>) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return true };
        let rest = Self(rest.to_vec());
        fields.iter().any(|(key, inner)| {
            let fits = match (first, Step::parse(key)) {
                (Step::Item(wanted), Some(Step::Item(keys))) => {
                    wanted.iter().all(|(k, v)| keys.get(k).is_none_or(|x| x == v))
                }
                (step, Some(other)) => *step == other,
                (_, None) => false,
            };
            fits && inner.as_object().is_some_and(|inner| inner.is_empty() || rest.is_in(inner))
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if name.contains(['.', '/']) => write!(f, "[{name}]")?,
                Step::Field(name) if at == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Item(keys) => match keys.get("name").and_then(Value::as_str) {
                    Some(name) => write!(f, "[{name}]")?,
                    None => write!(f, "[{}]", keys.values().map(plain).collect::<Vec<_>>().join(","))?,
                },
                Step::Member(value) => write!(f, "[{}]", plain(value))?,
            }
        }
        Ok(())
    }
}

/// Whether a name needs no quotes in a path.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The innermost paths of a field set: what its manager really set.
pub(crate) fn leaves(fields: &Map<String, Value>) -> Vec<FieldPath> {
    let mut found = Vec::new();
    collect(fields, &FieldPath::default(), &mut found);
    found
}

fn collect(fields: &Map<String, Value>, at: &FieldPath, found: &mut Vec<FieldPath>) {
    for (key, inner) in fields {
        let (Some(step), Some(inner)) = (Step::parse(key), inner.as_object()) else { continue };
        let path = at.then(step);
        if inner.keys().all(|key| key == ".") {
            found.push(path);
        } else {
            collect(inner, &path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Map<String, Value> {
        let json = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}},
            "f:metadata": {"f:annotations": {"f:example.org/a": {}}, "f:finalizers": {"v:\"x\"": {}}}});
        json.as_object().unwrap().clone()
    }

    #[test]
    fn people_read_short_paths() {
        let mut shown: Vec<String> = leaves(&fields()).iter().map(ToString::to_string).collect();
        shown.sort();
        assert_eq!(
            shown,
            [
                "metadata.annotations[example.org/a]",
                "metadata.finalizers[x]",
                "spec.template.spec.containers[web].image",
                "spec.template.spec.containers[web].ports[80,TCP].containerPort",
            ]
        );
    }

    #[test]
    fn edits_of_a_manifest_name_items_by_their_one_key() {
        let named: Vec<Option<String>> = leaves(&fields()).iter().map(FieldPath::in_manifest).collect();
        let has = |path: &str| named.iter().any(|named| named.as_deref() == Some(path));
        assert!(has("spec.template.spec.containers[name=web].image"), "{named:?}");
        assert!(has("metadata.annotations[\"example.org/a\"]"), "{named:?}");
        assert_eq!(
            named.iter().filter(|named| named.is_none()).count(),
            2,
            "a port with its protocol, a member of a set"
        );
    }

    #[test]
    fn a_path_leads_to_its_value_where_the_manifest_leaves_out_what_the_server_fills_in() {
        let desired = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "side"}, {"name": "web", "ports": [{"containerPort": 80}]}]}}}});
        let port = leaves(&fields()).into_iter().find(|p| p.to_string().contains("ports")).unwrap();
        assert_eq!(port.of(&desired), Some(&json!(80)));
    }

    #[test]
    fn a_path_is_found_in_the_field_set_that_owns_it() {
        let path = |steps: &[&str]| FieldPath(steps.iter().map(|s| Step::Field((*s).to_owned())).collect());
        let image = path(&["spec", "template", "spec", "containers"])
            .then(Step::named("web"))
            .then(Step::Field("image".into()));
        assert!(image.is_in(&fields()));
        assert!(!path(&["spec", "replicas"]).is_in(&fields()));
    }
}
