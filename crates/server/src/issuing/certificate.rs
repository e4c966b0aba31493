//! The certificate with which others are issued, from a file. Read [`IssuerCertificate`].

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::error::IssuerError;
use super::key::ProvenKey;
use crate::tls;

/// Largest file: a chain of some ten certificates with the largest keys of today.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The certificate of an authority that may issue others, and those above it; without its key. Whether it is good at some instant is another question.
#[derive(Debug, Clone)]
pub struct IssuerCertificate {
    path: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    /// From when on it is good.
    pub(super) begins: Timestamp,
    /// Until when.
    pub(super) ends: Timestamp,
}

impl IssuerCertificate {
    /// Reads the file, and judges whether its first certificate is one that issues others, today or at another time.
    ///
    /// # Errors
    /// [`IssuerError`] says why not.
    pub fn read(path: &Path) -> Result<Self, IssuerError> {
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
        Ok(Self {
            path: path.to_owned(),
            key: key_of_authority(path, own)?,
            begins,
            ends,
            chain,
        })
    }

    /// That it is good at this instant.
    ///
    /// # Errors
    /// [`IssuerError::NotYet`] and [`IssuerError::Ended`]: both pass, by time or by another certificate in the same file.
    pub fn expect_good_at(&self, now: Timestamp) -> Result<(), IssuerError> {
        if now < self.begins {
            let (path, begins) = (self.path.clone(), self.begins);
            return Err(IssuerError::NotYet { path, begins });
        }
        match now < self.ends {
            true => Ok(()),
            false => Err(IssuerError::Ended(self.ends)),
        }
    }

    /// That it is this key's.
    ///
    /// # Errors
    /// [`IssuerError::Mismatch`] if it is another one's.
    pub(super) fn expect_key(&self, key: &ProvenKey) -> Result<(), IssuerError> {
        match key.bytes == self.key {
            true => Ok(()),
            false => Err(IssuerError::Mismatch(self.path.clone())),
        }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It, and those above it.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// It alone.
    pub(super) fn own(&self) -> &CertificateDer<'static> {
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
