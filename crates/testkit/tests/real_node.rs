//! A node whose pods really run: images, probes, logs, names, volumes and Ingresses work, and nothing of it is left at its end.
//!
//! Where the machine can't have one (no root, no Linux, a package that is missing) each test says so on stderr and passes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "real_node/leftovers.rs"]
mod leftovers;
#[path = "real_node/patroni.rs"]
mod patroni;
#[path = "real_node/scene.rs"]
mod scene;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use testkit::real_node::{Behaviour, Orders, Recipe};
use tokio_tungstenite::tungstenite::Message;

use scene::{Scene, is_ready, node};

fn first() -> Orders {
    Orders { version: "1".to_owned(), migrations: 1, behaviour: Behaviour::Works }
}

#[tokio::test]
async fn a_pod_becomes_ready_by_its_probe_and_is_reached_by_name_from_another_pod() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let image = scene.inside.orders_image(&first()).await.unwrap();
    scene.process("static", &image.reference(), json!({})).await;
    scene.until_ready("static").await;
    assert!(scene.log("static").await.contains("orders 1 is static"));

    let url = format!("http://static.{}.svc.cluster.local:8000/static/style.css", scene.namespace);
    scene.once("client", &image.reference(), "fetch", json!([{"name": "FETCH_URL", "value": url}])).await;
    let said = scene.log("client").await;
    assert!(said.starts_with("orders 1 is fetch\n200 OK from http://static.") && said.contains("sans-serif"), "{said}");

    let address = format!("static.{}:8000", scene.namespace);
    scene.until_page(&address, "/static/style.css", |page| page.contains("sans-serif")).await;

    let service = format!("static.{}", scene.namespace);
    let found = scene.inside.program("getent").args(["ahostsv4", &service]).output().unwrap();
    assert!(String::from_utf8_lossy(&found.stdout).starts_with("10.0."), "{found:?}");
    scene.end().await;
}

#[tokio::test]
async fn a_database_that_is_cut_off_is_felt_and_keeps_its_rows_when_its_pod_is_made_again() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let postgres = scene.inside.server_image(Recipe::Postgres).await.unwrap();
    scene
        .server(
            "postgres",
            &postgres.reference(),
            5432,
            json!([
                {"name": "POSTGRES_PASSWORD", "value": "p@ss"}, {"name": "POSTGRES_DB", "value": "shop"},
                {"name": "PGDATA", "value": "/data/pgdata"},
            ]),
        )
        .await;
    scene.until_ready("postgres-0").await;
    scene.until_reached(&format!("postgres.{}:5432", scene.namespace)).await;

    let database = json!([{"name": "DATABASE_URL", "value": "postgres://postgres:p%40ss@postgres:5432/shop"}]);
    let second = Orders { version: "2".to_owned(), migrations: 2, behaviour: Behaviour::Works };
    let (one, two) =
        (scene.inside.orders_image(&first()).await.unwrap(), scene.inside.orders_image(&second).await.unwrap());
    assert_ne!(one.digest, two.digest);
    scene.once("migrate-1", &one.reference(), "migrate", database.clone()).await;
    scene.once("migrate-2", &two.reference(), "migrate", database.clone()).await;
    assert!(scene.log("migrate-2").await.contains("applying 0002_price.sql"));
    scene.process("web", &two.reference(), database).await;
    scene.until_ready("web").await;
    let address = format!("web.{}:8000", scene.namespace);
    scene.until_page(&address, "/", |page| page.contains(r#""orders":1000"#)).await;

    let cut = scene.inside.cut(scene.address("web").await, scene.address("postgres-0").await).unwrap();
    scene.until("web", |pod| !is_ready(pod)).await;
    drop(cut);
    scene.until_ready("web").await;

    scene.made_again("postgres-0").await;
    // The probe sees the database, and so does who waits for it.
    scene.until_ready("web").await;
    scene.until_page(&address, "/", |page| page.contains(r#""orders":1000"#)).await;
    scene.end().await;
}

#[tokio::test]
async fn versions_that_are_built_to_fail_do() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let crashing = Orders { version: "4".to_owned(), migrations: 2, behaviour: Behaviour::Crashes };
    let crashing = scene.inside.orders_image(&crashing).await.unwrap();
    scene.process("web", &crashing.reference(), json!([])).await;
    scene.until_waiting("web", "CrashLoopBackOff").await;
    assert!(scene.log("web").await.contains("KeyError: 'STRIPE_KEY'"));
    scene.end().await;
}

#[tokio::test]
async fn messages_go_through_rabbitmq_and_redis_counts() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let image = |recipe| scene.inside.server_image(recipe);
    let (postgres, redis, rabbitmq) = (
        image(Recipe::Postgres).await.unwrap(),
        image(Recipe::Redis).await.unwrap(),
        image(Recipe::RabbitMq).await.unwrap(),
    );
    scene
        .server(
            "postgres",
            &postgres.reference(),
            5432,
            json!([
                {"name": "POSTGRES_PASSWORD", "value": "secret"}, {"name": "PGDATA", "value": "/data/pgdata"},
            ]),
        )
        .await;
    scene.server("redis", &redis.reference(), 6379, json!([])).await;
    scene.server("rabbitmq", &rabbitmq.reference(), 5672, json!([
        {"name": "RABBITMQ_DEFAULT_USER", "value": "shop"}, {"name": "RABBITMQ_DEFAULT_PASS", "value": "secret"},
    ])).await;
    for (name, port) in [("postgres", 5432), ("redis", 6379), ("rabbitmq", 5672)] {
        scene.until_ready(&format!("{name}-0")).await;
        scene.until_reached(&format!("{name}.{}:{port}", scene.namespace)).await;
    }
    let image = scene.inside.orders_image(&first()).await.unwrap().reference();
    let environment = json!([
        {"name": "DATABASE_URL", "value": "postgres://postgres:secret@postgres:5432/postgres"},
        {"name": "REDIS_URL", "value": "redis://redis:6379/0"},
        {"name": "CELERY_BROKER_URL", "value": "amqp://shop:secret@rabbitmq:5672//"},
    ]);
    scene.once("migrate", &image, "migrate", environment.clone()).await;
    for role in ["web", "worker", "scheduler"] {
        scene.process(role, &image, environment.clone()).await;
    }
    scene.until_ready("web").await;
    let address = format!("web.{}:8000", scene.namespace);
    let page = scene.until_page(&address, "/", |page| !page.contains(r#""orders":1000"#)).await;
    assert!(page.contains(r#""visits":"#), "{page}");
    scene.end().await;
}

#[tokio::test]
async fn traefik_routes_by_host_and_path_and_lets_websockets_through() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let image = scene.inside.orders_image(&first()).await.unwrap().reference();
    for role in ["static", "websocket"] {
        scene.process(role, &image, json!([])).await;
        scene.until_ready(role).await;
    }
    let host = format!("{}.example.test", scene.namespace);
    scene.ingress(&host, &[("/static", "static"), ("/ws", "websocket")]).await;

    let http = scene.inside.http.clone().unwrap();
    scene.until_routed(&http, &host, "/static/style.css").await;
    let (status, _) = scene::ask(&http, "other.example.test", "/static/style.css").await.unwrap();
    assert_eq!(status, 404);

    let stream = tokio::net::TcpStream::connect(&http).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{host}/ws"), stream).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("1 hello"));
    scene.end().await;
}
