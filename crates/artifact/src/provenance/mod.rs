//! Provenance: a signed statement of how an image came to be.
//!
//! The statement is an in-toto Statement v1 with SLSA's Provenance v1 as predicate, in a DSSE envelope
//! (v1.0.2), so that every supply-chain tool reads it. It holds no moment and no place unless it is
//! handed one: the same request gives the same statement. It proves nothing to devices, which never
//! see it; the manifest binds it by digest. Read [`Request`] first (what is written), then
//! [`Provenance`] (what is read).

pub mod dsse;
mod error;
mod source;
mod statement;

pub use error::ProvenanceError;
pub use source::Source;
pub use statement::{BUILD_TYPE, Request};

use mainstay_trust::{Digest, KeyState, Primitives, Refusal, Role, Root, Verified};

use crate::signer::Signer;
use dsse::Envelope;
use statement::Claims;

/// Largest provenance file: a statement has a few kilobytes; one that lists a thousand dependencies
/// stays below a quarter of this.
pub const PROVENANCE_BYTES_MAX: usize = 1024 * 1024;

/// A statement that was read: well-formed, and of nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// SHA-256 of the file, as a manifest binds it.
    pub digest: Digest,
    claims: Claims,
    envelope: Envelope,
}

impl Provenance {
    /// Reads a provenance file: a DSSE envelope around an in-toto Statement with SLSA provenance.
    ///
    /// # Errors
    /// What isn't one, with the place where it ends to be one.
    pub fn read(bytes: &[u8], primitives: &impl Primitives) -> Result<Self, ProvenanceError> {
        if bytes.len() > PROVENANCE_BYTES_MAX {
            return Err(ProvenanceError::TooLarge);
        }
        let envelope = Envelope::read(bytes)?;
        let claims = Claims::read(&envelope.payload)?;
        Ok(Self {
            digest: primitives.digest(bytes),
            claims,
            envelope,
        })
    }

    /// Whether the statement is about this image.
    ///
    /// # Errors
    /// [`ProvenanceError::Subject`], with what it is about.
    pub fn check_subject(&self, image: &Digest) -> Result<(), ProvenanceError> {
        let named: Vec<String> = self.claims.subjects();
        if named.contains(&image.to_string()) {
            return Ok(());
        }
        Err(ProvenanceError::Subject {
            named: named.join(", "),
            image: *image,
        })
    }

    /// Who says so: the holder of a build key of `root` whose signature holds. `sequence` is the
    /// release's, up to which a retired key counts.
    ///
    /// # Errors
    /// [`ProvenanceError::Unsigned`] if there is none.
    pub fn check_signer<'r>(
        &self,
        root: &Verified<Root<'r>>,
        sequence: u64,
        primitives: &impl Primitives,
    ) -> Result<&'r str, ProvenanceError> {
        let root = root.get();
        let counts = |state: KeyState| match state {
            KeyState::Active => true,
            KeyState::Retired { max_sequence } => sequence <= max_sequence,
            KeyState::Revoked => false,
        };
        let builders = root.role(Role::Build).keys.iter();
        builders
            .filter_map(|id| root.key(&id))
            .filter(|key| counts(key.state))
            .find(|key| self.envelope.is_signed_by(&key.id, &key.public, primitives))
            .map(|key| key.holder)
            .ok_or_else(|| ProvenanceError::Unsigned {
                key_ids: self.envelope.key_ids(),
            })
    }

    /// The platform that built it, as it calls itself (a URI).
    pub fn builder_id(&self) -> &str {
        &self.claims.builder_id
    }
}

/// Writes and signs a statement; the bytes are those of the file.
///
/// # Errors
/// A key without role build, or one that doesn't sign.
pub fn sign(
    request: &Request<'_>,
    signer: &dyn Signer,
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, ProvenanceError> {
    crate::sign::check_role(signer, Role::Build, root.get())?;
    let envelope = Envelope::sign(request.statement(), signer, primitives)?;
    Ok(envelope.to_bytes())
}

impl From<Refusal> for ProvenanceError {
    fn from(refusal: Refusal) -> Self {
        Self::Block(refusal.into())
    }
}
