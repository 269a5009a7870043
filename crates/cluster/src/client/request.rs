//! One request: its path, its time limit, its retries, and the error that its refusal becomes.

use std::fmt;
use std::time::Duration;

use futures::{AsyncBufRead, TryStreamExt as _};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use crate::client::ClusterClient;
use crate::error::{ClusterError, status};
use crate::key::ObjectKey;

/// What a request is about, for errors: never its content.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) verb: String,
    pub(crate) resource: String,
    pub(crate) namespace: Option<String>,
    pub(crate) object: Option<Box<ObjectKey>>,
}

impl Call {
    pub(crate) fn on(verb: &str, resource: &str, object: &ObjectKey) -> Self {
        Self {
            namespace: object.namespace.clone(),
            object: Some(Box::new(object.clone())),
            ..Self::other(verb, resource)
        }
    }

    pub(crate) fn in_namespace(verb: &str, resource: &str, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(ToOwned::to_owned), ..Self::other(verb, resource) }
    }

    pub(crate) fn other(verb: &str, resource: &str) -> Self {
        Self { verb: verb.to_owned(), resource: resource.to_owned(), namespace: None, object: None }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{} {object}", self.verb),
            None => write!(f, "{} {}", self.verb, self.resource),
        }
    }
}

/// The query of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(&'static str, String)>,
    /// Whether objects are to come without anything but their metadata.
    bare: bool,
}

impl Query {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.pairs.push((name, value.into()));
        self
    }

    /// Objects come with their metadata and nothing else.
    pub(crate) fn metadata_alone(mut self) -> Self {
        self.bare = true;
        self
    }

    fn on(&self, path: &str) -> String {
        if self.pairs.is_empty() {
            return path.to_owned();
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish();
        format!("{path}?{query}")
    }
}

/// A success: whether something was created, and the object in the answer.
pub(crate) struct Answer {
    pub(crate) created: bool,
    pub(crate) body: Value,
}

pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
/// JSON is YAML too.
pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";
pub(crate) const JSON: &str = "application/json";
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches>
const METADATA_OF_A_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const METADATA_OF_ONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

impl ClusterClient {
    /// Sends a request, repeats it while the server is too busy, and reads the answer.
    pub(crate) async fn send(
        &self,
        call: &Call,
        method: Method,
        path: &str,
        query: &Query,
        content: Option<(&'static str, &Value)>,
    ) -> Result<Answer, ClusterError> {
        let body = content.map(|(_, value)| value.to_string()).unwrap_or_default().into_bytes();
        let mut attempt = 0;
        loop {
            let request = Request::builder()
                .method(method.clone())
                .uri(query.on(path))
                .header(header::CONTENT_TYPE, content.map_or(JSON, |(kind, _)| kind))
                .header(header::ACCEPT, if query.bare { METADATA_OF_A_LIST } else { JSON })
                .body(Body::from(body.clone()))
                .map_err(|e| self.unexpected(call, 0, &e.to_string()))?;
            let (code, headers, bytes) = self.once(call, request).await?;
            if code.is_success() {
                let body = serde_json::from_slice(&bytes)
                    .map_err(|_| self.unexpected(call, code.as_u16(), "an answer that is not JSON"))?;
                return Ok(Answer { created: code == StatusCode::CREATED, body });
            }
            self.after_refusal(call, code, &headers, &bytes, attempt).await?;
            attempt += 1;
        }
    }

    /// Opens a stream of lines, a watch or a log; asks again while the server is too busy.
    pub(crate) async fn open(
        &self,
        call: &Call,
        path: &str,
        query: &Query,
    ) -> Result<impl AsyncBufRead + use<>, ClusterError> {
        let mut attempt = 0;
        loop {
            let request = Request::get(query.on(path))
                .header(header::ACCEPT_ENCODING, "identity")
                .header(header::ACCEPT, if query.bare { METADATA_OF_ONE } else { JSON })
                .body(Body::empty())
                .map_err(|e| self.unexpected(call, 0, &e.to_string()))?;
            let opening = async { self.shared.connection.kube(&self.shared.context).await.send(request).await };
            let response = self.in_time(call, opening).await?;
            let (head, body) = response.into_parts();
            if head.status.is_success() {
                return Ok(body.into_data_stream().map_err(std::io::Error::other).into_async_read());
            }
            let bytes = self.in_time(call, body.collect_bytes()).await?;
            self.after_refusal(call, head.status, &head.headers, &bytes, attempt).await?;
            attempt += 1;
        }
    }

    /// Pauses where it is worth trying again, which is said by the server's status; else the error.
    async fn after_refusal(
        &self,
        call: &Call,
        code: StatusCode,
        headers: &HeaderMap,
        answer: &[u8],
        attempt: u32,
    ) -> Result<(), ClusterError> {
        let busy = matches!(code.as_u16(), 429 | 503);
        if busy && attempt < self.shared.settings.retries {
            tokio::time::sleep(pause(headers, attempt)).await;
            return Ok(());
        }
        if code == StatusCode::UNAUTHORIZED {
            self.shared.connection.renew(&self.shared.context).await;
        }
        Err(status::refused(&self.whose(), call, code.as_u16(), answer))
    }

    async fn in_time<T>(
        &self,
        call: &Call,
        part: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.shared.settings.timeout, part).await {
            Err(_) => Err(self.timeout(call)),
            Ok(answer) => answer.map_err(|error| self.unreachable(&error)),
        }
    }

    async fn once(
        &self,
        call: &Call,
        request: Request<Body>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), ClusterError> {
        let whole = async {
            let response = self.shared.connection.kube(&self.shared.context).await.send(request).await?;
            let (head, body) = response.into_parts();
            Ok::<_, kube::Error>((head.status, head.headers, body.collect_bytes().await?.to_vec()))
        };
        self.in_time(call, whole).await
    }

    fn timeout(&self, call: &Call) -> ClusterError {
        ClusterError::Timeout {
            context: self.shared.context.clone(),
            what: call.to_string(),
            after: self.shared.settings.timeout,
        }
    }

    fn unexpected(&self, call: &Call, code: u16, message: &str) -> ClusterError {
        ClusterError::Unexpected {
            context: self.shared.context.clone(),
            what: call.to_string(),
            code,
            message: message.to_owned(),
        }
    }

    /// The innermost cause says it best ("connection refused"); the layers around it only repeat each other.
    fn unreachable(&self, error: &kube::Error) -> ClusterError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let context = self.shared.context.clone();
        match error {
            kube::Error::Auth(_) => ClusterError::Unauthorized { context },
            _ => ClusterError::Unreachable { context, why: cause.to_string() },
        }
    }
}

/// As long as the server asks for, else 100 ms doubled each time, with jitter; never longer than 10 s.
fn pause(headers: &HeaderMap, attempt: u32) -> Duration {
    let asked = headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let base = asked.map_or(Duration::from_millis(100 << attempt.min(6)), Duration::from_secs);
    jittered(base.min(Duration::from_secs(10)))
}

/// The duration and up to a fifth more, so that many clients do not come back at once.
pub fn jittered(base: Duration) -> Duration {
    let mut byte = [0_u8];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = getrandom::fill(&mut byte);
    base + base.mul_f64(f64::from(byte[0]) / 1275.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_says_how_long_to_wait_but_not_for_ever() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "2".parse().unwrap());
        assert!(pause(&headers, 0) >= Duration::from_secs(2));
        headers.insert(header::RETRY_AFTER, "86400".parse().unwrap());
        assert!(pause(&headers, 0) <= Duration::from_secs(12));
        assert!(pause(&HeaderMap::new(), 0) <= Duration::from_millis(120));
    }
}
