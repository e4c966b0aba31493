//! Who issues certificates to devices, and how such a certificate looks. Read [`DeviceIssuer::make`].

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_artifact::Signer;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;

use super::error::IssuerError;
use super::key::{IssuingKey, ProvenKey};
use crate::tls::{self, PeerCertificate, Tls};

/// Largest file: a chain of some ten certificates with the largest keys of today.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// A certificate is good from so long before it is made: a device's clock, or another server's, may be slow by that.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// Bytes of a serial number: of the 20 that there may be (RFC 5280, section 4.1.2.2), as many as no list of tries gets anywhere near.
pub(super) const SERIAL_BYTES: usize = 16;

/// Names the certificate of a try at the start, which nobody is given. No device is called so.
const NOBODY: &str = "(nobody)";

/// The certificate of an authority that may issue others, and those above it; without its key.
#[derive(Debug, Clone)]
pub struct IssuerCertificate {
    path: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    begins: Timestamp,
    ends: Timestamp,
}

/// Who issues.
#[derive(Debug)]
pub struct DeviceIssuer {
    certificate: IssuerCertificate,
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

impl IssuerCertificate {
    /// Reads the file, and judges whether its first certificate may issue others at this instant.
    ///
    /// # Errors
    /// [`IssuerError`] says why not.
    pub fn read(path: &Path, now: Timestamp) -> Result<Self, IssuerError> {
        let unreadable = |cause| IssuerError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let none = || IssuerError::NoCertificate(path.to_owned());
        let mut pem = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        let mut bounded = file.take(FILE_BYTES_MAX + 1);
        bounded.read_to_end(&mut pem).map_err(unreadable)?;
        if pem.len() as u64 > FILE_BYTES_MAX {
            return Err(none());
        }
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|_| none())?;
        let readable = chain.iter().all(|one| tls::validity(one).is_some());
        let own = chain.first().filter(|_| readable).ok_or_else(none)?;
        let (begins, ends) = tls::validity(own).ok_or_else(none)?;
        let key = key_of_authority(path, own)?;
        if now < begins {
            let path = path.to_owned();
            return Err(IssuerError::NotYet { path, begins });
        }
        let certificate = Self {
            path: path.to_owned(),
            key,
            begins,
            ends,
            chain,
        };
        certificate.expect_good_at(now)?;
        Ok(certificate)
    }

    fn expect_good_at(&self, now: Timestamp) -> Result<(), IssuerError> {
        match now < self.ends {
            true => Ok(()),
            false => Err(IssuerError::Ended(self.ends)),
        }
    }

    fn own(&self) -> &CertificateDer<'static> {
        // Reading one takes a first certificate.
        &self.chain[0]
    }
}

/// The key of a certificate that is one of an authority (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
fn key_of_authority(path: &Path, own: &CertificateDer<'_>) -> Result<Vec<u8>, IssuerError> {
    let no = |why| IssuerError::NoAuthority {
        path: path.to_owned(),
        why,
    };
    let parsed = x509_parser::parse_x509_certificate(own);
    let (_, parsed) = parsed.map_err(|_| IssuerError::NoCertificate(path.to_owned()))?;
    if !parsed.is_ca() {
        return Err(no("its basic constraints don't say that it is"));
    }
    let usage = parsed
        .key_usage()
        .map_err(|_| no("its key usage can't be read"))?;
    match usage.is_none_or(|usage| usage.value.key_cert_sign()) {
        true => Ok(parsed.public_key().subject_public_key.data.to_vec()),
        false => Err(no("its key usage doesn't let it sign certificates")),
    }
}

impl DeviceIssuer {
    /// Who has this certificate, whose key this signer has, and gives certificates for so many days. What it gives must let devices in at this server: that is
    /// tried, by a certificate for nobody and for the issuer's own key, which leaves this function nowhere.
    ///
    /// # Errors
    /// [`IssuerError`] says what doesn't fit.
    pub fn new(
        certificate: IssuerCertificate,
        signer: Arc<dyn Signer>,
        days: u32,
        tls: &Tls,
        now: Timestamp,
    ) -> Result<Self, IssuerError> {
        let key = IssuingKey::of(signer)?;
        let own = key.public();
        if own.bytes != certificate.key {
            return Err(IssuerError::Mismatch(certificate.path));
        }
        let issuer = Issuer::from_ca_cert_der(certificate.own(), key);
        let issuer = issuer.map_err(|error| IssuerError::Unmade(error.to_string()))?;
        let made = Self {
            certificate,
            issuer,
            lifetime: SignedDuration::from_hours(24 * i64::from(days)),
        };
        let tried = made.make(&Wish {
            name: NOBODY.to_owned(),
            key: own,
            serial: [1; SERIAL_BYTES],
            now,
        })?;
        match tls.vouches_for(&tried.der, now) {
            true => Ok(made),
            false => Err(IssuerError::Unvouched),
        }
    }

    /// Warns, in the log, if it ends before a certificate would that it gave now.
    pub fn warn(&self, now: Timestamp) {
        let ends = self.certificate.ends;
        if ends.duration_since(now) < self.lifetime {
            let file = self.certificate.path.display();
            tracing::warn!(%ends, %file, "the issuer's certificate ends before those that it gives would");
        }
    }

    /// Whether it gave this certificate, or whoever else has its key did.
    pub(crate) fn gave(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        tls::is_given_by(self.certificate.own(), shown, now)
    }

    /// Its certificate, and those above it.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.certificate.chain
    }

    /// Makes a certificate for a device: nothing in it but the name comes from elsewhere, and it never outlasts its issuer's.
    ///
    /// # Errors
    /// If the issuer's own certificate has ended, or its key doesn't sign.
    pub(super) fn make(&self, wish: &Wish) -> Result<Made, IssuerError> {
        self.certificate.expect_good_at(wish.now)?;
        let unmade = |error: rcgen::Error| IssuerError::Unmade(error.to_string());
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
        let made = params.signed_by(&wish.key, &self.issuer).map_err(unmade)?;
        let der = made.der().clone();
        let (_, ends) = tls::validity(&der).ok_or_else(unreadable)?;
        Ok(Made {
            der,
            serial: wish.serial.to_vec(),
            ends,
        })
    }
}

fn moment(at: Timestamp) -> Result<OffsetDateTime, IssuerError> {
    let moment = OffsetDateTime::from_unix_timestamp(at.as_second());
    moment.map_err(|error| IssuerError::Unmade(error.to_string()))
}

fn unreadable() -> IssuerError {
    IssuerError::Unmade("what was made can't be read".to_owned())
}
