//! The envelope: a manifest, its digest, and the signatures over that digest.
//!
//! A SUIT envelope (draft-ietf-suit-manifest-37, section 8.2), its payload always detached:
//!
//! ```text
//! 107({ 2: << [ << [-16, digest] >>, * << COSE_Sign1 >> ] >>,
//!       3: << manifest >> })
//! ```
//!
//! A parsed [`Envelope`] proves nothing; [`verify::release`](crate::verify::release) does. Adding a
//! signature never changes the manifest, nor the release's identity.

use crate::cbor::{self, Canonical, EncodeError, write_wrapped};
use crate::cose::BLOCKS_MAX;
use crate::digest::Digest;
use crate::encoder::{Encoder, Head};
use crate::fields::Fields;
use crate::list::List;
use crate::primitives::{Hasher, Primitives};
use crate::refusal::Refusal;
use crate::suit_digest::read_suit_digest;
pub use crate::suit_digest::{SUIT_DIGEST_BYTES, suit_digest};

/// The largest envelope: a full manifest, and three people who sign with ESP384 and ML-DSA-87 both.
/// With eight ESP256 blocks it stays below 3 KiB; a device with less memory keeps a lower bound of
/// its own.
pub const ENVELOPE_BYTES_MAX: usize = 16 * 1024;

const SUIT_ENVELOPE: u64 = 107;

/// The pieces of an envelope, borrowed from its bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Envelope<'a> {
    /// The release's identity, as the envelope claims it.
    pub digest: Digest,
    /// The encoded COSE_Sign1 blocks.
    pub blocks: List<'a, &'a [u8]>,
    /// The encoded manifest, without the byte string around it.
    pub manifest: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart. The manifest and the blocks aren't read yet.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Envelope::encode) writes is refused: integrated
    /// payloads and severed elements too.
    #[inline(never)]
    pub fn parse(bytes: &'a [u8]) -> Result<Envelope<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, ENVELOPE_BYTES_MAX);
        d.tag();
        let mut fields = Fields::open(&mut d);
        let wrapper = fields.need(2).bytes();
        let manifest = fields.need(3).bytes();
        fields.end();
        d.verdict()?;
        let (digest, blocks) = read_wrapper(wrapper)?;
        let envelope = Envelope {
            digest,
            blocks,
            manifest,
        };
        if cbor::is_encoding_of(&envelope, bytes) {
            Ok(envelope)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the envelope into `buf` and returns its length; [`ENVELOPE_BYTES_MAX`] is always
    /// enough for one that devices accept.
    ///
    /// # Errors
    /// A small buffer, more than [`ENVELOPE_BYTES_MAX`] bytes, or too many blocks.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.blocks.check_within(BLOCKS_MAX)?;
        if cbor::encoded_len(self) > ENVELOPE_BYTES_MAX {
            return Err(Refusal::TooLarge.into());
        }
        cbor::encode_into(self, buf)
    }
}

fn read_wrapper(bytes: &[u8]) -> Result<(Digest, List<'_, &[u8]>), Refusal> {
    let mut d = cbor::decoder(bytes, ENVELOPE_BYTES_MAX);
    let count = d.array();
    let digest = read_suit_digest(&mut d);
    let blocks = List::read_items(&mut d, count.saturating_sub(1), BLOCKS_MAX);
    d.verdict()?;
    Ok((digest, blocks))
}

impl Canonical for Envelope<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.tag(SUIT_ENVELOPE).map(2).int(2);
        write_wrapped(e, &Wrapper(self));
        e.int(3).bytes(self.manifest);
    }
}

struct Wrapper<'e>(&'e Envelope<'e>);

impl Canonical for Wrapper<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(1 + self.0.blocks.len());
        e.bytes(&suit_digest(&self.0.digest));
        self.0.blocks.write_items(e);
    }
}

/// The identity of a release: SHA-256 over its encoded manifest *with* the byte string around it
/// (section 8.3 of the SUIT draft).
pub fn manifest_digest(manifest: &[u8], primitives: &impl Primitives) -> Digest {
    let mut hasher = primitives.hasher();
    hasher.update(Head::of_bytes(manifest.len()).as_bytes());
    hasher.update(manifest);
    hasher.finish()
}
