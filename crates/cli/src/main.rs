//! The `pinnace` binary: one file a command, and the wiring.

fn main() {}
