//! What differs between desired and live, and who made it so.

use std::collections::HashMap;

use cluster::{Drift, FieldDrift, Imprint, ManagerKind, ObjectKey};
use model::{CommitId, DriftedField, InstanceId};
use render::Rendered;
use serde_json::Value;

use crate::converge::{Place, key, keys};
use crate::inner::Inner;
use crate::trouble::Trouble;
use crate::views::DriftLine;

/// Values are cut here.
const LONGEST_VALUE: usize = 120;
/// Longer values are not kept.
const LONGEST_KEPT: usize = 4096;

/// What of one object is no longer as it was applied.
#[derive(Default)]
pub(crate) struct Edits {
    /// In words: `is gone`, or a line for each field.
    pub lines: Vec<String>,
    /// The fields, with what differs as far as it may be kept.
    pub fields: Vec<DriftedField>,
    pub is_gone: bool,
    /// What we owned of it when it was compared: another one later means that we wrote it meanwhile.
    pub own: Option<String>,
}

impl Inner {
    /// Compares live with the verified commit. Nothing where nothing was verified yet.
    pub(crate) async fn drift(&self, id: &InstanceId) -> Result<Vec<DriftLine>, Trouble> {
        match self.store.instance(id).await?.verified {
            Some(verified) => self.drift_from(id, &verified.commit).await,
            None => Ok(Vec::new()),
        }
    }

    /// Compares live with one commit.
    pub(crate) async fn drift_from(&self, id: &InstanceId, commit: &CommitId) -> Result<Vec<DriftLine>, Trouble> {
        let instance = self.instance(id)?;
        let rendered = self.rendered_at(&instance, commit).await?;
        let place = self.place(id, &rendered).await?;
        let mut lines = Vec::new();
        for object in &rendered.objects {
            lines.extend(self.drift_of(&place, object).await?);
        }
        Ok(lines)
    }

    /// What is no longer as it was applied, in words. What unknown controllers added beside it is theirs. The cluster is asked only
    /// about objects whose imprint is not the one that the apply left.
    pub(crate) async fn edits(&self, place: &Place, rendered: &Rendered) -> Result<Vec<String>, Trouble> {
        let (id, hash) = (&place.instance.id, rendered.hash.to_string());
        let watched: Vec<ObjectKey> = keys(rendered).into_iter().filter(|key| !key.kind.is_secret()).collect();
        let now = self.watcher(&place.instance, &place.cluster, &watched).await.imprints(&watched).unwrap_or_default();
        let now: HashMap<ObjectKey, Imprint> =
            watched.into_iter().zip(now).filter_map(|(key, imprint)| Some((key, imprint?))).collect();
        let left = self.last_applied.imprints(id, &hash);
        let (mut edits, mut seen) = (Vec::new(), Vec::new());
        for object in &rendered.objects {
            let key = key(object);
            let imprint = now.get(&key).copied();
            let mut found = Vec::new();
            if imprint.is_none() || imprint != left.get(&key).copied() {
                found = self.edits_of(place, object).await?.lines;
            }
            if found.is_empty() {
                seen.extend(imprint.map(|imprint| (key, imprint)));
            }
            let name = object.key.label();
            edits.extend(found.into_iter().map(|edit| format!("{name} {edit}")));
        }
        self.last_applied.compared(id, &hash, seen);
        Ok(edits)
    }

    /// What of one object is no longer as it was applied: that it is gone, or its fields.
    pub(crate) async fn edits_of(&self, place: &Place, desired: &render::Object) -> Result<Edits, Trouble> {
        let theirs =
            |field: &FieldDrift| field.by == ManagerKind::Unknown && field.desired.is_none() && field.live.is_some();
        let live = place.cluster.get(&key(desired)).await?;
        let own = live.as_ref().and_then(cluster::own_entry);
        let drift = place.cluster.drift(&place.target, &desired.value, live.as_ref()).await?;
        let Some(drift) = drift else { return Ok(Edits { own, ..Edits::default() }) };
        if drift.missing {
            return Ok(Edits { lines: vec!["is gone".to_owned()], is_gone: true, own, ..Edits::default() });
        }
        let is_secret = drift.key.kind.is_secret();
        let fields: Vec<&FieldDrift> = drift.fields.iter().filter(|field| !theirs(field)).collect();
        let line = |field: &&FieldDrift| format!("{} {}", field.path, by(field)).trim_end().to_owned();
        Ok(Edits {
            lines: fields.iter().map(line).collect(),
            fields: fields.iter().map(|field| self.kept(field, is_secret)).collect(),
            is_gone: false,
            own,
        })
    }

    /// A field with its values, where they may be kept: short, and nothing that is known to be secret.
    fn kept(&self, field: &FieldDrift, is_secret: bool) -> DriftedField {
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let is_known = |text: &str| self.redactor.redact(text) != text;
        let may_be = |value: &Value| {
            let (text, bare) = (value.to_string(), value.as_str().unwrap_or_default());
            text.len() <= LONGEST_KEPT && !is_known(&text) && !is_known(bare)
        };
        let kept = !is_secret && [&field.desired, &field.live].into_iter().flatten().all(may_be);
        let (desired, live) = (text(&field.desired), text(&field.live));
        let path = field.in_manifest.clone();
        if kept {
            DriftedField { path, desired, live, kept }
        } else {
            DriftedField { path, desired: None, live: None, kept }
        }
    }

    async fn drift_of(&self, place: &Place, desired: &render::Object) -> Result<Vec<DriftLine>, Trouble> {
        let Some(drift) = compared(place, desired).await? else { return Ok(Vec::new()) };
        let object = drift.key.label();
        if drift.missing {
            let line = DriftLine {
                object,
                field: String::new(),
                desired: "exists".to_owned(),
                live: "is gone".to_owned(),
                by: String::new(),
            };
            return Ok(vec![line]);
        }
        Ok(drift.fields.iter().map(|field| self.line(&object, field)).collect())
    }

    pub(crate) fn line(&self, object: &str, field: &FieldDrift) -> DriftLine {
        let shown = |value: &Option<Value>| match value {
            Some(Value::String(text)) => secrets::clip(&self.redacted(text), LONGEST_VALUE),
            Some(other) => secrets::clip(&self.redacted(&other.to_string()), LONGEST_VALUE),
            None => "not set".to_owned(),
        };
        DriftLine {
            object: object.to_owned(),
            field: field.path.clone(),
            desired: shown(&field.desired),
            live: shown(&field.live),
            by: by(field),
        }
    }
}

async fn compared(place: &Place, desired: &render::Object) -> Result<Option<Drift>, Trouble> {
    let live = place.cluster.get(&key(desired)).await?;
    Ok(place.cluster.drift(&place.target, &desired.value, live.as_ref()).await?)
}

fn by(field: &FieldDrift) -> String {
    match (&field.manager, &field.at) {
        (Some(manager), Some(at)) => format!("by {manager} at {at}"),
        (Some(manager), None) => format!("by {manager}"),
        _ => String::new(),
    }
}
