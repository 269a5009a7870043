//! The outside programs of `pinnace secrets`, each started here and nowhere else.

pub(super) mod editor;
pub(super) mod gpg;
pub(super) mod guard;
