//! The commands, one file each.

pub(crate) mod set_image;
