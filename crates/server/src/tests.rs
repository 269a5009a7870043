//! The addresses as senders, browsers and programs meet them, below the network.

mod hooks;
mod pages;
mod permissions;
mod sign_in;
mod support;
