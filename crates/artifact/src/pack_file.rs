//! Packing a whole artifact file, and signing it, in one pass over the image.
//!
//! What is hashed is what is written: the image is read once, so it can't be exchanged between two
//! readings, and never lies in memory. The caller gives an empty stream of its own and throws it
//! away after an error; a file should get its name only when all is done. Read [`into_file`] first.

use std::io::{Read, Seek, Write};

use mainstay_trust::cose::{BLOCK_BYTES_MAX, Block, Protected};
use mainstay_trust::key::SIGNATURE_BYTES_MAX;
use mainstay_trust::{Algorithm, Banks, Image, Primitives, Role, Root, Verified, strength};

use crate::blocks::{self, BlockError};
use crate::container::{ContainerError, Unfinished};
use crate::pack::{self, PackError, PackRequest, Packed};
use crate::payload::Payload;
use crate::sign;
use crate::signer::Signer;

/// Who signs what was packed, if it isn't left to a later step.
#[derive(Clone, Copy)]
pub struct Builder<'a> {
    /// The builder's key.
    pub signer: &'a dyn Signer,
    /// The root, so that a key without the role is refused before anything is written.
    pub root: &'a Verified<Root<'a>>,
}

/// Writes one artifact file around `payload`, which must have `payload_bytes` and no more.
///
/// # Errors
/// Whatever [`pack`](crate::pack()) refuses; a payload of another length than was announced; a
/// builder's key that may not or does not sign.
pub fn into_file(
    request: &PackRequest,
    payload: &mut dyn Read,
    payload_bytes: u64,
    builder: Option<Builder<'_>>,
    out: &mut (impl Write + Seek),
    primitives: &impl Primitives,
) -> Result<Packed, PackError> {
    pack::check(request)?;
    pack::check_size(payload_bytes)?;
    let room = envelope_bytes(request, payload_bytes, builder, primitives)?;
    let unfinished = Unfinished::begin(out, room, payload_bytes)?;
    let found = pack::copy_measured(payload, out, request.measuring(primitives))?;
    if found.whole.bytes != payload_bytes {
        let announced = payload_bytes;
        return Err(ContainerError::PayloadStream { announced }.into());
    }
    let mut packed = pack::describe(request, &found, primitives)?;
    if let Some(Builder { signer, root }) = builder {
        packed.envelope =
            sign::add_build_signature(&packed.envelope, signer, Some(root), primitives)?;
    }
    unfinished.finish(out, &packed.envelope)?;
    Ok(packed)
}

/// The size that the finished envelope will have: every digest and every signature of one algorithm
/// is as long as any other, so blank ones do.
fn envelope_bytes(
    request: &PackRequest,
    payload_bytes: u64,
    builder: Option<Builder<'_>>,
    primitives: &impl Primitives,
) -> Result<u64, PackError> {
    let blank = blank_payload(request, payload_bytes, primitives);
    let blank = pack::describe(request, &blank, primitives)?.envelope;
    let Some(Builder { signer, root }) = builder else {
        return Ok(blank.len() as u64);
    };
    sign::check_role(signer, Role::Build, root.get())?;
    let (envelope, manifest) = blocks::open(&blank, primitives).map_err(BlockError::from)?;
    strength::check(&manifest, root.get(), primitives).map_err(BlockError::from)?;
    let block = blank_block(signer)?;
    let signed = blocks::with_blocks(&envelope, &[&block]).map_err(BlockError::from)?;
    Ok(signed.len() as u64)
}

/// A payload of this size and make.
fn blank_payload(request: &PackRequest, bytes: u64, primitives: &impl Primitives) -> Payload {
    let empty = request.measuring(primitives).finish().whole;
    let sized = |bytes| Image { bytes, ..empty };
    let parts = |a: u64| Banks::known([sized(a.min(bytes)), sized(bytes.saturating_sub(a))]);
    Payload {
        whole: sized(bytes),
        banks: request.bank_a_bytes.and_then(parts),
    }
}

fn blank_block(signer: &dyn Signer) -> Result<Vec<u8>, PackError> {
    let algorithm = signer.public_key().algorithm();
    let protected = Protected {
        algorithm: algorithm.cose_id(),
        content_type: None,
        kid: signer.key_id(),
        approval: None,
    };
    let block = Block {
        protected,
        signature: &[0; SIGNATURE_BYTES_MAX][..signature_bytes(algorithm)],
    };
    Ok(blocks::written(BLOCK_BYTES_MAX, |buf| block.encode(buf))?)
}

/// Bytes of every signature of an algorithm, by the table of [`mainstay_trust::key`].
fn signature_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Esp256 | Algorithm::Ed25519 => 64,
        Algorithm::Esp384 => 96,
        Algorithm::MlDsa65 => 3309,
        Algorithm::MlDsa87 | Algorithm::HssLms => SIGNATURE_BYTES_MAX,
    }
}
