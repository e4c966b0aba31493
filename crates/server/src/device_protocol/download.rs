//! Turning a payload and a `Range` header into an HTTP answer. Several ranges at once: `multipart.rs`.
//!
//! It never decides who may download; [`super::payload`] does. The strong `ETag` is the digest:
//! equal digests are equal bytes (RFC 9110, section 8.8.3). Read [`Download`] first.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs, Pieces, ReleasePayload};
use mainstay_trust::Digest;
use tokio::time::sleep;

use super::line::{Line, body};
use super::multipart::Multipart;
use super::range::{Part, part, several};
use crate::problem::Refused;
use crate::soundness::in_time;

/// A payload's bytes change with its digest only, so any cache may keep them for a year.
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

/// A payload that is ready to be sent.
pub(crate) struct Download {
    digest: Digest,
    len: u64,
    source: Source,
}

enum Source {
    Blob(Arc<dyn Blobs>),
    Memory(Bytes),
    Broken,
}

/// A connection is cut this long after the answer began: the headers have left by then, so that the client sees a body that broke off.
const CUT_AFTER: Duration = Duration::from_millis(100);

impl Download {
    /// A payload that is kept in `blobs`.
    pub(crate) fn from_blob(blobs: Arc<dyn Blobs>, payload: ReleasePayload) -> Self {
        Self {
            digest: payload.image,
            len: payload.bytes,
            source: Source::Blob(blobs),
        }
    }

    /// A payload in memory.
    pub(crate) fn from_bytes(digest: Digest, bytes: Vec<u8>) -> Self {
        Self {
            digest,
            len: bytes.len() as u64,
            source: Source::Memory(bytes.into()),
        }
    }

    /// A payload of which nothing can be sent: the answer begins, and the connection is cut.
    pub(crate) fn broken(digest: Digest, len: u64) -> Self {
        Self {
            digest,
            len,
            source: Source::Broken,
        }
    }

    /// The answer to a request with these headers: 200, 206, or 416. Its bytes leave as `line` lets them.
    ///
    /// # Errors
    /// If it can't be opened, or has gone since.
    pub(crate) async fn answer(
        self,
        headers: &HeaderMap,
        line: &Arc<Line>,
    ) -> Result<Response, Refused> {
        let (len, etag) = (self.len, self.etag());
        match part(wanted_range(headers, &etag), len) {
            Part::Whole => Ok(response(
                StatusCode::OK,
                &etag,
                len,
                None,
                body(line.clone(), self.bytes(0..len).await?),
            )),
            Part::Bytes { first, last } => {
                let span = last - first + 1;
                let range = format!("bytes {first}-{last}/{len}");
                let body = body(line.clone(), self.bytes(first..last + 1).await?);
                Ok(response(
                    StatusCode::PARTIAL_CONTENT,
                    &etag,
                    span,
                    Some(range),
                    body,
                ))
            }
            Part::Unsatisfiable => {
                let range = Some(format!("bytes */{len}"));
                Ok(response(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    &etag,
                    0,
                    range,
                    Body::empty(),
                ))
            }
        }
    }

    /// The answer to a client that may ask for several ranges at once.
    ///
    /// # Errors
    /// As [`Download::answer`].
    pub(crate) async fn answer_several(
        self,
        headers: &HeaderMap,
        line: &Arc<Line>,
    ) -> Result<Response, Refused> {
        let (len, etag) = (self.len, self.etag());
        let wanted = wanted_range(headers, &etag).and_then(|range| several(range, len));
        let Some(parts) = wanted else {
            return self.answer(headers, line).await;
        };
        let whole = Multipart::of(parts, len, &self.digest);
        let (kind, bytes) = (whole.media_type(), whole.bytes());
        let body = body(line.clone(), whole.pieces(self));
        let status = StatusCode::PARTIAL_CONTENT;
        let mut response = response(status, &etag, bytes, None, body);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(response)
    }

    fn etag(&self) -> String {
        format!("\"{}\"", self.digest)
    }

    pub(super) async fn bytes(&self, range: Range<u64>) -> Result<Pieces<'static>, Refused> {
        match &self.source {
            Source::Memory(bytes) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(bytes.len());
                Ok(pieces(bytes.slice(at(range.start)..at(range.end))))
            }
            Source::Broken => Ok(Box::pin(stream::once(async {
                sleep(CUT_AFTER).await;
                Err(io::Error::other("the payload can't be sent"))
            }))),
            Source::Blob(blobs) => {
                let opened = in_time(&self.digest, blobs.read(&self.digest, range)).await?;
                opened.ok_or_else(|| Refused::not_found("payload", self.digest))
            }
        }
    }
}

/// The first byte that a request with these headers asks for, of `len`; none if it asks for none that is there.
pub(crate) fn begins_at(headers: &HeaderMap, len: u64) -> Option<u64> {
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    match part(range, len) {
        Part::Whole => Some(0),
        Part::Bytes { first, .. } => Some(first),
        Part::Unsatisfiable => None,
    }
}

/// How many bytes a request with these headers asks for, of `len`, if the last one is among them and they are one part.
pub(crate) fn up_to_the_end(headers: &HeaderMap, len: u64) -> Option<u64> {
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    match part(range, len) {
        Part::Whole => Some(len),
        Part::Bytes { first, last } if last + 1 == len => Some(len - first),
        _ => None,
    }
}

/// The range to honour: none when `If-Range` names other bytes (RFC 9110, section 13.1.5).
fn wanted_range<'a>(headers: &'a HeaderMap, etag: &str) -> Option<&'a str> {
    let same = headers
        .get(IF_RANGE)
        .is_none_or(|value| value.as_bytes() == etag.as_bytes());
    let range = headers.get(RANGE).filter(|_| same)?;
    range.to_str().ok()
}

fn response(
    status: StatusCode,
    etag: &str,
    len: u64,
    range: Option<String>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value: &str| {
        let value = HeaderValue::from_str(value).expect("digits, hexadecimal and fixed words only");
        response.headers_mut().insert(name, value);
    };
    set(CONTENT_TYPE, "application/octet-stream");
    set(ACCEPT_RANGES, "bytes");
    set(CACHE_CONTROL, IMMUTABLE);
    set(ETAG, etag);
    set(CONTENT_LENGTH, &len.to_string());
    if let Some(range) = range {
        set(CONTENT_RANGE, &range);
    }
    response
}
