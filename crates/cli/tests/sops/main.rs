//! SOPS files: ours against the real `sops` and `age`, and the commands `pinnace secrets`.
#![cfg(test)]

mod commands;
mod desk;
mod doctor;
mod edit;
mod edited;
mod formats;
mod helm;
mod keys;
mod killed;
mod pgp;
mod readers;
mod real;

fn sops() -> std::path::PathBuf {
    testkit::engines::sops().unwrap()
}
