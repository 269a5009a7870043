use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::support::World;
use crate::{ServerSettings, serve};

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn metrics_are_on_their_own_listener_only_and_a_stop_ends_all() {
    let world = World::new().await;
    world.asked(|_| ()).await;
    let (pages, metrics) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (page_address, metrics_address) = (pages.local_addr().unwrap(), metrics.local_addr().unwrap());
    let settings = ServerSettings { public_read: true, metrics_listener: Some(metrics), ..ServerSettings::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(pages, world.control.clone(), settings, async { drop(stopped.await) }));
    assert!(get(page_address, "/readyz").await.contains("200 OK"));
    assert!(get(page_address, "/metrics").await.contains("404"));
    let text = get(metrics_address, "/metrics").await;
    assert!(text.contains("pinnace_open_pins{stage=\"asked\"} 1"), "{text}");
    // An open live stream does not hold the server up.
    let mut live = TcpStream::connect(page_address).await.unwrap();
    live.write_all(format!("GET /live HTTP/1.1\r\nhost: {page_address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut some = [0; 16];
    live.read_exact(&mut some).await.unwrap();
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(4), server).await;
    assert!(ended.unwrap().unwrap().is_ok());
}
