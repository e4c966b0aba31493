//! Joining: a device that has no token yet shows a code, and gets its token.

use core::fmt;

use minicbor::{Decode, Encode};

/// Bytes of a device's own secret, and of its token.
pub const JOIN_SECRET_BYTES: usize = 32;

/// A device asks for its token. The same question gets the same answer, however often it is asked: a device whose answer was lost asks again.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Join<'a> {
    /// Random bytes that the device draws once and keeps, before it asks for the first time. The token hangs on them.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub secret: [u8; JOIN_SECRET_BYTES],
    /// The code that somebody brought to it.
    #[b(1)]
    pub code: &'a str,
    /// The name that it goes by.
    #[b(2)]
    pub device: &'a str,
    /// Its hardware revision, if it knows it.
    #[b(3)]
    pub hardware: Option<&'a str>,
    /// Its IANA time zone, if it knows it.
    #[b(4)]
    pub zone: Option<&'a str>,
    /// Its boot loader's version, if it knows it.
    #[b(5)]
    pub bootloader: Option<&'a str>,
}

/// The device is registered, and this is its token.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Joined {
    /// What it sends from now on, in hexadecimal, as `Authorization: Bearer`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub token: [u8; JOIN_SECRET_BYTES],
}

impl fmt::Debug for Join<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").finish_non_exhaustive()
    }
}
