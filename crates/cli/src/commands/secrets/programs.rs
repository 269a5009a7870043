//! The outside programs of `pinnace secrets`, each started here and nowhere else.

pub(super) mod become_it;
mod child;
pub(super) mod editor;
pub(super) mod gpg;
pub(super) mod guard;
pub(super) mod helm;
