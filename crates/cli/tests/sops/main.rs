//! SOPS files: ours against the real `sops` and `age`, and the commands `pinnace secrets`.
#![cfg(test)]

mod boredbot;
mod commands;
mod desk;
mod doctor;
mod dumps;
mod edit;
mod edited;
mod formats;
mod helm;
mod keys;
mod killed;
mod kinds;
mod pgp;
mod readers;
mod real;
mod run_time;
mod ssh;
mod terminal;

fn sops() -> std::path::PathBuf {
    testkit::engines::sops().unwrap()
}
