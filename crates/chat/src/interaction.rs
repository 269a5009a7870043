//! A click, as every service hands it on.

use crate::{Action, ButtonValue, MessageRef};

/// Somebody pressed a button of ours. It says who and which; whether they may is for `control` to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// The service's name.
    pub service: &'static str,
    /// The workspace that the person belongs to; in a shared channel it may not be ours.
    pub team: String,
    /// The person's id in the service.
    pub user: String,
    /// The message that carries the button.
    pub message: MessageRef,
    /// Which button.
    pub action: Action,
    /// What the button carries: which pin, and which ask was shown.
    pub value: ButtonValue,
    /// Names this click: a service that delivers it twice says the same.
    pub click: String,
}
