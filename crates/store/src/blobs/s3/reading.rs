//! A range of an object as a stream, fetched piece by piece as it is read. Read [`Source`].

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use object_store::ObjectStoreExt as _;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cause;
use crate::blobs::{PIECE_BYTES, Pieces};

/// What one request asks for, and keeps in memory until all of it was read. A device that reads slowly then holds no connection to
/// the bucket open.
const FETCH_BYTES: u64 = 4 * PIECE_BYTES as u64;
/// So many hold that much at a time, 128 MiB together; who comes then asks for [`PIECE_BYTES`] at once, as from a folder.
pub(super) const LARGE_FETCHES_MAX: usize = 512;

/// What one stream reads from.
pub(super) struct Source {
    pub bucket: AmazonS3,
    pub key: Path,
    /// Where the reading ends, in bytes.
    pub end: u64,
    /// Whether there are fewer bytes.
    pub is_short: bool,
    /// The places for large fetches, shared by all that read this bucket.
    pub large_fetches: Arc<Semaphore>,
}

/// What was fetched and not yet read, with its place among the large ones.
#[derive(Default)]
struct Fetched {
    bytes: Bytes,
    _large: Option<OwnedSemaphorePermit>,
}

impl Source {
    /// All from `start` to the end.
    pub fn pieces(self, start: u64) -> Pieces<'static> {
        let next = |(source, at, mut left): (Self, u64, Fetched)| async move {
            if left.bytes.is_empty() {
                // What was read gives its place back before the next asks for one.
                drop(left);
                left = source.fetch(at).await?;
            }
            let piece = left.bytes.split_to(left.bytes.len().min(PIECE_BYTES));
            let after = at + piece.len() as u64;
            io::Result::Ok((!piece.is_empty()).then_some((piece, (source, after, left))))
        };
        Box::pin(stream::try_unfold((self, start, Fetched::default()), next))
    }

    /// The bytes from `at` on; none at the end.
    async fn fetch(&self, at: u64) -> io::Result<Fetched> {
        if self.is_short {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (wanted, large) = self.wanted(at);
        if wanted.is_empty() {
            return Ok(Fetched::default());
        }
        let asked = (wanted.end - wanted.start) as usize;
        let found = self.bucket.get_range(&self.key, wanted).await;
        let bytes = found.map_err(|error| io::Error::other(cause(&error)))?;
        match bytes.len() == asked {
            true => Ok(Fetched {
                bytes,
                _large: large,
            }),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// What the request at this place asks for: much, if there is a place for it, or one piece.
    fn wanted(&self, at: u64) -> (Range<u64>, Option<OwnedSemaphorePermit>) {
        let large = self.large_fetches.clone().try_acquire_owned().ok();
        let bytes = match large {
            Some(_) => FETCH_BYTES,
            None => PIECE_BYTES as u64,
        };
        (at..self.end.min(at + bytes), large)
    }
}

#[cfg(test)]
mod tests {
    use mainstay_trust::Digest;

    use super::*;
    use crate::blobs::{S3Blobs, S3Place};

    fn blobs() -> S3Blobs {
        let place = S3Place {
            bucket: "blobs".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            prefix: String::new(),
            key: None,
        };
        S3Blobs::new(&place).expect("a place")
    }

    /// However many download slowly, what they hold is bounded: much for the first ones, one piece for each that comes then.
    #[test]
    fn only_so_many_hold_much_at_a_time() {
        let blobs = blobs();
        let held: Vec<_> = (0..LARGE_FETCHES_MAX + 1000)
            .map(|_| blobs.source(&Digest([7; 32]), u64::MAX, false).wanted(9))
            .collect();
        let asked = |(range, _): &(Range<u64>, _)| range.end - range.start;
        let (large, small) = held.split_at(LARGE_FETCHES_MAX);
        assert!(large.iter().all(|one| asked(one) == FETCH_BYTES));
        assert!(small.iter().all(|one| asked(one) == PIECE_BYTES as u64));
        let together: u64 = large.iter().map(asked).sum();
        assert_eq!(together, 128 << 20);
        drop(held);
        let source = blobs.source(&Digest([7; 32]), 10, false);
        assert_eq!(source.wanted(9).0, 9..10);
        let source = blobs.source(&Digest([7; 32]), u64::MAX, false);
        assert_eq!(asked(&source.wanted(0)), FETCH_BYTES);
    }
}
