//! A `cluster` database on a real node, under the load of clients: what is lost, who may write, and what an App on it does, when a machine is lost.
//! Skipped where there can be no real node.

#![cfg(test)]

mod cluster_database {
    mod app;
    mod load;
    mod losses;
    mod place;
}
