//! Files of a commit to Kubernetes objects, checked, in the order in which they are applied, canonical and hashed.
//!
//! In the life of a pin this is *candidate -> rendered*. What goes out of here is all that the cluster will be asked to
//! be: nothing is added later but the mark of ownership. Plain YAML and JSON are read; Kustomize and Helm are refused
//! with a word about it. Errors never hold values, only places and names: a broken file may hold secrets.

mod check;
mod ciphertext;
mod diff;
pub mod engine;
mod error;
mod fixed;
mod hash;
mod hooks;
pub mod lint;
mod live;
mod live_diff;
mod names;
mod normalise;
mod object;
mod order;
mod quantity;
mod references;
mod rendering;
mod steps;
mod uses;
mod yaml;

pub use diff::{Change, FieldChange, ObjectChange, RenderedDiff, rendered_diff};
pub use error::{Place, Problem, RenderError};
pub use fixed::{Fixed, fixed};
pub use hash::{InvalidRenderHash, RenderHash};
pub use hooks::{Hook, HookDelete, HookEvent};
pub use live::{LARGEST_DUMP, live_objects};
pub use live_diff::live_diff;
pub use object::{Object, ObjectKey, is_cluster_scoped, is_data_kind};
pub use references::{
    Detail, Need, References, UsedImage, Wanted, Wrong, asks_for_pods, images, named_elsewhere, over_quota, references,
    references_of,
};
pub use rendering::{RefusedObject, RenderContext, Rendered, render};
pub use steps::{NEEDS_ANNOTATION, Outside, Step};
pub use uses::uses;
pub use yaml::{LARGEST_FILE, is_manifest, to_yaml};
