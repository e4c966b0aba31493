//! The status: the server's short-lived word on what is fresh and what is on hold.
//!
//! It only ever takes permission away. A status that was only parsed proves nothing: believe one
//! that came out of [`verify::status`](crate::verify::status).
//!
//! ```text
//! { 1: seq, 2: issued, 3: expires, 4: root version, ? 5: revocations digest, 6: [* held], ? 7: nonce }
//! ```

use crate::cbor::Canonical;
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::document::{Document, lasts};
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::list::{Item, List};
use crate::refusal::Refusal;
use crate::root::Role;

/// The most releases on hold at one time. A hold is one person's brake for hours; what is bad for
/// good is revoked.
pub const HELD_MAX: u32 = 16;

/// Bytes of a check-in's nonce: 128 random bits never come twice in a device's life.
pub const NONCE_BYTES: usize = 16;

/// The longest life of a status, in seconds: a week. Without a clock a device lives by the nonce; one
/// with a clock must not be held back longer than this by a copy.
pub const STATUS_S_MAX: u64 = 7 * 86_400;

/// What is fresh, and what is on hold.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Status<'a> {
    /// Rises with every status; devices never go back.
    pub seq: u64,
    /// When it was made, in Unix seconds. A device's time never runs below this.
    pub issued: u64,
    /// From this moment on it is void, in Unix seconds; later than `issued`
    /// by at most [`STATUS_S_MAX`].
    pub expires: u64,
    /// The newest root version.
    pub root_version: u32,
    /// SHA-256 of the newest revocations document.
    pub revocations: Option<Digest>,
    /// Manifest digests of the releases on hold.
    pub held: List<'a, Digest>,
    /// The nonce of the check-in that this answers.
    pub nonce: Option<&'a [u8; NONCE_BYTES]>,
}

impl<'a> Document<'a> for Status<'a> {
    const CONTENT_TYPE: &'static str = "application/vnd.mainstay.status+cbor";
    const ROLE: Role = Role::Status;
    /// 16 held digests and some numbers.
    const BYTES_MAX: usize = 768;

    fn read(d: &mut Decoder<'a>) -> Self {
        let mut fields = Fields::open(d);
        let status = Status {
            seq: fields.need(1).u64(),
            issued: fields.need(2).u64(),
            expires: fields.need(3).u64(),
            root_version: fields.need(4).u32(),
            revocations: fields.have(5).map(Digest::read),
            held: List::read(fields.need(6), HELD_MAX),
            nonce: fields.have(7).map(Decoder::fixed),
        };
        fields.end();
        status
    }

    fn check(&self) -> Result<(), Refusal> {
        self.held.check_within(HELD_MAX)?;
        lasts(self.issued, self.expires, STATUS_S_MAX)
    }

    fn sequence(&self) -> u64 {
        self.seq
    }
}

impl Canonical for Status<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(5 + usize::from(self.revocations.is_some()) + usize::from(self.nonce.is_some()));
        e.int(1)
            .uint(self.seq)
            .int(2)
            .uint(self.issued)
            .int(3)
            .uint(self.expires);
        e.int(4).uint(self.root_version.into());
        if let Some(digest) = self.revocations {
            e.int(5).bytes(&digest.0);
        }
        self.held.write(e.int(6));
        if let Some(nonce) = self.nonce {
            e.int(7).bytes(nonce);
        }
    }
}
