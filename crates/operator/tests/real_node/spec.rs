//! What people write of an App: `examples/orders` in all its roles.

use serde_json::{Value, json};
use testkit::real_node::{Behaviour, Orders};

use super::place::Place;

pub(crate) const HOST: &str = "shop.example.test";

/// A version that works, with so many of its migrations.
pub(crate) fn version(version: &str, migrations: usize) -> Orders {
    Orders { version: version.to_owned(), migrations, behaviour: Behaviour::Works }
}

/// One role of it, with what else there is to say of the process.
pub(crate) fn process(role: &str, more: Value) -> Value {
    with(json!({"command": ["/orders", role], "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}}), more)
}

/// A mapping with more in it.
pub(crate) fn with(mut mapping: Value, more: Value) -> Value {
    if let (Some(mapping), Value::Object(more)) = (mapping.as_object_mut(), more) {
        mapping.extend(more);
    }
    mapping
}

/// An App with all of its processes on databases of its own, and what else there is to say of it.
pub(crate) async fn app(place: &Place, orders: &Orders, more: Value) -> Value {
    let spec = json!({
        "image": place.image(orders).await,
        "processes": {
            "web": process("web", json!({})), "worker": process("worker", json!({})), "scheduler": process("scheduler", json!({})),
            "websocket": process("websocket", json!({"port": 8000})), "static": process("static", json!({"port": 8000})),
        },
        "routes": {"host": HOST},
        "migrations": {"command": ["/orders", "migrate"]},
        "needs": {"database": {}, "redis": {}, "rabbit": {}},
    });
    with(spec, more)
}
