//! A `cluster` database on a real node, under the load of clients: what is lost, and who may write, when a machine is lost. Skipped where there
//! can be no real node.

#![cfg(test)]

mod cluster_database {
    mod load;
    mod losses;
    mod place;
}
