//! The answers: what a device is to do next.

use mainstay_trust::Digest;
use minicbor::{Decode, Encode};

/// What to do next, and until when the device may sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Directive<'a> {
    /// The number of the last report that is durable at the server; those up to it may be forgotten.
    #[n(0)]
    pub acknowledged: u32,
    /// Seconds until the next check-in.
    #[n(1)]
    pub poll_after_s: u32,
    /// The signed status, which echoes the check-in's nonce; empty if there is nothing to install.
    #[cbor(b(2), with = "minicbor::bytes")]
    pub status: &'a [u8],
    /// What to do.
    #[b(3)]
    pub todo: Todo<'a>,
    /// The signed root that follows the device's own. A device that is several behind takes one with
    /// each check-in, and checks in again at once.
    #[cbor(b(4), with = "crate::wire::optional", has_nil)]
    pub root: Option<&'a [u8]>,
    /// The newest signed revocations, for a device that holds others.
    #[cbor(b(5), with = "crate::wire::optional", has_nil)]
    pub revocations: Option<&'a [u8]>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Todo<'a> {
    /// Nothing.
    #[n(0)]
    Nothing,
    /// Install this release, if the device agrees.
    #[n(1)]
    Install {
        /// The release's envelope, for the device to verify.
        #[cbor(b(0), with = "minicbor::bytes")]
        envelope: &'a [u8],
        /// Under which digest the image can be fetched. What counts is the digest in the envelope.
        #[cbor(n(1), with = "crate::wire::digest")]
        image_digest: Digest,
        /// How many bytes to expect. What counts is the size in the envelope.
        #[n(2)]
        image_bytes: u32,
        /// The signed schedule, for a class that needs one.
        #[cbor(b(3), with = "crate::wire::optional", has_nil)]
        schedule: Option<&'a [u8]>,
    },
}

/// Reports arrived and are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Acknowledged {
    /// The number of the last of them.
    #[n(0)]
    pub seq: u32,
}
