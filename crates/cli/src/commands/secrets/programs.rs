//! The outside programs of `pinnace secrets`, each started here and nowhere else.

mod child;
pub(super) mod editor;
pub(super) mod gpg;
pub(super) mod guard;
pub(super) mod helm;
