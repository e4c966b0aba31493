//! Whether devices may come without a certificate, and what that and TLS take. Read [`DeviceCertificates`].

use super::Settings;
use super::finding::Wrong;
use super::values::{Given, quoted};

/// What devices show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceCertificates {
    /// A token, or a certificate.
    #[default]
    Optional,
    /// A certificate, whatever token they bear.
    Required,
}

impl DeviceCertificates {
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        match given.text {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            other => {
                let what = format!("is {}, and neither of two words", quoted(other));
                Err(Wrong::new(what, "write optional or required"))
            }
        }
    }
}

/// What is said of devices' certificates, of who issues them, or of tickets in vain, and the setting that it lacks.
pub(super) fn lacking(settings: &Settings) -> Option<(&'static str, &'static str)> {
    let has_ca = settings.device_ca.is_some();
    if has_ca && settings.tls().is_none() {
        return Some(("device_ca", "tls_certificate"));
    }
    let speaks_none = settings.tls_certificate.is_none() && settings.tls_key.is_none();
    if settings.tls_ticket_key_file.is_some() && speaks_none {
        return Some(("tls_ticket_key_file", "tls_certificate"));
    }
    if let Some(lacking) = settings.device_issuer.lacking(has_ca) {
        return Some(lacking);
    }
    let requires = settings.device_certificates == DeviceCertificates::Required;
    (requires && !has_ca).then_some(("device_certificates", "device_ca"))
}
