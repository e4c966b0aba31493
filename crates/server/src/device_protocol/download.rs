//! Turning a payload and a `Range` header into an HTTP answer. Several ranges at once: `multipart.rs`.
//!
//! It never decides who may download; [`super::payload`] does. The strong `ETag` is the digest:
//! equal digests are equal bytes (RFC 9110, section 8.8.3). Read [`Download`] first.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs, Pieces, ReleasePayload};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

use super::line::{Line, body};
use super::multipart::Multipart;
use super::places::DevicePlace;
use super::range::{Part, part, several};
use crate::problem::Refused;
use crate::soundness::{NotAsked, in_time};

/// A payload's bytes change with its digest only, so that whoever was given them may keep them for a year; a cache that is shared may not, as it doesn't know
/// who else may have them.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// That a range is none is kept by nobody.
const UNKEPT: HeaderValue = HeaderValue::from_static("no-store");

/// Tells a proxy to hand on each byte as it comes. One that takes the whole first, as fast as it can, would make the server believe that the device has it;
/// and the line's rate would be the proxy's alone. nginx heeds it, and others do.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A payload that is ready to be sent.
pub(crate) struct Download {
    digest: Digest,
    len: u64,
    source: Source,
    kept: HeaderValue,
    /// The place that its device has for it, if it is a device's.
    place: Option<DevicePlace>,
}

enum Source {
    Blob(Arc<dyn Blobs>),
    Memory(Bytes),
}

impl Download {
    /// A payload that is kept in `blobs`.
    pub(crate) fn from_blob(blobs: Arc<dyn Blobs>, payload: ReleasePayload) -> Self {
        Self {
            digest: payload.image,
            len: payload.bytes,
            source: Source::Blob(blobs),
            kept: IMMUTABLE,
            place: None,
        }
    }

    /// A payload in memory.
    pub(crate) fn from_bytes(digest: Digest, bytes: Vec<u8>) -> Self {
        Self {
            digest,
            len: bytes.len() as u64,
            source: Source::Memory(bytes.into()),
            kept: IMMUTABLE,
            place: None,
        }
    }

    /// The same, for a device, which has this place until the last byte has left.
    pub(crate) fn of(self, place: DevicePlace) -> Self {
        Self {
            place: Some(place),
            ..self
        }
    }

    /// The same, where the address alone says who may have it: caches are told this.
    pub(crate) fn kept_by_all(self, kept: HeaderValue) -> Self {
        Self { kept, ..self }
    }

    /// The SHA-256 of a range, which is read for that.
    ///
    /// # Errors
    /// If it can't be read to its end.
    pub(crate) async fn digest_of(&self, range: Range<u64>) -> Result<[u8; 32], Refused> {
        let mut pieces = self.bytes(range).await?;
        let mut sum = Sha256::new();
        while let Some(piece) = pieces.try_next().await.map_err(|error| {
            tracing::error!(%error, image = %self.digest, "a piece of a payload can't be read");
            Refused::from(NotAsked)
        })? {
            sum.update(&piece);
        }
        Ok(sum.finalize().into())
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
        let kept = self.kept.clone();
        let mut response = self.sent(headers, line).await?;
        let kept = match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => UNKEPT,
            _ => kept,
        };
        response.headers_mut().insert(CACHE_CONTROL, kept);
        Ok(response)
    }

    async fn sent(self, headers: &HeaderMap, line: &Arc<Line>) -> Result<Response, Refused> {
        let (len, etag) = (self.len, self.etag());
        match part(wanted_range(headers, &etag), len) {
            Part::Whole => Ok(response(
                StatusCode::OK,
                &etag,
                len,
                None,
                body(line.clone(), self.bytes(0..len).await?, self.place),
            )),
            Part::Bytes { first, last } => {
                let span = last - first + 1;
                let range = format!("bytes {first}-{last}/{len}");
                let body = body(line.clone(), self.bytes(first..last + 1).await?, self.place);
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
        mut self,
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
        let place = self.place.take();
        let body = body(line.clone(), whole.pieces(self), place);
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

/// How many bytes a request with these headers asks for, of `len`, if they are one part of it that ends with the last one: the whole, what is left of it for
/// whoever goes on, or half of it at least. A client that installs while it reads looks at the end first, and names both ends of what it wants: that is
/// none of these.
pub(crate) fn up_to_the_end(headers: &HeaderMap, len: u64) -> Option<u64> {
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    match part(range, len) {
        Part::Whole => Some(len),
        Part::Bytes { first, last } if last + 1 == len => {
            let bytes = len - first;
            let is_rest = range.is_some_and(|range| range.trim_end().ends_with('-'));
            (is_rest || bytes >= len - bytes).then_some(bytes)
        }
        _ => None,
    }
}

/// The one range that a header asks for, if it is a part with a length that is there.
pub(crate) fn one_range(header: &str, len: u64) -> Option<Range<u64>> {
    match part(Some(header), len) {
        Part::Bytes { first, last } => Some(first..last + 1),
        Part::Whole | Part::Unsatisfiable => None,
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
    set(ETAG, etag);
    set(BUFFERING, "no");
    set(CONTENT_LENGTH, &len.to_string());
    if let Some(range) = range {
        set(CONTENT_RANGE, &range);
    }
    response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
    response
}
