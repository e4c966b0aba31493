//! From untrusted bytes to [`Verified`] documents: who must have signed, and whether they did.
//!
//! The policy is an AND, where standard processors accept any one signature:
//! - a signer's role comes from the key id through the root, never from a label in the block;
//! - each required role must reach its threshold of different *holders*, in each required algorithm;
//! - a block by an unknown key is ignored and never counts (a newer root may know it);
//! - a malformed block, or one by a known key that fails in any way, refuses the whole document;
//! - a revoked key's block refuses; a retired key's counts only up to its last sequence number.
//!
//! Nothing here asks whether *this* device may install a release: see
//! [`admission`](crate::admission).

use crate::cose::{BLOCKS_MAX, Block, ToBeSigned};
use crate::envelope::{Envelope, manifest_digest, suit_digest};
use crate::manifest::Manifest;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::root::{Key, KeyState, ROOT_CONTENT_TYPE, Role, Root};
use crate::root_rules::{self, distinct_holders};
use crate::signed::Signed;
use crate::status::{STATUS_CONTENT_TYPE, Status};
use heapless::Vec;

/// A document whose signatures were checked. Only this module makes one.
#[derive(Clone, Debug)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The document.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The document, giving up the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Opens the root that this device was given when it was made.
///
/// The caller has pinned these very bytes; what is checked is that the root is valid and signed to
/// its own threshold, so that a damaged or half-made root never comes into use. It proves nothing
/// about bytes from elsewhere.
///
/// # Errors
/// What [`root_rules::check`] and the policy above refuse. Expiry is asked at install, not here: an
/// expired root must still be able to start the device and to accept its successor.
pub fn pinned_root<'a>(
    signed: &'a [u8],
    primitives: &impl Primitives,
) -> Result<Verified<Root<'a>>, Refusal> {
    let signed = Signed::parse(signed)?;
    let root = Root::parse(signed.payload)?;
    root_rules::check(&root, primitives)?;
    let claim = Claim {
        payload: signed.payload,
        content_type: Some(ROOT_CONTENT_TYPE),
        sequence: root.version.into(),
    };
    require_signed(&signed, &claim, &root, Role::Root, primitives)?;
    Ok(Verified(root))
}

/// Opens a release: its manifest is authentic, and every role that the root demands of its class
/// has signed it.
///
/// # Errors
/// [`Refusal::ManifestDigest`], the manifest's own refusals, then those of the policy above.
pub fn release<'a>(
    envelope: &'a [u8],
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Verified<Manifest<'a>>, Refusal> {
    let envelope = Envelope::parse(envelope)?;
    if !manifest_digest(envelope.manifest, primitives).ct_eq(&envelope.digest) {
        return Err(Refusal::ManifestDigest);
    }
    let manifest = Manifest::parse(envelope.manifest, envelope.digest)?;
    let payload = suit_digest(&envelope.digest);
    let claim = Claim {
        payload: &payload,
        content_type: None,
        sequence: manifest.sequence,
    };
    let signers = signers(&envelope.blocks, &claim, root.get(), primitives)?;
    for role in root.get().required_roles(&manifest.class_id) {
        require(root.get(), *role, &signers)?;
    }
    Ok(Verified(manifest))
}

/// Opens a status: role status has signed it. Whether it is fresh is asked by
/// [`admit`](crate::admit).
///
/// # Errors
/// The status's own refusals, then those of the policy above.
pub fn status<'a>(
    signed: &'a [u8],
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Verified<Status<'a>>, Refusal> {
    let signed = Signed::parse(signed)?;
    let status = Status::parse(signed.payload)?;
    let claim = Claim {
        payload: signed.payload,
        content_type: Some(STATUS_CONTENT_TYPE),
        sequence: status.seq,
    };
    require_signed(&signed, &claim, root.get(), Role::Status, primitives)?;
    Ok(Verified(status))
}

/// What the blocks of a document must have signed.
struct Claim<'c> {
    payload: &'c [u8],
    content_type: Option<&'static str>,
    sequence: u64,
}

/// Whether one of our own documents is signed by its one role.
fn require_signed(
    signed: &Signed<'_>,
    claim: &Claim<'_>,
    root: &Root<'_>,
    role: Role,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let signers = signers(&signed.blocks, claim, root, primitives)?;
    require(root, role, &signers)
}

type Signers<'r, 'k> = Vec<&'r Key<'k>, BLOCKS_MAX>;

/// The listed keys whose blocks hold. A key that signed twice is there twice; counting people
/// takes care of that.
fn signers<'r, 'k>(
    blocks: &[&[u8]],
    claim: &Claim<'_>,
    root: &'r Root<'k>,
    primitives: &impl Primitives,
) -> Result<Signers<'r, 'k>, Refusal> {
    let mut signers = Signers::new();
    for bytes in blocks {
        let block = Block::parse(bytes)?;
        if let Some(key) = root.key(&block.protected.kid) {
            check_block(&block, key, claim, root, primitives)?;
            signers.push(key).map_err(|_| Refusal::TooLarge)?;
        }
    }
    if signers.is_empty() {
        Err(Refusal::Unsigned)
    } else {
        Ok(signers)
    }
}

fn check_block(
    block: &Block<'_>,
    key: &Key<'_>,
    claim: &Claim<'_>,
    root: &Root<'_>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    if block.protected.content_type != claim.content_type {
        return Err(Refusal::WrongDocument);
    }
    if block.protected.algorithm != key.public.algorithm().cose_id() {
        return Err(Refusal::WrongAlgorithm);
    }
    if !primitives.supports(key.public.algorithm()) {
        return Err(Refusal::AlgorithmUnsupported);
    }
    check_state(key.state, claim.sequence)?;
    let approves = claim.content_type.is_none() && root.role(Role::Release).keys.contains(&key.id);
    if block.protected.approval.is_some() != approves {
        return Err(Refusal::ApprovalUnbound);
    }
    let message =
        ToBeSigned::new(&block.protected, claim.payload).map_err(|_| Refusal::FieldInvalid)?;
    let verified = primitives.verify(&key.public, &message.parts(), block.signature);
    verified.map_err(|_| Refusal::BadSignature)
}

fn check_state(state: KeyState, sequence: u64) -> Result<(), Refusal> {
    match state {
        KeyState::Active => Ok(()),
        KeyState::Retired { max_sequence } if sequence <= max_sequence => Ok(()),
        KeyState::Retired { .. } => Err(Refusal::RetiredKey),
        KeyState::Revoked => Err(Refusal::RevokedKey),
    }
}

/// Whether enough holders of `role` are among the signers. A role that nobody holds, or that
/// demands no algorithm, is never reached.
fn require(root: &Root<'_>, role: Role, signers: &Signers<'_, '_>) -> Result<(), Refusal> {
    let rule = root.role(role);
    if rule.required_algorithms.is_empty() {
        return Err(missing(role));
    }
    for algorithm in &rule.required_algorithms {
        let counts =
            |key: &&Key<'_>| rule.keys.contains(&key.id) && key.public.algorithm() == *algorithm;
        match distinct_holders(signers.iter().copied().filter(counts)) {
            0 => return Err(missing(role)),
            people if people < usize::from(rule.threshold) => return Err(Refusal::ThresholdNotMet),
            _ => {}
        }
    }
    Ok(())
}

fn missing(role: Role) -> Refusal {
    match role {
        Role::Build => Refusal::BuildMissing,
        Role::Release => Refusal::ApprovalMissing,
        Role::Root | Role::Operations | Role::Revocation | Role::Status => Refusal::RoleMissing,
    }
}
