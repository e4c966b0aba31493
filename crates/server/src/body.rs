//! Request bodies, bounded before they are read.
//!
//! Never let an extractor read a body without a bound. Read [`read`] first.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;

use crate::problem::Refused;

/// Longest JSON body of the operator API. The largest is a batch of 10,000 devices of some 200 bytes.
pub const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Reads a body of at most `max` bytes.
///
/// # Errors
/// `request.too-large` when it says or proves to be longer, `request.cut-short` when it ends early.
pub async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Refused> {
    check_length(headers, max)?;
    to_bytes(body, max)
        .await
        .map_err(|error| match outgrew(&error) {
            true => Refused::too_large(max),
            false => Refused::cut_short(),
        })
}

/// Refuses a body that says itself that it has more than `max` bytes.
///
/// # Errors
/// `request.too-large`.
pub fn check_length(headers: &HeaderMap, max: usize) -> Result<(), Refused> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    match declared.is_some_and(|bytes: u64| bytes > max as u64) {
        true => Err(Refused::too_large(max)),
        false => Ok(()),
    }
}

/// Reads a JSON body of at most [`JSON_BYTES_MAX`].
///
/// # Errors
/// As [`read`], and `request.malformed` with the place when it isn't the JSON that is expected.
pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refused> {
    let bytes = read(headers, body, JSON_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| Refused::malformed(&error.to_string()))
}

/// Whether the bound was hit, as against the connection breaking. `to_bytes` tells the two apart
/// only in the chain of causes.
fn outgrew(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
