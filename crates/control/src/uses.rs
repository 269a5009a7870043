//! Pods see a changed Secret or ConfigMap when they are made anew: their template says by a hash what they read.
//!
//! It says so from the first change on, and not when a workload is installed or taken over: nothing is restarted for that. The
//! inventory keeps what a workload's pods read while their template said nothing; for the same content it says nothing again, so
//! that the way back gives the template that was there.

use std::collections::BTreeMap;

use cluster::ObjectKey;
use cluster::inventory::{Inventory, Salt, StoredInventory};
use config_repo::Instance;
use render::Rendered;
use secrets::MaskKey;

use crate::converge::key;
use crate::inner::Inner;
use crate::trouble::Trouble;

/// What the pods of an instance read, and what its inventory is to keep of it.
pub(crate) struct Uses {
    /// What templates say.
    pub said: BTreeMap<ObjectKey, String>,
    /// The key of the hashes. It lies with them, so that they outlive the database.
    salt: Salt,
    /// What pods read while their template says nothing, as far as that is news.
    unsaid: BTreeMap<ObjectKey, String>,
}

impl Uses {
    /// Keeps in the inventory what it does not know yet.
    pub(crate) fn note(&self, inventory: &mut Inventory) {
        inventory.note_unsaid(self.salt, &self.unsaid);
    }
}

impl Inner {
    /// What the pods of this set read, compared with what the inventory knows.
    pub(crate) async fn uses(
        &self,
        instance: &Instance,
        rendered: &Rendered,
        stored: Option<&StoredInventory>,
    ) -> Result<Uses, Trouble> {
        let inventory = stored.map(|stored| &stored.inventory);
        let (salt, secret) = salt(inventory)?;
        let now = used(rendered, &[], &secret);
        let entry = |workload: &ObjectKey| inventory.and_then(|inventory| inventory.entry(workload));
        let is_unknown = |workload: &ObjectKey| entry(workload).is_some_and(|entry| entry.unsaid.is_none());
        let leaves_out = rendered.left_alone().is_none_or(|left| !left.is_empty());
        let before = if leaves_out || now.keys().any(is_unknown) {
            self.verified(instance, rendered, inventory).await
        } else {
            None
        };
        let now = match &before {
            Some(before) if leaves_out => used(rendered, &left_as_verified(rendered, before), &secret),
            _ => now,
        };
        let before = before.map(|before| used(&before, &[], &secret)).unwrap_or_default();
        let mut uses = Uses { said: BTreeMap::new(), salt, unsaid: BTreeMap::new() };
        for (workload, hash) in now {
            let Some(entry) = entry(&workload) else {
                uses.unsaid.insert(workload, hash);
                continue;
            };
            // An inventory from before hashes were kept: what runs is what was verified.
            let unsaid = entry.unsaid.as_ref().or_else(|| before.get(&workload)).unwrap_or(&hash).clone();
            if entry.unsaid.is_none() {
                uses.unsaid.insert(workload.clone(), unsaid.clone());
            }
            if hash != unsaid && instance.roll_pods {
                uses.said.insert(workload, hash);
            }
        }
        Ok(uses)
    }

    /// What was verified, where that is something else. It may not render any more, and what is tried now may be the cure.
    async fn verified(
        &self,
        instance: &Instance,
        rendered: &Rendered,
        inventory: Option<&Inventory>,
    ) -> Option<Rendered> {
        let verified = inventory.and_then(|inventory| inventory.verified.as_ref())?;
        if verified.render_hash == rendered.hash.to_string() {
            return None;
        }
        let before = self.rendered_at(instance, &verified.commit).await;
        let told =
            |trouble: &Trouble| tracing::warn!(instance = %instance.id, %trouble, "what pods read before is not known");
        before.inspect_err(told).ok()
    }
}

/// What is left out of the set stays in the cluster as it was verified, and pods go on reading that.
fn left_as_verified(rendered: &Rendered, before: &Rendered) -> Vec<render::Object> {
    let left = rendered.left_alone();
    let is_brought = |object: &render::Object| rendered.objects.iter().any(|one| one.key == object.key);
    let is_left = |object: &render::Object| left.as_ref().is_none_or(|left| left.contains(&object.key));
    before.objects.iter().filter(|object| is_left(object) && !is_brought(object)).cloned().collect()
}

fn used(rendered: &Rendered, besides: &[render::Object], secret: &MaskKey) -> BTreeMap<ObjectKey, String> {
    let mut uses = if besides.is_empty() {
        render::uses(&rendered.objects, secret)
    } else {
        render::uses(&[rendered.objects.as_slice(), besides].concat(), secret)
    };
    let of = |object: &render::Object| Some((key(object), uses.remove(&object.key)?));
    rendered.objects.iter().filter_map(of).collect()
}

/// The inventory's, or a new one.
fn salt(inventory: Option<&Inventory>) -> Result<(Salt, MaskKey), Trouble> {
    let key = match inventory.and_then(|inventory| inventory.salt) {
        Some(Salt(bytes)) => MaskKey::from_bytes(bytes),
        None => MaskKey::random().map_err(|error| Trouble::Wait(error.to_string()))?,
    };
    Ok((Salt(*key.expose()), key))
}
