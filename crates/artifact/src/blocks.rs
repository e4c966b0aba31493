//! Signature blocks: how one is made, how a release carries them, and what each of them is worth.
//!
//! Whether a block is good is always asked of [`trust::verify`](mainstay_trust::verify), never decided
//! here. Read [`SeenBlock`] first.

use mainstay_trust::cose::{Approval, BLOCK_BYTES_MAX, Block, Protected, ToBeSigned};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::{
    EncodeError, Envelope, KeyId, List, Manifest, Primitives, Refusal, Role, Root, SuitDigest,
    Verified, verify,
};

use crate::{SignError, Signer};

/// Why a block can't be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// What should be signed is not in order.
    #[error("this can't be signed: {0}")]
    Refused(#[from] Refusal),
    /// One person counts once.
    #[error("{holder} has signed this already")]
    AlreadySigned {
        /// Who.
        holder: String,
    },
    /// The root doesn't let this key do that.
    #[error("the root doesn't list the key {key_id} of {holder} in role {}", .role.id())]
    WithoutRole {
        /// Who would sign.
        holder: String,
        /// With which key.
        key_id: KeyId,
        /// As what.
        role: Role,
    },
    /// The key store failed.
    #[error(transparent)]
    Key(#[from] SignError),
}

impl BlockError {
    /// Stable id of this error; a refusal keeps the id that a device would report.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.id(),
            Self::AlreadySigned { .. } => "artifact.already-signed",
            Self::WithoutRole { .. } => "artifact.key-without-role",
            Self::Key(error) => error.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.cure(),
            Self::AlreadySigned { .. } => {
                "Let another person sign; building and approving take two people."
            }
            Self::WithoutRole { .. } => {
                "Sign with a key of that role, or publish a root that lists this one."
            }
            Self::Key(error) => error.cure(),
        }
    }
}

impl From<EncodeError> for BlockError {
    fn from(error: EncodeError) -> Self {
        Self::Refused(refusal_of(error))
    }
}

/// What a device would call a document that can't be written.
pub(crate) fn refusal_of(error: EncodeError) -> Refusal {
    match error {
        EncodeError::Refused(refusal) => refusal,
        EncodeError::BufferTooSmall => Refusal::TooLarge,
    }
}

/// One block of a release, and what the root says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBlock {
    /// The key that it names.
    pub key_id: KeyId,
    /// Who holds that key by the root; none if the root doesn't list it.
    pub holder: Option<String>,
    /// The roles of that key by the root.
    pub roles: Vec<Role>,
    /// For an approval, what it rests on.
    pub approval: Option<Approval>,
    /// Whether a device that looked at this block alone would count it.
    pub verdict: Result<(), Refusal>,
}

/// Every block of a release that is intact, each judged alone under `root`.
pub fn seen(
    envelope: &[u8],
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Vec<SeenBlock>, Refusal> {
    let (envelope, _) = open(envelope, primitives)?;
    let look = |bytes: &[u8]| {
        let block = Block::parse(bytes)?;
        let alone = with_blocks(&envelope, &[bytes])?;
        Ok(see(
            &block,
            root.get(),
            verify::release(&alone, root, primitives),
        ))
    };
    envelope.blocks.iter().map(look).collect()
}

fn see<T>(block: &Block<'_>, root: &Root<'_>, alone: Result<T, Refusal>) -> SeenBlock {
    let key_id = block.protected.kid;
    let plays = |role: &Role| root.role(*role).keys.contains(&key_id);
    SeenBlock {
        key_id,
        holder: root.key(&key_id).map(|key| key.holder.to_owned()),
        roles: Role::ALL.into_iter().filter(plays).collect(),
        approval: block.protected.approval,
        verdict: alone
            .map(|_| ())
            .or_else(|refusal| match only_too_few(refusal) {
                true => Ok(()),
                false => Err(refusal),
            }),
    }
}

/// Refusals that say no more than that other signatures are still to come.
pub(crate) fn only_too_few(refusal: Refusal) -> bool {
    use Refusal::{ApprovalMissing, BuildMissing, HybridIncomplete, RoleMissing, ThresholdNotMet};
    matches!(
        refusal,
        BuildMissing | ApprovalMissing | RoleMissing | ThresholdNotMet | HybridIncomplete
    )
}

/// Takes an envelope apart and makes sure that it is whole: its digest is its manifest's.
pub(crate) fn open<'a>(
    bytes: &'a [u8],
    primitives: &impl Primitives,
) -> Result<(Envelope<'a>, Manifest<'a>), Refusal> {
    let envelope = Envelope::parse(bytes)?;
    let manifest = envelope.open(primitives)?;
    Ok((envelope, manifest))
}

/// Whether role build alone has reached what the root demands of it.
pub(crate) fn check_build(
    envelope: &Envelope<'_>,
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let builders = &root.get().role(Role::Build).keys;
    let by_builder = |bytes: &&[u8]| {
        Block::parse(bytes).is_ok_and(|block| builders.contains(&block.protected.kid))
    };
    let blocks: Vec<_> = envelope.blocks.iter().filter(by_builder).collect();
    if blocks.is_empty() && !envelope.blocks.is_empty() {
        return Err(Refusal::BuildMissing);
    }
    // Role build is asked first; once it is reached, what is missing is the approval.
    match verify::release(&with_blocks(envelope, &blocks)?, root, primitives) {
        Ok(_) | Err(Refusal::ApprovalMissing) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// The same release with these blocks instead of its own.
pub(crate) fn with_blocks(envelope: &Envelope<'_>, blocks: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    encode_envelope(&envelope.digest, blocks, envelope.manifest).map_err(refusal_of)
}

/// An envelope of its three parts.
pub(crate) fn encode_envelope(
    digest: &SuitDigest,
    blocks: &[&[u8]],
    manifest: &[u8],
) -> Result<Vec<u8>, EncodeError> {
    let envelope = Envelope {
        digest: *digest,
        blocks: List::from(blocks),
        manifest,
    };
    written(ENVELOPE_BYTES_MAX, |buf| envelope.encode(buf))
}

/// A block by `signer` over `payload`. The signature is checked before it is given out, so that a
/// faulty token is found where it is, and not on a device.
pub(crate) fn make(
    signer: &dyn Signer,
    content_type: Option<&str>,
    approval: Option<Approval>,
    payload: &[u8],
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let protected = Protected {
        algorithm: signer.public_key().algorithm().cose_id(),
        content_type,
        kid: signer.key_id(),
        approval,
    };
    let message = ToBeSigned::new(&protected, payload)?;
    let signature = signer.sign(&message.parts().concat())?;
    primitives
        .verify(&signer.public_key(), &message.parts(), &signature)
        .map_err(|_| faulty(signer))?;
    let block = Block {
        protected,
        signature: &signature,
    };
    Ok(written(BLOCK_BYTES_MAX, |buf| block.encode(buf))?)
}

fn faulty(signer: &dyn Signer) -> SignError {
    let cause = "its signature doesn't verify with its own public key";
    SignError::new(signer.holder(), cause)
}

/// What `encode` writes into a buffer of `bytes_max`.
pub(crate) fn written(
    bytes_max: usize,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0; bytes_max];
    let len = encode(&mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}
