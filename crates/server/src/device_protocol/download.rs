//! Turning a payload and a `Range` header into an HTTP answer. Several ranges at once: `multipart.rs`.
//!
//! It never decides who may download; [`super::payload`] does. Whether a client has the bytes already is judged by `conditions.rs`. Read
//! [`Download`] first.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs, Pieces, ReleasePayload};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

use super::conditions::{Validators, Verdict};
use super::line::{Line, body};
use super::multipart::Multipart;
use super::places::DevicePlace;
use super::range::{Part, part, several};
use crate::problem::Refused;
use crate::soundness::{NotAsked, in_time};

/// A payload's bytes change with its digest only, so that whoever was given them may keep them for a year; a cache that is shared may not, as it doesn't know
/// who else may have them.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// That a range is none, or that other bytes were meant, is kept by nobody.
const UNKEPT: HeaderValue = HeaderValue::from_static("no-store");

/// Tells a proxy to hand on each byte as it comes. One that takes the whole first, as fast as it can, would make the server believe that the device has it;
/// and the line's rate would be the proxy's alone. nginx heeds it, and others do.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A payload that is ready to be sent.
pub(crate) struct Download {
    digest: Digest,
    len: u64,
    source: Source,
    validators: Validators,
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
            validators: Validators::of(&payload.image),
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
            validators: Validators::of(&digest),
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

    /// The same, of which a client may know by these that it has it.
    pub(crate) fn known_by(self, validators: Validators) -> Self {
        Self { validators, ..self }
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

    /// The answer to a request with these headers: 200, 206, or 416; or 304 or 412, by what its client says that it has. Its bytes leave as `line` lets them.
    ///
    /// # Errors
    /// If it can't be opened, or has gone since.
    pub(crate) async fn answer(
        self,
        headers: &HeaderMap,
        line: &Arc<Line>,
    ) -> Result<Response, Refused> {
        let kept = self.kept.clone();
        let mut response = match self.validators.judge(headers) {
            Verdict::Send => self.sent(headers, line).await?,
            Verdict::Unchanged => unchanged(&self.validators),
            Verdict::Failed => nothing(StatusCode::PRECONDITION_FAILED, &self.validators, None),
        };
        let kept = match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PRECONDITION_FAILED => UNKEPT,
            _ => kept,
        };
        response.headers_mut().insert(CACHE_CONTROL, kept);
        Ok(response)
    }

    async fn sent(self, headers: &HeaderMap, line: &Arc<Line>) -> Result<Response, Refused> {
        let (len, validators) = (self.len, &self.validators);
        match part(validators.wanted_range(headers), len) {
            Part::Whole => Ok(response(
                StatusCode::OK,
                validators,
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
                    validators,
                    span,
                    Some(range),
                    body,
                ))
            }
            Part::Unsatisfiable => {
                let range = Some(format!("bytes */{len}"));
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                Ok(nothing(status, validators, range))
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
        let (len, validators) = (self.len, self.validators.clone());
        let wanted = match validators.judge(headers) {
            Verdict::Send => validators.wanted_range(headers),
            Verdict::Unchanged | Verdict::Failed => None,
        };
        let Some(parts) = wanted.and_then(|range| several(range, len)) else {
            return self.answer(headers, line).await;
        };
        let whole = Multipart::of(parts, len, &self.digest);
        let (kind, bytes) = (whole.media_type(), whole.bytes());
        let place = self.place.take();
        let body = body(line.clone(), whole.pieces(self), place);
        let status = StatusCode::PARTIAL_CONTENT;
        let mut response = response(status, &validators, bytes, None, body);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(response)
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

/// The one range that a header asks for, if it is a part with a length that is there.
pub(crate) fn one_range(header: &str, len: u64) -> Option<Range<u64>> {
    match part(Some(header), len) {
        Part::Bytes { first, last } => Some(first..last + 1),
        Part::Whole | Part::Unsatisfiable => None,
    }
}

/// That a client has the bytes. What they are, and how many, it knows.
fn unchanged(validators: &Validators) -> Response {
    let mut response = nothing(StatusCode::NOT_MODIFIED, validators, None);
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        response.headers_mut().remove(name);
    }
    response
}

/// An answer without a byte of the payload.
fn nothing(status: StatusCode, validators: &Validators, range: Option<String>) -> Response {
    response(status, validators, 0, range, Body::empty())
}

fn response(
    status: StatusCode,
    validators: &Validators,
    len: u64,
    range: Option<String>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value: &str| {
        let value = HeaderValue::from_str(value);
        let value = value.expect("digits, hexadecimal, dates and fixed words only");
        response.headers_mut().insert(name, value);
    };
    set(CONTENT_TYPE, "application/octet-stream");
    set(ACCEPT_RANGES, "bytes");
    set(ETAG, validators.etag());
    if let Some(modified) = validators.last_modified() {
        set(LAST_MODIFIED, &modified);
    }
    set(BUFFERING, "no");
    set(CONTENT_LENGTH, &len.to_string());
    if let Some(range) = range {
        set(CONTENT_RANGE, &range);
    }
    response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
    response
}
