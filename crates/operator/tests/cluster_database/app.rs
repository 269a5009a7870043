//! An App on the database, a client of its pages, and what the App says of itself meanwhile.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::real_node::{Behaviour, Forward, Load, Orders, Site};
use tokio::task::JoinSet;

use super::place::{Place, until};

const NAME: &str = "orders";

/// Ends with the value.
pub(crate) struct App {
    place: Arc<Place>,
    load: Load,
    /// What it said of itself, each time that this was something else.
    said: Arc<Mutex<Vec<(Instant, String)>>>,
    _way: Forward,
    _watching: JoinSet<()>,
}

impl App {
    pub(crate) async fn begin(place: &Arc<Place>) -> Self {
        let version = Orders { version: "1".to_owned(), migrations: 2, behaviour: Behaviour::Works };
        let image = place.inside.orders_image(&version).await.unwrap().reference();
        let web = json!({"command": ["/orders", "web"], "replicas": 2, "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}});
        let spec = json!({"image": image, "defaults": "dev", "processes": {"web": web},
            "migrations": {"command": ["/orders", "migrate"]}, "needs": {"database": {"name": "shop"}}});
        place.write_app(NAME, spec).await;
        until("the App is ready", async || is_ready(&status(place).await).then_some(())).await;
        let way = place.inside.forward(&format!("{NAME}-web.{}:80", place.namespace)).await.unwrap();
        let site = Site::new(&way.address(), "orders.example.test");
        site.until("/", |text| text.contains("orders")).await;
        let (said, mut watching) = (Arc::<Mutex<Vec<_>>>::default(), JoinSet::new());
        watching.spawn(listens(place.clone(), said.clone()));
        Self { place: place.clone(), load: site.load(), said, _way: way, _watching: watching }
    }

    /// Waits until it is ready and its pages are there; says the longest time without a page since then, and what the App said.
    pub(crate) async fn until_well(&self, since: Instant) -> (Duration, Vec<String>) {
        until("the App is ready again", async || is_ready(&status(&self.place).await).then_some(())).await;
        let ready = Instant::now();
        until("its pages are there again", async || (self.load.answered(ready) > 0).then_some(())).await;
        let pause = self.load.longest_pause(since);
        let said = self.said.lock().unwrap();
        let said = said.iter().filter(|(at, _)| *at > since);
        (pause, said.map(|(at, text)| format!("after {:?}: {text}", at.duration_since(since))).collect())
    }
}

async fn status(place: &Place) -> Value {
    let live = place.get(&place.key("pinnace.dev/v1alpha1", "App", NAME)).await.unwrap_or_default();
    live["status"].clone()
}

fn ready(status: &Value) -> Value {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|one| one["type"] == "Ready").cloned().unwrap_or_default()
}

fn is_ready(status: &Value) -> bool {
    ready(status)["status"] == "True"
}

async fn listens(place: Arc<Place>, said: Arc<Mutex<Vec<(Instant, String)>>>) {
    loop {
        let status = status(&place).await;
        let text = format!("{} {}", status["phase"], ready(&status)["message"]);
        {
            let mut said = said.lock().unwrap();
            if said.last().is_none_or(|(_, last)| *last != text) {
                said.push((Instant::now(), text));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
