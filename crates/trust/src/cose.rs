//! One signature: COSE_Sign1 with detached payload (RFC 9052, section 4.2).
//!
//! ```text
//! 18([ << protected >>, {}, nil, signature ])
//! protected = { 1: algorithm, ? 3: content type, 4: kid, ? -65537: plan revision, ? -65538: evidence }
//! ```
//!
//! Unprotected headers stay empty, so that every byte is either signed or a signature. The last two
//! labels, of the private range, are those of an approval; the content type is that of a document
//! of our own. What is signed is [`ToBeSigned`]; whoever signs and whoever verifies take it from
//! here.

use crate::cbor::{self, Canonical, EncodeError, write_wrapped};
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::encoder::{Encoder, Head};
use crate::fields::Fields;
use crate::key::{KeyId, SIGNATURE_BYTES_MAX};
use crate::list::Item;
use crate::refusal::Refusal;

/// The largest protected header: a content type, a key id and the two digests of an approval, and
/// some room.
pub const PROTECTED_BYTES_MAX: usize = 256;

/// The largest signature block.
pub const BLOCK_BYTES_MAX: usize = SIGNATURE_BYTES_MAX + PROTECTED_BYTES_MAX + 16;

/// The most signature blocks on one document: two roles of four holders, or of two who sign in two
/// algorithms each; for a root, four keepers of the old and four of the new one in two algorithms.
pub const BLOCKS_MAX: u32 = 16;

/// The longest content type. Ours have some 40 characters.
pub const CONTENT_TYPE_BYTES_MAX: usize = 64;

const COSE_SIGN1: u64 = 18;
const PLAN: i32 = -65537;
const EVIDENCE: i32 = -65538;

/// What an approval rests on. It stands in the approval's protected header, so it is signed, and
/// approving never changes the manifest.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Approval {
    /// SHA-256 of the plan revision under which the release was approved.
    pub plan: Digest,
    /// SHA-256 of the set of evidence that its gates had seen.
    pub evidence: Digest,
}

/// The protected header of a block.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Protected<'a> {
    /// The number in the COSE Algorithms registry: possibly one that this build can't check.
    pub algorithm: i32,
    /// For documents of our own, which kind it is; for SUIT blocks, none.
    pub content_type: Option<&'a str>,
    /// The signer's key.
    pub kid: KeyId,
    /// For approvals, what it rests on; for others, none.
    pub approval: Option<Approval>,
}

impl<'a> Protected<'a> {
    /// Reads the content of the protected byte string.
    fn parse(bytes: &'a [u8]) -> Result<Protected<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, PROTECTED_BYTES_MAX);
        let mut fields = Fields::open(&mut d);
        let algorithm = fields.need(1).i32();
        let content_type = fields.have(3).map(Decoder::str);
        let kid = KeyId(*fields.need(4).fixed());
        let plan = fields.have(PLAN).map(Digest::read);
        let approval = plan.map(|plan| Approval {
            plan,
            evidence: Digest::read(fields.need(EVIDENCE)),
        });
        fields.end();
        d.verdict()?;
        let protected = Protected {
            algorithm,
            content_type,
            kid,
            approval,
        };
        protected.check()?;
        Ok(protected)
    }

    /// Writes the content of the protected byte string into `buf` and returns its length.
    ///
    /// # Errors
    /// A small buffer, or a content type that can't be read back.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.check()?;
        cbor::encode_into(self, buf)
    }

    fn check(&self) -> Result<(), Refusal> {
        let plain = |text| cbor::is_plain_text(text, CONTENT_TYPE_BYTES_MAX);
        if self.content_type.is_none_or(plain) {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }
}

impl Canonical for Protected<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        let optional =
            usize::from(self.content_type.is_some()) + 2 * usize::from(self.approval.is_some());
        e.map(2 + optional).int(1).int(self.algorithm);
        if let Some(text) = self.content_type {
            e.int(3).str(text);
        }
        e.int(4).bytes(&self.kid.0);
        if let Some(approval) = self.approval {
            e.int(PLAN).bytes(&approval.plan.0);
            e.int(EVIDENCE).bytes(&approval.evidence.0);
        }
    }
}

/// A signature block: a protected header and a signature.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Block<'a> {
    /// The protected header.
    pub protected: Protected<'a>,
    /// The signature, in the form of its algorithm.
    pub signature: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads a tagged COSE_Sign1 with nil payload.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Block::encode) writes is refused.
    #[inline(never)]
    pub fn parse(bytes: &'a [u8]) -> Result<Block<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, BLOCK_BYTES_MAX);
        d.tag();
        d.array();
        let header = d.bytes();
        d.map();
        d.null();
        let signature = d.bytes();
        d.verdict()?;
        let protected = Protected::parse(header)?;
        let block = Block {
            protected,
            signature,
        };
        if cbor::is_encoding_of(&block, bytes) {
            Ok(block)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the block into `buf` and returns its length; [`BLOCK_BYTES_MAX`] is always enough.
    ///
    /// # Errors
    /// A small buffer, or a header that can't be read back.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.protected.check()?;
        cbor::encode_into(self, buf)
    }
}

impl Canonical for Block<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.tag(COSE_SIGN1).array(4);
        write_wrapped(e, &self.protected);
        e.map(0).null().bytes(self.signature);
    }
}

/// The bytes that a signature covers: `["Signature1", protected, external data, payload]`
/// (RFC 9052, section 4.4).
///
/// The message is the concatenation of [`parts`](ToBeSigned::parts); nothing is copied but the
/// header.
pub struct ToBeSigned<'a> {
    protected: [u8; PROTECTED_BYTES_MAX],
    protected_bytes: usize,
    external: &'a [u8],
    payload: &'a [u8],
    heads: [Head; 3],
}

/// `["Signature1", …`: an array of four and the context text.
const CONTEXT: &[u8] = b"\x84\x6aSignature1";

impl<'a> ToBeSigned<'a> {
    /// What to sign over `payload`: the encoded SUIT_Digest of a release, or the payload of a
    /// document of our own.
    ///
    /// The external data is the content type, so that a document of one kind never passes as
    /// another; SUIT blocks have none.
    ///
    /// # Errors
    /// A header that can't be read back.
    pub fn new(
        protected: &Protected<'a>,
        payload: &'a [u8],
    ) -> Result<ToBeSigned<'a>, EncodeError> {
        let mut bytes = [0; PROTECTED_BYTES_MAX];
        let protected_bytes = protected.encode(&mut bytes)?;
        let external = protected.content_type.unwrap_or_default().as_bytes();
        let heads = [protected_bytes, external.len(), payload.len()].map(Head::of_bytes);
        Ok(ToBeSigned {
            protected: bytes,
            protected_bytes,
            external,
            payload,
            heads,
        })
    }

    /// The message in pieces, in order.
    pub fn parts(&self) -> [&[u8]; 7] {
        let [protected, external, payload] = self.heads.each_ref().map(Head::as_bytes);
        let header = &self.protected[..self.protected_bytes];
        [
            CONTEXT,
            protected,
            header,
            external,
            self.external,
            payload,
            self.payload,
        ]
    }
}
