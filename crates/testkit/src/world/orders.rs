//! A world whose shop is `examples/orders`, on a node whose pods really run.

use std::time::Duration;

use model::PinNumber;

use super::World;
use crate::DevRegistry;
use crate::devcluster::Options;
use crate::real_node::{Inside, Orders, RealNode};

/// How long a test waits here: images are unpacked and databases made meanwhile.
pub(super) const PATIENCE: Duration = Duration::from_mins(4);

impl World {
    /// How to reach what runs on the real node; only with [`super::Plan::orders`].
    pub fn inside(&self) -> &Inside {
        self.cluster.inside().expect("the plan has a real node")
    }

    /// The file with the admin's access to the cluster.
    pub fn kubeconfig(&self) -> &std::path::Path {
        self.cluster.kubeconfig()
    }

    /// A version of `examples/orders` is built and announced, asked about, and approved by ann.
    pub async fn pin_orders(&mut self, orders: &Orders) -> PinNumber {
        push(&self.registry, orders).await;
        self.announce(&orders.version).await;
        let number = self.asked(&orders.version).await;
        self.approve(number, "ann").await;
        number
    }
}

pub(super) fn cluster() -> Options {
    Options { nodes: 0, real_node: Some(RealNode { traefik: true }), ..Options::default() }
}

/// The image as manifests name it.
pub(super) async fn push(registry: &DevRegistry, orders: &Orders) -> String {
    let pushed = orders.push_to(&format!("{}/acme/shop", registry.address())).await;
    pushed.expect("an image can be pushed").reference()
}
