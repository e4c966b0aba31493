//! Certificates that this house gave to its devices.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RevokedCertificateView;

/// A certificate that a device was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuedCertificateView {
    /// SHA-256 of the certificate (DER), in hexadecimal: by it, it is revoked.
    pub fingerprint: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// When it was issued.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Until when it is good.
    #[schemars(with = "Moment")]
    pub ends: Timestamp,
    /// The fingerprint of the certificate that the device showed when it asked; null if it showed its token.
    pub asked_with: Option<String>,
    /// By whom it was revoked, and why; null if it wasn't.
    pub revoked: Option<RevokedCertificateView>,
}

/// That all certificates of a device are to let nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCertificates {
    /// Why.
    pub why: String,
}
