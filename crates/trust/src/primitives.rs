//! The narrow door to cryptography: a hash, and a signature check.
//!
//! Policy code is written against [`Primitives`] and is therefore one and the same on a
//! microcontroller and on a host. No implementation may keep state between calls.

use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::key::{Algorithm, PublicKey};

/// A computation of SHA-256, or of another hash with digests `D`, under way.
pub trait Hasher<D = Digest> {
    /// Takes in more bytes; how they are cut into pieces doesn't matter.
    fn update(&mut self, bytes: &[u8]);

    /// Ends the computation.
    fn finish(self) -> D;
}

/// For libraries without such a hash: this one is never begun.
impl<D> Hasher<D> for core::convert::Infallible {
    fn update(&mut self, _: &[u8]) {
        match *self {}
    }

    fn finish(self) -> D {
        match self {}
    }
}

/// The signature isn't one by this key over this message (or the key isn't a point of its curve).
///
/// It says no more than that: a reason in finer grain helps only an attacker.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("the signature doesn't verify")]
pub struct BadSignature;

/// What the policy needs of a cryptographic library.
pub trait Primitives {
    /// The library's SHA-256. It may be handed to another thread, where there are some.
    type Hasher: Hasher + Send;

    /// Begins a SHA-256 computation.
    fn hasher(&self) -> Self::Hasher;

    /// The library's SHA-384; [`Infallible`](core::convert::Infallible) where it has none.
    type Hasher384: Hasher<Digest384> + Send;

    /// Begins a SHA-384 computation; none if the library has none. A release that is bound by what
    /// can't be computed is refused.
    fn hasher384(&self) -> Option<Self::Hasher384>;

    /// Whether [`verify`](Primitives::verify) can check signatures of this algorithm. What can't be
    /// checked is refused, never passed over.
    fn supports(&self, algorithm: Algorithm) -> bool;

    /// Checks `signature`, in the form that [`key`](crate::key) tabulates, by `key` over the
    /// concatenation of the parts of `message`, hashing inside.
    ///
    /// # Errors
    /// [`BadSignature`]; also for an algorithm that isn't supported.
    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature>;

    /// The SHA-256 digest of `bytes`.
    fn digest(&self, bytes: &[u8]) -> Digest {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish()
    }
}
