//! The nouns of Pinnace, ids parsed once at the door, and the life of a pin as a pure function.
//!
//! Nothing here does IO and nothing here knows another crate of ours, so nothing here can fail but parsing.

mod announcement;
mod build;
mod commit;
mod decider;
mod effect;
mod fact;
mod fleet;
mod image;
mod instance;
mod instance_fact;
mod left_to_people;
mod name;
mod pin;
mod pin_id;
mod time;

pub use announcement::{AnnouncedChart, Announcement};
pub use build::{Build, BuildChart, version};
pub use commit::{CommitId, InvalidCommitId};
pub use decider::{Decider, Surface};
pub use effect::{Effect, KeyPlace};
pub use fact::{CommitLine, Fact, FailureReport, PinKind, Proposal, Recorded};
pub use fleet::{
    Fleet, FleetApproval, FleetFact, FleetNumber, FleetPlace, FleetStop, FleetTurn, IllegalFleetFact,
    InvalidFleetNumber, Tally, Waves,
};
pub use image::{Digest, ImageRef, ImageRepository, InvalidImage, Tag};
pub use instance::{FailedHead, HeldBack, InstanceState, Lock, Quarantine, VerifiedCommit};
pub use instance_fact::{DriftDone, DriftFound, DriftedField, HeadFailure, InstanceFact, QuarantinedObject, Written};
pub use left_to_people::{HeldPrune, LeftDrift};
pub use name::{
    EnvironmentName, GroupName, InstanceId, InstanceName, InvalidName, PersonName, PolicyName, ProjectName,
};
pub use pin::{
    Approval, Ask, Candidate, Delay, DropReason, IllegalFact, MOST_ROUNDS, Next, Outcome, Pin, Stage, VerifiedRender,
    fold, step,
};
pub use pin_id::{InvalidPinId, PinId, PinNumber};
pub use time::{NoTimestamp, Timestamp};
