//! The rendered diff: what a candidate changes, field by field, with nothing secret in it.

mod fields;
mod text;

use std::collections::BTreeMap;

use secrets::{MaskKey, Redactor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use fields::{shown, step};

use crate::object::{Object, ObjectKey};
use crate::rendering::Rendered;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// Fields of it change.
    Changed,
}

/// One field that changes. Values of Secrets are masks (`•••• 3f9a07c2`): equal ones are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where it is: `spec.template.spec.containers[web].image`.
    pub path: String,
    /// What it was; none when it was not there.
    pub from: Option<String>,
    /// What it becomes; none when it goes.
    pub to: Option<String>,
}

/// One object that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// Which one.
    pub key: ObjectKey,
    /// What happens to it.
    pub change: Change,
    /// Its fields that change; of an added or removed object all of them.
    pub fields: Vec<FieldChange>,
}

/// All objects that change, in the order in which they are applied; removed ones last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedDiff {
    /// The objects.
    pub objects: Vec<ObjectChange>,
}

impl RenderedDiff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The same with what is known to be secret taken out of paths and values. Before values are cut and lines are made of them:
    /// half a secret is not known.
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        for change in self.objects.iter_mut().flat_map(|object| &mut object.fields) {
            let texts = [Some(&mut change.path), change.from.as_mut(), change.to.as_mut()];
            texts.into_iter().flatten().for_each(|text| *text = redactor.redact(text).into_owned());
        }
        self
    }

    /// The diff as people read it in a terminal, a chat or a page.
    pub fn to_text(&self) -> String {
        text::diff(self)
    }
}

/// Compares what was rendered before with what is rendered now. Without a before, everything is added.
pub fn rendered_diff(old: Option<&Rendered>, new: &Rendered, key: &MaskKey) -> RenderedDiff {
    let index = |rendered: &Rendered| -> BTreeMap<ObjectKey, Value> {
        let masked = |object: &Object| (object.key.clone(), secrets::mask_object(&object.value, key));
        rendered.everything().map(masked).collect()
    };
    let before = old.map_or_else(BTreeMap::new, index);
    let now = index(new);
    let mut objects = Vec::new();
    for object in new.everything() {
        let (was, is) = (before.get(&object.key), now.get(&object.key));
        let fields = fields::changes(was, is);
        if was.is_none() || !fields.is_empty() {
            let change = if was.is_none() { Change::Added } else { Change::Changed };
            objects.push(ObjectChange { key: object.key.clone(), change, fields });
        }
    }
    let gone: Vec<&Object> =
        old.into_iter().flat_map(Rendered::everything).filter(|object| !now.contains_key(&object.key)).collect();
    for object in gone.into_iter().rev() {
        let fields = fields::changes(before.get(&object.key), None);
        objects.push(ObjectChange { key: object.key.clone(), change: Change::Removed, fields });
    }
    RenderedDiff { objects }
}

#[cfg(test)]
mod tests;
