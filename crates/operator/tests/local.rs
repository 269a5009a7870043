//! Servers in the cluster, without a cluster: the very scripts and files that their pods have, with Debian's programs.

#![cfg(test)]

mod local {
    mod postgres;
    mod program;
    mod rabbit;
    mod redis;
}
