//! The certificates that this house gave to its devices: what each of them is known by, so that all of a device's can be revoked at once. Read
//! [`IssuedCertificates`].

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Email, TooManyCertificates};
use mainstay_fleet::DeviceId;

use crate::{Fingerprint, RevokedCertificate, StoreError};

/// So long after its end a certificate is still listed, for whoever asks how a device came in. It goes when its device is given the next one.
pub(crate) const KEPT_AFTER_END: SignedDuration = SignedDuration::from_hours(400 * 24);

/// A certificate that was given to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// SHA-256 of it, by which it is revoked.
    pub fingerprint: Fingerprint,
    /// The device that it names.
    pub device: DeviceId,
    /// Its serial number, as big-endian bytes.
    pub serial: Vec<u8>,
    /// When it was issued.
    pub at: Timestamp,
    /// Until when it is good.
    pub ends: Timestamp,
    /// The certificate that the device showed when it asked; none if it showed its token.
    pub asked_with: Option<Fingerprint>,
}

/// By whom certificates are revoked, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Email,
    /// Why.
    pub why: String,
}

/// Why a certificate that was made isn't given to its device.
#[derive(Debug, thiserror::Error)]
pub enum IssueFailure {
    /// It was given too many today.
    #[error(transparent)]
    TooMany(#[from] TooManyCertificates),
    /// The one that it was asked for with was revoked meanwhile.
    #[error("the certificate that was shown is revoked")]
    Revoked,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for IssueFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is known of the certificates that were issued here.
#[async_trait]
pub trait IssuedCertificates: Send + Sync {
    /// Notes a certificate, before it is given to its device. Whoever revokes all of a device's certificates does it before or after, not in between: so
    /// none of a thief's renewals slips through. Those that ended long ago are forgotten.
    ///
    /// # Errors
    /// [`IssueFailure`]: also [`StoreError::NotFound`] if there is no such device. Nothing is noted then.
    async fn note_issued(&self, issued: &IssuedCertificate) -> Result<(), IssueFailure>;

    /// The certificates of a device, the newest first, at most [`LIST_MAX`](crate::LIST_MAX), with what is known of their revocation.
    async fn issued_to(
        &self,
        device: &DeviceId,
    ) -> Result<Vec<(IssuedCertificate, Option<RevokedCertificate>)>, StoreError>;

    /// Revokes all certificates of a device that aren't revoked yet, and tells which, the lowest fingerprint first. Those that seem to be over are among
    /// them: a clock that jumped ahead would let them in again once it is right.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such device.
    async fn revoke_issued_to(
        &self,
        device: &DeviceId,
        revocation: &Revocation,
    ) -> Result<Vec<RevokedCertificate>, StoreError>;
}

/// What was revoked, out of the fingerprints that a database names.
pub(crate) fn revoked(
    fingerprints: Vec<Vec<u8>>,
    revocation: &Revocation,
) -> Result<Vec<RevokedCertificate>, StoreError> {
    let revoked = fingerprints.into_iter().map(|fingerprint| {
        Ok(RevokedCertificate {
            fingerprint: crate::values::bytes32("issued certificate", &fingerprint)?,
            at: revocation.at,
            by: revocation.by.clone(),
            why: revocation.why.clone(),
        })
    });
    let mut revoked: Vec<_> = revoked.collect::<Result<_, StoreError>>()?;
    revoked.sort_by_key(|one| one.fingerprint);
    Ok(revoked)
}

pub(crate) fn no_device(device: &DeviceId) -> StoreError {
    StoreError::not_found("device", device)
}
