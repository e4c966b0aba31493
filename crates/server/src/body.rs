//! Request bodies, bounded before they are read.
//!
//! Never let an extractor read a body without a bound. Read [`read`] first.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use serde::de::DeserializeOwned;

use crate::front::BodyTooSlow;
use crate::problem::Refused;

/// Longest JSON body of the operator API. The largest is a batch of 10,000 devices of some 200 bytes.
pub const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Reads a body of at most `max` bytes.
///
/// # Errors
/// As [`check_head`]; `request.too-large` when it proves to be longer, `request.cut-short` when it ends early, `server.too-slow` when it
/// comes too slowly.
pub async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Refused> {
    check_head(headers, max)?;
    to_bytes(body, max).await.map_err(|error| {
        if is_caused_by::<http_body_util::LengthLimitError>(&error) {
            Refused::too_large(max)
        } else if is_caused_by::<BodyTooSlow>(&error) {
            Refused::too_slow()
        } else {
            Refused::cut_short()
        }
    })
}

/// Refuses a body that says itself that it has more than `max` bytes, or that it is packed: a kilobyte may unpack to a gigabyte, and nothing that is sent
/// here is worth that.
///
/// # Errors
/// `request.too-large`, `request.packed`.
pub fn check_head(headers: &HeaderMap, max: usize) -> Result<(), Refused> {
    let coding = headers.get(CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refused::packed());
    }
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

/// Whether an error of this kind is behind it: the bound that was hit, as against the connection that broke. `to_bytes` tells them apart
/// only in the chain of causes.
pub fn is_caused_by<E: std::error::Error + 'static>(
    error: &(dyn std::error::Error + 'static),
) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}
