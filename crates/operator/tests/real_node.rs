//! An App whose pods really run: on a real node, with real databases, a real broker and Traefik before them. How it is pinned, and that no request
//! fails meanwhile, is in `crates/control/tests/real_node.rs`.
//!
//! Where the machine can't have a node (no root, no Linux, a package that is missing) each test says so on stderr and passes.

#![cfg(test)]

mod real_node {
    mod life;
    mod locks;
    mod machine;
    mod mounts;
    mod once;
    mod place;
    mod processes;
    mod prod;
    mod schedulers;
    mod spec;
    mod trouble;
}
