//! An authority that can issue certificates now, and how such a certificate looks. Read [`OpenIssuer::make`].

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::certificate::IssuerCertificate;
use super::error::IssuerError;
use super::key::{IssuingKey, ProvenKey};
use crate::tls::{self, Tls};

/// A certificate is good from so long before it is made: a device's clock, or another server's, may be slow by that.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// Bytes of a serial number: of the 20 that there may be (RFC 5280, section 4.1.2.2), as many as no list of tries gets anywhere near.
pub(super) const SERIAL_BYTES: usize = 16;

/// Names the certificate of a try when it is opened, which nobody is given. No device is called so.
const NOBODY: &str = "(nobody)";

/// A certificate that was good when it was opened, and the key of it, which signed then.
#[derive(Debug)]
pub(super) struct OpenIssuer {
    certificate: IssuerCertificate,
    key: IssuingKey,
    issuer: Issuer<'static, IssuingKey>,
    lifetime: SignedDuration,
}

/// What a certificate is to say.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Whom it names.
    pub name: String,
    /// Whose key it certifies.
    pub key: ProvenKey,
    /// Its serial number, drawn by chance.
    pub serial: [u8; SERIAL_BYTES],
    /// When it is made.
    pub now: Timestamp,
}

/// A certificate that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// It.
    pub der: CertificateDer<'static>,
    /// Its serial number, as it stands in it.
    pub serial: Vec<u8>,
    /// Until when it is good.
    pub ends: Timestamp,
}

impl OpenIssuer {
    /// Who has this certificate and its key, which the caller has compared, and gives certificates for so many days. What it gives must let devices in at this
    /// server: that is tried, by a certificate for nobody and for the issuer's own key, which leaves this function nowhere.
    ///
    /// # Errors
    /// [`IssuerError`] says what doesn't fit, or doesn't now.
    pub fn new(
        certificate: IssuerCertificate,
        key: IssuingKey,
        days: u32,
        tls: &Tls,
        now: Timestamp,
    ) -> Result<Self, IssuerError> {
        let own = key.public();
        let issuer = Issuer::from_ca_cert_der(certificate.own(), key.clone());
        let issuer = issuer.map_err(|error| IssuerError::Unmade(error.to_string()))?;
        let opened = Self {
            certificate,
            key,
            issuer,
            lifetime: SignedDuration::from_hours(24 * i64::from(days)),
        };
        let tried = opened.make(&Wish {
            name: NOBODY.to_owned(),
            key: own,
            serial: [1; SERIAL_BYTES],
            now,
        })?;
        match tls.vouches_for(&tried.der, now) {
            true => Ok(opened),
            false => Err(IssuerError::Unvouched),
        }
    }

    /// Warns, in the log, if it ends before a certificate would that it gave now.
    pub fn warn(&self, now: Timestamp) {
        let ends = self.certificate.ends;
        if ends.duration_since(now) < self.lifetime {
            let file = self.certificate.path().display();
            tracing::warn!(%ends, %file, "the issuer's certificate ends before those that it gives would");
        }
    }

    /// That its certificate is good at this instant.
    ///
    /// # Errors
    /// As [`IssuerCertificate::expect_good_at`].
    pub fn expect_good_at(&self, now: Timestamp) -> Result<(), IssuerError> {
        self.certificate.expect_good_at(now)
    }

    /// Its certificate, and those above it.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        self.certificate.chain()
    }

    /// Makes a certificate for a device: nothing in it but the name comes from elsewhere, and it never outlasts its issuer's. It waits for the key, which may be in
    /// a token that is slow.
    ///
    /// # Errors
    /// If the issuer's own certificate isn't good at that instant, or its key doesn't sign.
    pub fn make(&self, wish: &Wish) -> Result<Made, IssuerError> {
        self.expect_good_at(wish.now)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, wish.name.as_str());
        let begins = wish.now.checked_sub(BACKDATED).unwrap_or(wish.now);
        let ends = wish.now.checked_add(self.lifetime);
        let ends = ends.unwrap_or(Timestamp::MAX).min(self.certificate.ends);
        params.not_before = moment(begins.max(self.certificate.begins))?;
        params.not_after = moment(ends)?;
        params.serial_number = Some(SerialNumber::from_slice(&wish.serial));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let made = params.signed_by(&wish.key, &self.issuer);
        let made = made.map_err(|error| self.unmade(&error))?;
        let der = made.der().clone();
        let (_, ends) = tls::validity(&der).ok_or_else(unreadable)?;
        Ok(Made {
            der,
            serial: wish.serial.to_vec(),
            ends,
        })
    }

    /// A key that didn't sign is told from a certificate that can't be made: the one passes, and is the issuer's.
    fn unmade(&self, error: &rcgen::Error) -> IssuerError {
        match error {
            rcgen::Error::RemoteKeyError => IssuerError::Unsigned(self.key.flaw()),
            error => IssuerError::Unmade(error.to_string()),
        }
    }
}

fn moment(at: Timestamp) -> Result<OffsetDateTime, IssuerError> {
    let moment = OffsetDateTime::from_unix_timestamp(at.as_second());
    moment.map_err(|error| IssuerError::Unmade(error.to_string()))
}

fn unreadable() -> IssuerError {
    IssuerError::Unmade("what was made can't be read".to_owned())
}
