//! The addresses as senders, browsers and programs meet them, below the network.

mod api;
mod apps;
mod fleets;
mod hooks;
mod live;
mod look;
mod pages;
mod permissions;
mod served;
mod sign_in;
mod slack;
mod support;
mod to_git;
