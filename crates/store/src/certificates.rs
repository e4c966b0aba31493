//! The certificates that devices show: whom they name, and which let nobody in any more. Read [`Certificates`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_fleet::DeviceId;

use crate::StoreError;

/// SHA-256 of a certificate, whole (DER).
pub type Fingerprint = [u8; 32];

/// A certificate that lets nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Which one. It needn't ever have been seen here.
    pub fingerprint: Fingerprint,
    /// When it was revoked.
    pub at: Timestamp,
    /// By whom.
    pub by: Email,
    /// Why.
    pub why: String,
}

/// A device that a certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The device.
    pub device: DeviceId,
    /// SHA-256 of its token: whatever is remembered of the device is remembered under it, by whichever means it shows who it is.
    pub token_hash: [u8; 32],
}

/// What is known of devices' certificates.
#[async_trait]
pub trait Certificates: Send + Sync {
    /// The device that a certificate names, by its own name or that of its update client; none if it is revoked, nobody has the name,
    /// or one device has it as its own and another as its client's. One read: what was revoked on another server a moment ago counts.
    async fn certified(
        &self,
        name: &str,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Certified>, StoreError>;

    /// Whether a certificate lets nobody in any more, whomever it names.
    async fn is_revoked(&self, fingerprint: &Fingerprint) -> Result<bool, StoreError>;

    /// Lets a certificate let nobody in any more, for good.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if it is revoked.
    async fn revoke_certificate(&self, revoked: &RevokedCertificate) -> Result<(), StoreError>;

    /// What is known of the revocation of a certificate; nothing if it isn't revoked.
    async fn revoked_certificate(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<RevokedCertificate>, StoreError>;

    /// At most `most` revoked certificates, those revoked last first: the last ones, or those that follow `after` in that order. Of those
    /// of one moment the one with the lower fingerprint comes first.
    async fn revoked_certificates_after(
        &self,
        after: Option<&RevokedCertificate>,
        most: u32,
    ) -> Result<Vec<RevokedCertificate>, StoreError>;
}

/// The one device among those that were found by a name.
pub(crate) fn the_one(mut found: Vec<Certified>) -> Option<Certified> {
    match found.len() {
        1 => found.pop(),
        _ => None,
    }
}
