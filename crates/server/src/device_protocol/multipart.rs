//! Several ranges of a payload in one answer, as `multipart/byteranges` (RFC 9110, section 14.6). Read [`Multipart`].

use std::future::ready;
use std::io;

use axum::body::Bytes;
use axum::http::HeaderValue;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use mainstay_store::Pieces;
use mainstay_trust::Digest;

use super::download::Download;

/// What follows the bytes of a part.
const END_OF_PART: &str = "\r\n";

/// An answer in parts.
#[derive(Debug)]
pub(super) struct Multipart {
    /// First and last bytes.
    parts: Vec<(u64, u64)>,
    /// Bytes of the whole payload.
    len: u64,
    /// Made of the payload's digest, which it doesn't hold itself.
    boundary: String,
}

impl Multipart {
    /// These ranges of the payload with this digest, `len` bytes in all.
    pub fn of(parts: Vec<(u64, u64)>, len: u64, digest: &Digest) -> Self {
        Self {
            parts,
            len,
            boundary: format!("mainstay-{digest}"),
        }
    }

    /// The answer's media type.
    pub fn media_type(&self) -> HeaderValue {
        let kind = format!("multipart/byteranges; boundary={}", self.boundary);
        HeaderValue::from_str(&kind).expect("hexadecimal and fixed words only")
    }

    /// The answer's length.
    pub fn bytes(&self) -> u64 {
        let part = |(first, last): &(u64, u64)| {
            let frame = self.head(*first, *last).len() + END_OF_PART.len();
            last + 1 - first + frame as u64
        };
        self.parts.iter().map(part).sum::<u64>() + self.tail().len() as u64
    }

    /// The answer, a part after the other: each is opened when the one before it has left.
    pub fn pieces(self, source: Download) -> Pieces<'static> {
        let tail = framed(self.tail());
        let heads = self
            .parts
            .iter()
            .map(|(first, last)| self.head(*first, *last));
        let parts: Vec<_> = self.parts.iter().copied().zip(heads).collect();
        let unsent = (source, parts.into_iter());
        let opened = stream::try_unfold(unsent, |(source, mut left)| async move {
            let Some(((first, last), head)) = left.next() else {
                return Ok(None);
            };
            let bytes = source.bytes(first..last + 1).await;
            let bytes = bytes.map_err(|refused| io::Error::other(refused.to_string()))?;
            let part = framed(head)
                .chain(bytes)
                .chain(framed(END_OF_PART.to_owned()));
            Ok::<_, io::Error>(Some((part, (source, left))))
        });
        Box::pin(opened.try_flatten().chain(tail))
    }

    fn head(&self, first: u64, last: u64) -> String {
        let (boundary, len) = (&self.boundary, self.len);
        format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/{len}\r\n\r\n"
        )
    }

    fn tail(&self) -> String {
        format!("--{}--\r\n", self.boundary)
    }
}

fn framed(text: String) -> Pieces<'static> {
    Box::pin(stream::once(ready(Ok(Bytes::from(text)))))
}
