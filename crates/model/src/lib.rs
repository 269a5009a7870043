//! The nouns of Pinnace, ids parsed once at the door, and the life of a pin as a pure function.
//!
//! Nothing here does IO and nothing here knows another crate of ours, so nothing here can fail but parsing.

mod announcement;
mod commit;
mod decider;
mod image;
mod name;
mod pin_id;
mod time;

pub use announcement::Announcement;
pub use commit::{CommitId, InvalidCommitId};
pub use decider::{Decider, Surface};
pub use image::{Digest, ImageRef, ImageRepository, InvalidImage, Tag};
pub use name::{
    EnvironmentName, GroupName, InstanceId, InstanceName, InvalidName, PersonName, PolicyName, ProjectName,
};
pub use pin_id::{InvalidPinId, PinId, PinNumber};
pub use time::Timestamp;
