//! The bytes of a blob on their way in: gathered into large pieces, and held to their announcement.
//!
//! Read [`Incoming`].

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Fuse, StreamExt as _, TryStreamExt as _};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

use super::{Pieces, PutError};
use crate::StoreError;

/// What still comes of a blob.
pub(super) struct Incoming<'a> {
    pieces: Fuse<Pieces<'a>>,
    gathered: BytesMut,
    expected: u64,
    found: u64,
    hasher: Sha256,
}

impl<'a> Incoming<'a> {
    /// Begins; `expected` bytes are announced.
    pub fn new(pieces: Pieces<'a>, expected: u64) -> Self {
        Self {
            pieces: pieces.fuse(),
            gathered: BytesMut::new(),
            expected,
            found: 0,
            hasher: Sha256::new(),
        }
    }

    /// The next bytes: `wanted` of them or more, or all that is left; none at the end.
    ///
    /// # Errors
    /// As [`super::Blobs::put`], as soon as there are more than were announced.
    pub async fn next(&mut self, wanted: usize) -> Result<Option<Bytes>, PutError> {
        while self.gathered.len() < wanted {
            let Some(piece) = self.pieces.try_next().await.map_err(PutError::Source)? else {
                break;
            };
            self.found = self.found.saturating_add(piece.len() as u64);
            if self.found > self.expected {
                return Err(wrong(format_args!(
                    "it has more than {} bytes",
                    self.expected
                )));
            }
            self.hasher.update(&piece);
            self.gathered.extend_from_slice(&piece);
        }
        let next = self.gathered.split().freeze();
        Ok((!next.is_empty()).then_some(next))
    }

    /// Whether all that came is what was announced.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it isn't.
    pub fn finish(self, digest: &Digest) -> Result<(), PutError> {
        if self.found != self.expected {
            let (found, expected) = (self.found, self.expected);
            return Err(wrong(format_args!("it has {found} bytes, not {expected}")));
        }
        if self.hasher.finalize().as_slice() != digest.0 {
            return Err(wrong(format_args!("its digest isn't {digest}")));
        }
        Ok(())
    }
}

fn wrong(because: std::fmt::Arguments<'_>) -> PutError {
    StoreError::damaged("blob", because).into()
}
