//! The envelope: a manifest, its digest, and the signatures over that digest.
//!
//! A SUIT envelope (draft-ietf-suit-manifest-37, section 8.2), its payload always detached:
//!
//! ```text
//! 107({ 2: << [ << [-16 / -43, digest] >>, * << COSE_Sign1 >> ] >>,
//!       3: << manifest >> })
//! ```
//!
//! A parsed [`Envelope`] proves nothing; [`verify::release`](crate::verify::release) does. Adding a
//! signature never changes the manifest, nor the release's identity.

use crate::cbor::{self, Canonical, EncodeError, write_wrapped};
use crate::cose::BLOCKS_MAX;
use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::encoder::{Encoder, Head};
use crate::fields::Fields;
use crate::list::List;
use crate::manifest::Manifest;
use crate::primitives::{Hasher, Primitives};
use crate::refusal::Refusal;
pub use crate::suit_digest::{
    DigestAlgorithm, SUIT_DIGEST_BYTES, SUIT_DIGEST_BYTES_MAX, SuitDigest, suit_digest,
};

/// The largest envelope: a full manifest, and three people who sign with ESP384 and ML-DSA-87 both.
/// With eight ESP256 blocks it stays below 3 KiB; a device with less memory keeps a lower bound of
/// its own.
pub const ENVELOPE_BYTES_MAX: usize = 16 * 1024;

const SUIT_ENVELOPE: u64 = 107;

/// The pieces of an envelope, borrowed from its bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Envelope<'a> {
    /// The manifest's digest, as the envelope claims it: what the signatures cover.
    pub digest: SuitDigest,
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

    /// Reads the manifest.
    ///
    /// # Errors
    /// [`Refusal::ManifestDigest`] if the envelope's digest isn't that of the manifest,
    /// [`Refusal::AlgorithmUnsupported`] if it can't be computed, the manifest's own refusals, and
    /// [`Refusal::ForeignProfile`] if its image is bound by another hash than the manifest itself.
    pub fn open(&self, primitives: &impl Primitives) -> Result<Manifest<'a>, Refusal> {
        let identity = manifest_digest(self.manifest, primitives);
        let is_own = match &self.digest {
            SuitDigest::Sha256(claimed) => claimed.ct_eq(&identity),
            SuitDigest::Sha384(claimed) => {
                claimed.ct_eq(&manifest_sha384(self.manifest, primitives)?)
            }
        };
        if !is_own {
            return Err(Refusal::ManifestDigest);
        }
        let manifest = Manifest::parse(self.manifest, identity)?;
        if manifest.image().algorithm() == self.digest.algorithm() {
            Ok(manifest)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// The release's identity, as far as the envelope says it: nothing is compared. Only where it is
    /// bound by SHA-384 the identity must be computed.
    pub fn identity(&self, primitives: &impl Primitives) -> Digest {
        match self.digest {
            SuitDigest::Sha256(claimed) => claimed,
            SuitDigest::Sha384(_) => manifest_digest(self.manifest, primitives),
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

fn read_wrapper(bytes: &[u8]) -> Result<(SuitDigest, List<'_, &[u8]>), Refusal> {
    let mut d = cbor::decoder(bytes, ENVELOPE_BYTES_MAX);
    let count = d.array();
    let digest = SuitDigest::read(&mut d);
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
        e.bytes(self.0.digest.encode(&mut [0; SUIT_DIGEST_BYTES_MAX]));
        self.0.blocks.write_items(e);
    }
}

/// The identity of a release: SHA-256 over its encoded manifest *with* the byte string around it
/// (section 8.3 of the SUIT draft).
pub fn manifest_digest(manifest: &[u8], primitives: &impl Primitives) -> Digest {
    wrapped_digest(primitives.hasher(), manifest)
}

/// SHA-384 over the same bytes as [`manifest_digest`]: what binds a release, and never names it.
///
/// # Errors
/// [`Refusal::AlgorithmUnsupported`] if the library has no SHA-384.
pub fn manifest_sha384(
    manifest: &[u8],
    primitives: &impl Primitives,
) -> Result<Digest384, Refusal> {
    let hasher = primitives
        .hasher384()
        .ok_or(Refusal::AlgorithmUnsupported)?;
    Ok(wrapped_digest(hasher, manifest))
}

fn wrapped_digest<D>(mut hasher: impl Hasher<D>, manifest: &[u8]) -> D {
    hasher.update(Head::of_bytes(manifest.len()).as_bytes());
    hasher.update(manifest);
    hasher.finish()
}
