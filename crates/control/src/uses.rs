//! Pods see a changed Secret or ConfigMap when they are made anew: their template says by a hash what they read.
//!
//! It says so from the first change on, and not when a workload is installed or taken over: nothing is restarted for that. The
//! inventory keeps what a workload's pods read while their template said nothing; for the same content it says nothing again, so
//! that the way back gives the template that was there.

use std::collections::BTreeMap;

use cluster::ObjectKey;
use cluster::inventory::{Inventory, StoredInventory};
use config_repo::Instance;
use render::Rendered;
use secrets::MaskKey;

use crate::converge::key;
use crate::inner::Inner;
use crate::trouble::Trouble;

/// What the pods of an instance read, and what its inventory is to keep of it.
#[derive(Default)]
pub(crate) struct Uses {
    /// What templates say.
    pub said: BTreeMap<ObjectKey, String>,
    /// The key of the hashes. It lies with them, so that they outlive the database.
    salt: String,
    /// What pods read while their template says nothing, as far as that is news.
    unsaid: BTreeMap<ObjectKey, String>,
}

impl Uses {
    /// Keeps in the inventory what it does not know yet.
    pub(crate) fn note(&self, inventory: &mut Inventory) {
        inventory.note_unsaid(&self.salt, &self.unsaid);
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
        let besides = self.left_as_verified(instance, rendered, inventory).await;
        let now = used(rendered, &besides, &secret);
        let mut uses = Uses { salt, ..Uses::default() };
        let mut verified = None;
        for (workload, hash) in now {
            let entry = inventory.and_then(|inventory| inventory.entry(&workload));
            let unsaid = match entry.map(|entry| &entry.unsaid) {
                Some(Some(unsaid)) => unsaid.clone(),
                // An inventory from before hashes were kept: what runs is what was verified.
                Some(None) => {
                    let before = match verified.take() {
                        Some(before) => before,
                        None => self.used_in_verified(instance, rendered, inventory, &secret).await,
                    };
                    let unsaid = before.get(&workload).unwrap_or(&hash).clone();
                    verified = Some(before);
                    uses.unsaid.insert(workload.clone(), unsaid.clone());
                    unsaid
                }
                None => {
                    uses.unsaid.insert(workload, hash);
                    continue;
                }
            };
            if hash != unsaid && instance.roll_pods {
                uses.said.insert(workload, hash);
            }
        }
        Ok(uses)
    }

    async fn used_in_verified(
        &self,
        instance: &Instance,
        rendered: &Rendered,
        inventory: Option<&Inventory>,
        secret: &MaskKey,
    ) -> BTreeMap<ObjectKey, String> {
        self.verified(instance, rendered, inventory)
            .await
            .map_or_else(BTreeMap::new, |before| used(&before, &[], secret))
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

    /// What is left out of the set stays in the cluster as it was verified, and pods go on reading that.
    async fn left_as_verified(
        &self,
        instance: &Instance,
        rendered: &Rendered,
        inventory: Option<&Inventory>,
    ) -> Vec<render::Object> {
        let left = rendered.left_alone();
        if left.as_ref().is_some_and(Vec::is_empty) {
            return Vec::new();
        }
        let Some(before) = self.verified(instance, rendered, inventory).await else { return Vec::new() };
        let brought = |object: &&render::Object| rendered.objects.iter().any(|one| one.key == object.key);
        let is_left = |object: &&render::Object| left.as_ref().is_none_or(|left| left.contains(&object.key));
        before.objects.iter().filter(|object| is_left(object) && !brought(object)).cloned().collect()
    }
}

fn used(rendered: &Rendered, besides: &[render::Object], secret: &MaskKey) -> BTreeMap<ObjectKey, String> {
    let mut uses = if besides.is_empty() {
        render::uses(&rendered.objects, secret)
    } else {
        render::uses(&[&rendered.objects, besides].concat(), secret)
    };
    let of = |object: &render::Object| Some((key(object), uses.remove(&object.key)?));
    rendered.objects.iter().filter_map(of).collect()
}

/// The inventory's, or a new one.
fn salt(inventory: Option<&Inventory>) -> Result<(String, MaskKey), Trouble> {
    let kept = inventory.and_then(|inventory| inventory.salt.as_deref()).and_then(bytes_of);
    let key = match kept {
        Some(bytes) => MaskKey::from_bytes(bytes),
        None => MaskKey::random().map_err(|error| Trouble::Wait(error.to_string()))?,
    };
    let text = key.expose().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Ok((text, key))
}

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
