//! Storage classes that claims name. Without a name the cluster's own choice holds, and an empty one asks for none.

use super::need::Need;
use super::pods::wanted;
use super::{list, text};
use crate::object::Object;

pub(super) fn needs(object: &Object) -> Vec<Need> {
    let one = (object.key.group.is_empty() && object.key.kind == "PersistentVolumeClaim").then_some(&object.value);
    let claims = one.into_iter().chain(list(&object.value, "/spec/volumeClaimTemplates"));
    let named = claims.filter_map(|claim| text(claim, "/spec/storageClassName"));
    named.map(|name| Need::of(object, "", wanted("storage.k8s.io/v1", "StorageClass", name.to_owned(), None))).collect()
}
