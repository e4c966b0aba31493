//! SHA-384 digests: what ties signatures and images to a release where SHA-256 is held to be too short.
//!
//! A device whose roots demand P-256 alone carries nothing of this: without the feature `sha384` the
//! type has no value, so that the compiler drops whatever handles one. Read [`Digest384`] first.

use core::fmt;
use subtle::ConstantTimeEq;

use crate::decoder::Decoder;

/// Bytes in a SHA-384 digest (FIPS 180-4).
pub const DIGEST_384_BYTES: usize = 48;

#[cfg(feature = "sha384")]
type Content = [u8; DIGEST_384_BYTES];
#[cfg(not(feature = "sha384"))]
type Content = core::convert::Infallible;

/// A SHA-384 digest. Shown as 96 lower-case hexadecimal digits.
#[derive(Copy, Clone, Eq, PartialEq, Hash)]
pub struct Digest384(Content);

impl Digest384 {
    /// Whether this build knows such digests.
    pub const IS_KNOWN: bool = cfg!(feature = "sha384");

    /// That of these bytes.
    #[cfg(feature = "sha384")]
    pub const fn new(bytes: [u8; DIGEST_384_BYTES]) -> Digest384 {
        Digest384(bytes)
    }

    /// That of these bytes; none where this build knows no such digests.
    #[cfg(feature = "sha384")]
    pub const fn known(bytes: [u8; DIGEST_384_BYTES]) -> Option<Digest384> {
        Some(Digest384(bytes))
    }

    /// That of these bytes; none where this build knows no such digests.
    #[cfg(not(feature = "sha384"))]
    pub const fn known(_: [u8; DIGEST_384_BYTES]) -> Option<Digest384> {
        None
    }

    /// Its bytes.
    #[cfg(feature = "sha384")]
    pub const fn as_bytes(&self) -> &[u8; DIGEST_384_BYTES] {
        &self.0
    }

    /// Its bytes, if it could be.
    #[cfg(not(feature = "sha384"))]
    pub const fn as_bytes(&self) -> &[u8; DIGEST_384_BYTES] {
        match self.0 {}
    }

    /// Compares without leaking through time where two digests differ.
    pub fn ct_eq(&self, other: &Digest384) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// Reads a byte string of 48 bytes.
    pub(crate) fn read(d: &mut Decoder<'_>) -> Option<Digest384> {
        Digest384::known(*d.fixed())
    }
}

impl fmt::Display for Digest384 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::digest::write_hex(self.as_bytes(), f)
    }
}

impl fmt::Debug for Digest384 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest384({self})")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Digest384 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
