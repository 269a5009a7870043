//! Reading a body that may be endless, slow or huge.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, header};

/// A body that was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// More than allowed; the rest was not read.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It did not arrive in time.
    #[error("the body did not arrive within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// The connection broke.
    #[error("the body ended before its end")]
    Broken,
}

/// Reads at most `most` bytes within `within`.
pub(crate) async fn bounded_read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    within: Duration,
) -> Result<Bytes, BodyFault> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(BodyFault::TooLarge(most));
    }
    tokio::time::timeout(within, read(body, most)).await.unwrap_or(Err(BodyFault::TooSlow(within)))
}

async fn read(body: Body, most: usize) -> Result<Bytes, BodyFault> {
    let mut chunks = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyFault::Broken)?;
        if all.len() + chunk.len() > most {
            return Err(BodyFault::TooLarge(most));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}
