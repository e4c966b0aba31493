//! A certificate and its key, read from files and judged. Read [`Pair::read`].

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use sha2::{Digest as _, Sha256};

use super::TlsFiles;
use super::error::{TlsError, TlsFile};

/// Largest file: a chain of some ten certificates with the largest keys of today.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// A certificate and its key, which belong together.
#[derive(Debug)]
pub(crate) struct Pair {
    /// What is shown to clients.
    pub shown: Arc<CertifiedKey>,
    /// From when on the certificate is good.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// Over both files: tells whether they have changed.
    pub sum: [u8; 32],
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// [`TlsError`]: also if the certificate isn't good at the instant `now`, which no client would take.
    pub fn read(files: &TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let certificates = bounded(&files.certificate, TlsFile::Certificate)?;
        let key = bounded(&files.key, TlsFile::Key)?;
        Self::judged(files, &certificates, &key, now)
    }

    /// The same of what is in both files, or will be.
    ///
    /// # Errors
    /// As [`Pair::read`].
    pub fn judged(
        files: &TlsFiles,
        certificates: &[u8],
        key: &[u8],
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let pair = Self::of(files, certificates, key)?;
        if now < pair.begins {
            return Err(TlsError::NotYet {
                path: files.certificate.clone(),
                begins: pair.begins,
            });
        }
        if now >= pair.ends {
            return Err(TlsError::Ended {
                path: files.certificate.clone(),
                ended: pair.ends,
            });
        }
        Ok(pair)
    }

    fn of(files: &TlsFiles, certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let no_certificate = || TlsError::NoCertificate(files.certificate.clone());
        let no_key = || TlsError::NoKey(files.key.clone());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(|_| no_certificate())?;
        let own = chain.first().ok_or_else(no_certificate)?;
        let (begins, ends) = validity(own).ok_or_else(no_certificate)?;
        let secret = PrivateKeyDer::from_pem_slice(key).map_err(|_| no_key())?;
        let shown = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider());
        let shown = shown.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch(files.key.clone())
            }
            Error::InvalidCertificate(_) => no_certificate(),
            _ => no_key(),
        })?;
        let sum = Sha256::new().chain_update(certificates);
        Ok(Self {
            shown: Arc::new(shown),
            begins,
            ends,
            sum: sum.chain_update(key).finalize().into(),
        })
    }

    /// The server's own certificate.
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.shown.cert.first()
    }

    /// Whether its last days have begun: so long before its end, or, of one that lives short, in the last third of its life.
    pub fn ends_soon(&self, now: Timestamp, before: SignedDuration) -> bool {
        let third = self.ends.duration_since(self.begins) / 3;
        self.ends.duration_since(now) < before.min(third)
    }
}

/// All bytes of a file that isn't too large.
pub(super) fn bounded(path: &Path, which: TlsFile) -> Result<Vec<u8>, TlsError> {
    let unreadable = |cause| TlsError::Unreadable {
        file: which,
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(FILE_BYTES_MAX + 1);
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    match bytes.len() as u64 > FILE_BYTES_MAX {
        true => Err(TlsError::TooLarge {
            file: which,
            path: path.to_owned(),
            most: FILE_BYTES_MAX,
        }),
        false => Ok(bytes),
    }
}

/// From when until when a certificate is good; none if it can't be read.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = parsed.validity();
    let begins = Timestamp::from_second(validity.not_before.timestamp()).ok()?;
    let ends = Timestamp::from_second(validity.not_after.timestamp());
    // "No end" is written as the last second of the year 9999 (RFC 5280, section 4.1.2.5), which may be beyond what can be counted here.
    Some((begins, ends.unwrap_or(Timestamp::MAX)))
}
