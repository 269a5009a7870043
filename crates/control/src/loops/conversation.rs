//! Chat: every pin has one message, edited through its life; clicks become verbs. A chat that is down stops no pin.

use crate::Control;

/// Keeps the messages true.
pub(super) async fn tell(_control: Control) {
    std::future::pending::<()>().await;
}

/// Turns clicks into verbs.
pub(super) async fn listen(_control: Control) {
    std::future::pending::<()>().await;
}
