//! The last lines of a container, for people who ask why a pin failed.

use futures::AsyncReadExt;

use crate::client::{Call, ClusterClient, Query};
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

/// The most lines that are asked for.
pub const MOST_LINES: u32 = 40;
/// The most bytes that are read.
pub const MOST_BYTES: u32 = 64 * 1024;

impl ClusterClient {
    /// The last lines of a container; with `previous`, of the one that ran before it.
    ///
    /// Bounded in lines and bytes. The text is the program's own: redact it before it is shown.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        lines: u32,
    ) -> Result<String, ClusterError> {
        let key =
            ObjectKey { kind: KindKey::new("v1", "Pod"), namespace: Some(namespace.to_owned()), name: pod.to_owned() };
        let kind = self.kind(&key.kind).await?;
        let path = format!("{}/log", kind.path(&key)?);
        let query = Query::new()
            .with("container", container)
            .with("previous", previous.to_string())
            .with("tailLines", lines.min(MOST_LINES).to_string())
            .with("limitBytes", MOST_BYTES.to_string());
        let call = Call::on("get", "pods/log", &key);
        let mut text = Vec::new();
        let reading = async {
            let stream = self.open(&call, &path, &query).await?;
            let mut bounded = Box::pin(stream).take(u64::from(MOST_BYTES));
            // A log that breaks off is still worth showing as far as it came.
            let _ = bounded.read_to_end(&mut text).await;
            Ok(())
        };
        match tokio::time::timeout(self.shared.settings.timeout, reading).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
        }
    }
}
