//! Stands before a broker's management API and notes the methods of all that is asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// It ends with the test's runtime.
pub(crate) struct Relay {
    port: u16,
    methods: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    pub(crate) async fn to(url: &str) -> Self {
        let target = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, methods) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let noted = methods.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from_client, to_client) = client.into_split();
                let (from_broker, to_broker) = TcpStream::connect(&target).await.unwrap().into_split();
                tokio::spawn(pass_on(from_client, to_broker, Some(noted.clone())));
                tokio::spawn(pass_on(from_broker, to_client, None));
            }
        });
        Self { port, methods }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Of the requests until now, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.methods.lock().unwrap().clone()
    }
}

/// A head that comes in two parts is not noted: then the test that counts fails, and never passes in vain.
async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    noted: Option<Arc<Mutex<Vec<String>>>>,
) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut bytes).await {
        let Some(part) = bytes.get(..read).filter(|part| !part.is_empty()) else { break };
        if let Some(noted) = &noted {
            let text = String::from_utf8_lossy(part).into_owned();
            let heads = text.lines().filter(|line| line.ends_with(" HTTP/1.1"));
            noted.lock().unwrap().extend(heads.filter_map(|head| Some(head.split_once(' ')?.0.to_owned())));
        }
        if to.write_all(part).await.is_err() {
            break;
        }
    }
}
