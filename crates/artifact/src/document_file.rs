//! Signed documents of our own, as files: made without signatures, which are then collected one by
//! one from holders who may never meet.
//!
//! Which keys count, and how many it takes, is `trust`'s business; a document with too few
//! signatures is a file like any other, and no device accepts it. Read [`sign`] first.

use mainstay_trust::cose::Block;
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::{Document, EncodeError, List, Primitives, Refusal, Root};

use crate::blocks::{self, BlockError};
use crate::signer::Signer;

/// The document, signed by all of `signers`.
pub fn sign<'d, D: Document<'d>>(
    document: &D,
    signers: &[&dyn Signer],
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let mut bytes = unsigned(document)?;
    for signer in signers {
        bytes = add_block(&bytes, D::CONTENT_TYPE, *signer, primitives)?;
    }
    Ok(bytes)
}

/// The document without signatures.
pub fn unsigned<'d, D: Document<'d>>(document: &D) -> Result<Vec<u8>, BlockError> {
    let payload = blocks::written(D::BYTES_MAX, |buf| document.encode(buf))?;
    Ok(framed(&payload, &[])?)
}

/// What a signed document says, unverified.
pub fn read<'d, D: Document<'d>>(signed: &'d [u8]) -> Result<D, Refusal> {
    D::parse(Signed::parse(signed)?.payload)
}

/// The document with one signature more, as what it is. The same key signs once.
pub fn add_signature<'d, D: Document<'d>>(
    signed: &'d [u8],
    signer: &dyn Signer,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    read::<D>(signed)?;
    add_block(signed, D::CONTENT_TYPE, signer, primitives)
}

/// As [`add_signature`], for a signer whom `root` lists in the document's role: another one's signature
/// would count for nothing on any device.
pub fn add_role_signature<'d, D: Document<'d>>(
    signed: &'d [u8],
    signer: &dyn Signer,
    root: &Root<'_>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    read::<D>(signed)?;
    crate::sign::check_role(signer, D::ROLE, root)?;
    add_block(signed, D::CONTENT_TYPE, signer, primitives)
}

fn add_block(
    signed: &[u8],
    content_type: &'static str,
    signer: &dyn Signer,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let document = Signed::parse(signed)?;
    for bytes in document.blocks.iter() {
        if Block::parse(bytes)?.protected.kid == signer.key_id() {
            return Err(BlockError::AlreadySigned {
                holder: signer.holder().to_owned(),
            });
        }
    }
    let block = blocks::make(
        signer,
        Some(content_type),
        None,
        document.payload,
        primitives,
    )?;
    let all: Vec<&[u8]> = document.blocks.iter().chain([&block[..]]).collect();
    Ok(framed(document.payload, &all)?)
}

/// The keys that signed a document, by what its blocks claim.
pub fn claimed_signers(signed: &[u8]) -> Result<Vec<mainstay_trust::KeyId>, Refusal> {
    let blocks = Signed::parse(signed)?.blocks;
    let kid = |bytes: &[u8]| Block::parse(bytes).map(|block| block.protected.kid);
    blocks.iter().map(kid).collect()
}

fn framed(payload: &[u8], all: &[&[u8]]) -> Result<Vec<u8>, EncodeError> {
    let blocks = List::from(all);
    blocks::written(SIGNED_BYTES_MAX, |buf| {
        Signed { payload, blocks }.encode(buf)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;
    use mainstay_trust::{RustCrypto, Status, verify};

    #[test]
    fn a_device_believes_the_status_key_only() {
        let document = fixture::root();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        let status = Status {
            seq: 7,
            issued: 1_000,
            expires: 2_000,
            root_version: 1,
            revocations: None,
            held: List::from(&[mainstay_trust::Digest([5; 32])][..]),
            nonce: Some(&[9; 16]),
        };
        let signed = sign(&status, &[&fixture::server()], &RustCrypto).unwrap();
        let read = verify::status(&signed, &root, &RustCrypto)
            .unwrap()
            .into_inner();
        assert_eq!(read, status);
        let by_builder = sign(&status, &[&fixture::ana()], &RustCrypto).unwrap();
        let refused = verify::status(&by_builder, &root, &RustCrypto).unwrap_err();
        assert_eq!(refused.id(), "trust.role-missing");
    }
}
