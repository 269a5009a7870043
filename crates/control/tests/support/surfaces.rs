//! A world's HTTP side: CI with its key, and ann at her browser.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::json;
use server::ServerSettings;
use testkit::World;
use testkit::world::person;
use tokio::net::TcpListener;
use webhooks::{SenderKeys, SigningKey};

/// What CI signs with.
pub(crate) const SENDER_KEY: &str = "key-3e8d-of-the-sender-of-builds";

pub(crate) struct Surfaces {
    url: String,
    image: String,
    http: Client,
    cookie: String,
}

/// A status and a body.
pub(crate) type Answer = (u16, String);

impl Surfaces {
    /// Serves the process of this world, and signs ann in.
    pub(crate) async fn of(world: &World) -> Self {
        let key = SigningKey::parse(SENDER_KEY).unwrap();
        let keys = SenderKeys { signing: vec![key], bearer_hashes: Vec::new() };
        let senders = BTreeMap::from([("shop".parse().unwrap(), keys)]);
        let settings = ServerSettings { senders, ..ServerSettings::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(server::serve(listener, world.control.clone(), settings, std::future::pending()));
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        let image = format!("{}/acme/shop", world.registry.address());
        let mut surfaces = Self { url, image, http, cookie: String::new() };
        let link = server::sign_in_link(&world.control, &person("ann")).await.unwrap();
        let request = surfaces.form("/sign-in", &format!("link={}", link.rsplit('/').next().unwrap()));
        let answer = request.send().await.unwrap();
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        surfaces.cookie = cookie.split(';').next().unwrap().to_owned();
        surfaces
    }

    /// CI announces a build.
    pub(crate) async fn announce(&self, tag: &str, delivery: &str) -> Answer {
        let body = json!({"image": self.image, "tag": tag, "commit": "0123abc", "branch": "main", "author": "cy"});
        let body = body.to_string();
        let key = SigningKey::parse(SENDER_KEY).unwrap();
        let now = control::Clock::system().now();
        let mut request = self.http.post(format!("{}/hooks/build/shop", self.url));
        for (name, value) in webhooks::sign(&key, delivery, now, body.as_bytes()) {
            request = request.header(name, value);
        }
        answer(request.body(body)).await
    }

    /// Ann looks.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie)).await
    }

    /// Ann presses a button.
    pub(crate) async fn press(&self, path: &str, fields: &str) -> Answer {
        answer(self.form(path, fields)).await
    }

    fn form(&self, path: &str, fields: &str) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url)).header("origin", &self.url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header(COOKIE, &self.cookie).body(fields.to_owned())
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
