//! The project's chores. `cargo xtask` lists them.

fn main() {}
