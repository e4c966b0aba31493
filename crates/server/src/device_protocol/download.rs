//! Turning a payload and a `Range` header into an HTTP answer.
//!
//! It never decides who may download; [`super::payload`] does. The strong `ETag` is the digest:
//! equal digests are equal bytes (RFC 9110, section 8.8.3). Read [`Download`] first.

use std::io::Cursor;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use mainstay_trust::Digest;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use super::line::{Line, body};
use super::range::{Part, part};
use crate::problem::Refused;

/// A payload's bytes change with its digest only, so any cache may keep them for a year.
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

/// A payload that is ready to be sent.
pub(crate) struct Download {
    digest: Digest,
    len: u64,
    source: Source,
}

enum Source {
    File(File),
    Memory(Vec<u8>),
}

impl Download {
    /// A payload in an open file of `len` bytes.
    pub(crate) fn from_file(digest: Digest, file: File, len: u64) -> Self {
        Self {
            digest,
            len,
            source: Source::File(file),
        }
    }

    /// A payload in memory.
    pub(crate) fn from_bytes(digest: Digest, bytes: Vec<u8>) -> Self {
        Self {
            digest,
            len: bytes.len() as u64,
            source: Source::Memory(bytes),
        }
    }

    /// The answer to a request with these headers: 200, 206, or 416. Its bytes leave as `line` lets them.
    ///
    /// # Errors
    /// If the file can't be positioned.
    pub(crate) async fn answer(
        self,
        headers: &HeaderMap,
        line: &Arc<Line>,
    ) -> Result<Response, Refused> {
        let (len, etag) = (self.len, format!("\"{}\"", self.digest));
        match part(wanted_range(headers, &etag), len) {
            Part::Whole => Ok(response(
                StatusCode::OK,
                &etag,
                len,
                None,
                self.bytes(0, len, line).await?,
            )),
            Part::Bytes { first, last } => {
                let span = last - first + 1;
                let range = format!("bytes {first}-{last}/{len}");
                let body = self.bytes(first, span, line).await?;
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

    async fn bytes(self, first: u64, span: u64, line: &Arc<Line>) -> Result<Body, Refused> {
        match self.source {
            Source::Memory(bytes) => {
                let mut bytes = Cursor::new(bytes);
                bytes.set_position(first);
                Ok(body(line.clone(), bytes.take(span)))
            }
            Source::File(mut file) => {
                file.seek(SeekFrom::Start(first))
                    .await
                    .map_err(|error| Refused::internal(&error))?;
                Ok(body(line.clone(), file.take(span)))
            }
        }
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
