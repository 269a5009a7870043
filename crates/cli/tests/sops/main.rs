//! SOPS files: ours against the real `sops` and `age`, and the commands `pinnace secrets`.
#![cfg(test)]

mod commands;
mod formats;
mod keys;
mod real;

fn sops() -> std::path::PathBuf {
    testkit::engines::sops().unwrap()
}
