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

use crate::bundle::BundleStatement;
use crate::cose::{Block, ToBeSigned};
use crate::digest::Digest;
use crate::document::Document;
use crate::envelope::{Envelope, SUIT_DIGEST_BYTES_MAX};
use crate::key::KeyId;
use crate::key_set::KeySet;
use crate::list::List;
use crate::manifest::Manifest;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::revocations::Revocations;
use crate::root::{Key, KeyState, Role, Root};
use crate::root_rules;
use crate::schedule::Schedule;
use crate::signed::Signed;
use crate::status::Status;
use crate::strength;

/// A document whose signatures were checked. Only this module makes one.
#[derive(Copy, Clone, Debug)]
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

/// Whose word counts: a root, and what has been withdrawn since.
///
/// A root alone converts into one. That is for whoever judges what was signed; a device that holds
/// revocations judges by both.
#[derive(Copy, Clone, Debug)]
pub struct Authority<'r, 'a> {
    root: &'r Verified<Root<'a>>,
    revocations: Option<&'r Verified<Revocations<'a>>>,
}

impl<'r, 'a> Authority<'r, 'a> {
    /// The authority of `root`, less what `revocations` withdraw.
    pub fn new(
        root: &'r Verified<Root<'a>>,
        revocations: Option<&'r Verified<Revocations<'a>>>,
    ) -> Self {
        Authority { root, revocations }
    }

    /// The root.
    pub fn root(&self) -> &'r Root<'a> {
        self.root.get()
    }

    /// The revocations, if there are any.
    pub fn revocations(&self) -> Option<&'r Revocations<'a>> {
        self.revocations.map(Verified::get)
    }

    fn revoked_keys(&self) -> List<'a, KeyId> {
        self.revocations()
            .map_or_else(List::default, |revocations| revocations.keys)
    }
}

impl<'r, 'a> From<&'r Verified<Root<'a>>> for Authority<'r, 'a> {
    fn from(root: &'r Verified<Root<'a>>) -> Self {
        Authority::new(root, None)
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
#[inline(never)]
pub fn pinned_root<'a>(
    signed: &'a [u8],
    primitives: &impl Primitives,
) -> Result<Verified<Root<'a>>, Refusal> {
    let signed = Signed::parse(signed)?;
    let root = Root::parse(signed.payload)?;
    root_rules::check(&root, primitives)?;
    require_signed_by(
        &signed,
        Said::by(&root),
        &root,
        &List::default(),
        primitives,
    )?;
    Ok(Verified(root))
}

/// Opens the root that follows `current`: one version later, signed to the thresholds of both.
///
/// Neither root's expiry is asked, so that a device from the back of a shelf can climb from root to
/// root; nor are the revocations, so that a stolen revocation key can't keep a new root out.
///
/// # Errors
/// What [`root_rules::check_follows`] and [`pinned_root`] refuse, then the policy above.
pub fn next_root<'a>(
    signed: &'a [u8],
    current: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Verified<Root<'a>>, Refusal> {
    let document = Signed::parse(signed)?;
    let next = Root::parse(document.payload)?;
    root_rules::check_follows(&next, current.get())?;
    require_signed_by(
        &document,
        Said::by(&next),
        current.get(),
        &List::default(),
        primitives,
    )?;
    pinned_root(signed, primitives)
}

/// Opens a release: its manifest is authentic, and every role that the root demands of its class
/// has signed it.
///
/// # Errors
/// Those of [`Envelope::open`], [`Refusal::DigestTooWeak`], then those of the policy above.
#[inline(never)]
pub fn release<'e, 'r, 'a: 'r>(
    envelope: &'e [u8],
    authority: impl Into<Authority<'r, 'a>>,
    primitives: &impl Primitives,
) -> Result<Verified<Manifest<'e>>, Refusal> {
    let authority = authority.into();
    let envelope = Envelope::parse(envelope)?;
    let manifest = envelope.open(primitives)?;
    strength::check(&manifest, authority.root(), primitives)?;
    let mut payload = [0; SUIT_DIGEST_BYTES_MAX];
    let claim = Claim {
        payload: envelope.digest.encode(&mut payload),
        content_type: None,
        sequence: manifest.sequence,
    };
    let (root, revoked) = (authority.root(), authority.revoked_keys());
    let signers = signers(&envelope.blocks, &claim, root, &revoked, primitives)?;
    let roles = root.required_roles(&manifest.class_id);
    for role in roles.iter().filter(|role| role.signs_releases()) {
        require(root, role, signers)?;
    }
    Ok(Verified(manifest))
}

/// Opens revocations: role revocation has signed them, in the root's epoch of that role.
///
/// # Errors
/// Their own refusals, [`Refusal::RevocationsEpoch`], then those of the policy above. Whether they
/// may take the place of those that a device has is asked by [`Revocations::check_follows`].
pub fn revocations<'a>(
    signed: &'a [u8],
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Verified<Revocations<'a>>, Refusal> {
    let verified: Verified<Revocations<'a>> = document(signed, root, primitives)?;
    if verified.0.epoch != root.get().role(Role::Revocation).epoch {
        return Err(Refusal::RevocationsEpoch);
    }
    Ok(Verified(Revocations {
        digest: revocations_digest(signed, primitives)?,
        ..verified.0
    }))
}

/// Opens a status: role status has signed it. Whether it is fresh is asked by
/// [`admit`](crate::admit).
///
/// # Errors
/// The status's own refusals, then those of the policy above.
pub fn status<'e, 'r, 'a: 'r>(
    signed: &'e [u8],
    authority: impl Into<Authority<'r, 'a>>,
    primitives: &impl Primitives,
) -> Result<Verified<Status<'e>>, Refusal> {
    document(signed, authority, primitives)
}

/// Opens a schedule: role operations has signed it. Whether it lets this device install is asked by
/// [`admit`](crate::admit).
///
/// # Errors
/// The schedule's own refusals, then those of the policy above.
pub fn schedule<'r, 'a: 'r>(
    signed: &[u8],
    authority: impl Into<Authority<'r, 'a>>,
    primitives: &impl Primitives,
) -> Result<Verified<Schedule>, Refusal> {
    document(signed, authority, primitives)
}

/// Opens a bundle's statement: role operations has signed it. Whether it holds here is asked by
/// [`admit`](crate::admit).
///
/// # Errors
/// The statement's own refusals, then those of the policy above.
pub fn bundle_statement<'r, 'a: 'r>(
    signed: &[u8],
    authority: impl Into<Authority<'r, 'a>>,
    primitives: &impl Primitives,
) -> Result<Verified<BundleStatement>, Refusal> {
    document(signed, authority, primitives)
}

fn document<'e, 'r, 'a: 'r, D: Document<'e>>(
    signed: &'e [u8],
    authority: impl Into<Authority<'r, 'a>>,
    primitives: &impl Primitives,
) -> Result<Verified<D>, Refusal> {
    let authority = authority.into();
    let signed = Signed::parse(signed)?;
    let document = D::parse(signed.payload)?;
    let (root, revoked) = (authority.root(), authority.revoked_keys());
    require_signed_by(&signed, Said::by(&document), root, &revoked, primitives)?;
    Ok(Verified(document))
}

/// What a document of our own says of itself, whatever its kind.
struct Said {
    content_type: &'static str,
    role: Role,
    sequence: u64,
}

impl Said {
    fn by<'d, D: Document<'d>>(document: &D) -> Said {
        Said {
            content_type: D::CONTENT_TYPE,
            role: D::ROLE,
            sequence: document.sequence(),
        }
    }
}

/// Whether one of our own documents is signed by its one role, as `root` has it.
#[inline(never)]
fn require_signed_by(
    signed: &Signed<'_>,
    said: Said,
    root: &Root<'_>,
    revoked: &List<'_, KeyId>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let claim = Claim {
        payload: signed.payload,
        content_type: Some(said.content_type),
        sequence: said.sequence,
    };
    let signers = signers(&signed.blocks, &claim, root, revoked, primitives)?;
    require(root, said.role, signers)
}

/// What the blocks of a document must have signed.
struct Claim<'c> {
    payload: &'c [u8],
    content_type: Option<&'static str>,
    sequence: u64,
}

/// The listed keys whose blocks hold.
#[inline(never)]
fn signers<'a>(
    blocks: &List<'_, &[u8]>,
    claim: &Claim<'_>,
    root: &Root<'a>,
    revoked: &List<'_, KeyId>,
    primitives: &impl Primitives,
) -> Result<KeySet, Refusal> {
    let mut signers = KeySet::default();
    for bytes in blocks.iter() {
        let block = Block::parse(bytes)?;
        if let Some((place, key)) = root.find(&block.protected.kid) {
            check_block(&block, &key, claim, root, revoked, primitives)?;
            signers.add(place);
        }
    }
    if signers.is_empty() {
        Err(Refusal::Unsigned)
    } else {
        Ok(signers)
    }
}

#[inline(never)]
fn check_block(
    block: &Block<'_>,
    key: &Key<'_>,
    claim: &Claim<'_>,
    root: &Root<'_>,
    revoked: &List<'_, KeyId>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    if block.protected.content_type != claim.content_type {
        return Err(Refusal::WrongDocument);
    }
    let algorithm = key.public.algorithm();
    if block.protected.algorithm != algorithm.cose_id() {
        return Err(Refusal::WrongAlgorithm);
    }
    if !primitives.supports(algorithm) {
        return Err(Refusal::AlgorithmUnsupported);
    }
    check_state(key, claim.sequence, revoked)?;
    let approves = claim.content_type.is_none() && root.role(Role::Release).keys.contains(&key.id);
    if block.protected.approval.is_some() != approves {
        return Err(Refusal::ApprovalUnbound);
    }
    let message =
        ToBeSigned::new(&block.protected, claim.payload).map_err(|_| Refusal::FieldInvalid)?;
    let verified = primitives.verify(&key.public, &message.parts(), block.signature);
    verified.map_err(|_| Refusal::BadSignature)
}

fn check_state(key: &Key<'_>, sequence: u64, revoked: &List<'_, KeyId>) -> Result<(), Refusal> {
    match key.state {
        _ if revoked.contains(&key.id) => Err(Refusal::RevokedKey),
        KeyState::Active => Ok(()),
        KeyState::Retired { max_sequence } if sequence <= max_sequence => Ok(()),
        KeyState::Retired { .. } => Err(Refusal::RetiredKey),
        KeyState::Revoked => Err(Refusal::RevokedKey),
    }
}

/// Whether enough holders of `role` are among the signers, in each of its algorithms. A role that
/// nobody holds, or that demands no algorithm, is never reached.
#[inline(never)]
fn require(root: &Root<'_>, role: Role, signers: KeySet) -> Result<(), Refusal> {
    let rule = root.role(role);
    let (mut most, mut least) = (0, usize::MAX);
    for algorithm in rule.required_algorithms.iter() {
        let people = signers.people_of(root, &rule, algorithm);
        (most, least) = (most.max(people), least.min(people));
    }
    match (most, least) {
        (0, _) => Err(missing(role)),
        (_, 0) => Err(Refusal::HybridIncomplete),
        _ if least < usize::from(rule.threshold) => Err(Refusal::ThresholdNotMet),
        _ => Ok(()),
    }
}

fn missing(role: Role) -> Refusal {
    match role {
        Role::Build => Refusal::BuildMissing,
        Role::Release => Refusal::ApprovalMissing,
        Role::Root | Role::Operations | Role::Revocation | Role::Status => Refusal::RoleMissing,
    }
}

/// The digest under which a status names signed revocations: that of their payload.
///
/// # Errors
/// If the bytes aren't a signed document.
pub fn revocations_digest(signed: &[u8], primitives: &impl Primitives) -> Result<Digest, Refusal> {
    Ok(primitives.digest(Signed::parse(signed)?.payload))
}
