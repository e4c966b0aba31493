//! An image's measure: its size and its digests, taken in one pass.
//!
//! What a manifest says of its image and what a received image turns out to be are both an [`Image`];
//! [`Image::check`] compares them. Read that first.

use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::primitives::{Hasher, Primitives};
use crate::refusal::Refusal;
use crate::suit_digest::DigestAlgorithm;

/// What identifies an image.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Image {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256: its name, for devices and servers alike.
    pub digest: Digest,
    /// Its SHA-384, where that is asked for.
    pub sha384: Option<Digest384>,
}

impl Image {
    /// With which hash it is bound.
    pub fn algorithm(&self) -> DigestAlgorithm {
        match self.sha384 {
            Some(_) => DigestAlgorithm::Sha384,
            None => DigestAlgorithm::Sha256,
        }
    }

    /// Decides whether `found` is this image, by everything that is known of this one.
    ///
    /// # Errors
    /// [`Refusal::PayloadSize`] or [`Refusal::PayloadDigest`].
    pub fn check(&self, found: &Image) -> Result<(), Refusal> {
        if self.bytes != found.bytes {
            return Err(Refusal::PayloadSize);
        }
        if self.digest.ct_eq(&found.digest) && self.has_sha384_of(found) {
            Ok(())
        } else {
            Err(Refusal::PayloadDigest)
        }
    }

    /// A SHA-384 that is asked for and wasn't computed is as wrong as another one.
    fn has_sha384_of(&self, found: &Image) -> bool {
        self.sha384.is_none_or(|expected| {
            let found = found.sha384.as_ref();
            found.is_some_and(|found| expected.ct_eq(found))
        })
    }
}

/// Measures an image as it comes, piece by piece.
pub struct Measuring<P: Primitives> {
    bytes: u64,
    sha256: P::Hasher,
    sha384: Option<P::Hasher384>,
}

impl<P: Primitives> Measuring<P> {
    /// Begins; SHA-384 is computed besides if `algorithm` is that.
    pub fn new(algorithm: DigestAlgorithm, primitives: &P) -> Self {
        let sha384 = match algorithm {
            DigestAlgorithm::Sha256 => None,
            DigestAlgorithm::Sha384 => primitives.hasher384(),
        };
        Measuring {
            bytes: 0,
            sha256: primitives.hasher(),
            sha384,
        }
    }

    /// Takes in more bytes; how they are cut into pieces doesn't matter.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(hasher) = &mut self.sha384 {
            hasher.update(bytes);
        }
    }

    /// Ends.
    pub fn finish(self) -> Image {
        Image {
            bytes: self.bytes,
            digest: self.sha256.finish(),
            sha384: self.sha384.map(Hasher::finish),
        }
    }
}
