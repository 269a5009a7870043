//! Requests over HTTP, with a bound on the time and on what comes back.

use std::error::Error as _;
use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect};
use secrets::clip;

use super::error::RdsError;

/// The largest answer: that about one instance is far below.
const MOST_BYTES: usize = 2 << 20;

/// Why there is no answer.
pub(super) enum Failed {
    /// Nobody answers, or not in time: why.
    Unreachable(String),
    /// More comes than anything that we ask for has.
    TooLarge(String),
}

/// What asks: it follows nobody elsewhere.
pub(super) fn client() -> Result<Client, RdsError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that the program chose one already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let builder =
        Client::builder().redirect(redirect::Policy::none()).http1_only().referer(false).user_agent("pinnace");
    builder.build().map_err(|error| RdsError::Setup(innermost(&error)))
}

/// The status of the answer, and its body.
pub(super) async fn answered(request: RequestBuilder, within: Duration) -> Result<(u16, Vec<u8>), Failed> {
    let slow = |_| Failed::Unreachable(format!("it took longer than {} s", within.as_secs()));
    tokio::time::timeout(within, read(request)).await.map_err(slow)?
}

async fn read(request: RequestBuilder) -> Result<(u16, Vec<u8>), Failed> {
    let unreachable = |error: reqwest::Error| Failed::Unreachable(innermost(&error));
    let mut answer = request.send().await.map_err(unreachable)?;
    let (status, mut bytes) = (answer.status().as_u16(), Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(Failed::TooLarge(format!("its answer has more than {MOST_BYTES} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

/// The innermost cause. The outer ones only repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut said = error.to_string();
    while let Some(inner) = cause {
        (said, cause) = (inner.to_string(), inner.source());
    }
    clip(&said, 500)
}
