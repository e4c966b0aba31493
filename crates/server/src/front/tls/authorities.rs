//! The authorities that give certificates to devices, from a file. Read [`Authorities`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest as _, Sha256};

use super::error::{TlsError, TlsFile};
use super::pair::bounded;
use super::peer::PeerCertificate;

/// Over the file: tells whether it has changed.
pub(super) type Sum = [u8; 32];

/// Who gives certificates to devices.
#[derive(Debug, Clone)]
pub(super) struct Authorities {
    /// Lets in whom they vouch for, and whoever shows no certificate: browsers, and devices with a token. A browser isn't asked for one by
    /// its user unless it has one of these authorities, whose names it is told.
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// Which they are.
    pub sum: Sum,
    /// Each of them alone, by the SHA-256 of its certificate: which one vouches for a device.
    each: Arc<[(Sum, Arc<dyn ClientCertVerifier>)]>,
}

impl Authorities {
    /// Reads the file.
    ///
    /// # Errors
    /// [`TlsError`], also if one certificate in it can't be used: half of the authorities are an outage for the devices of the others.
    pub fn read(path: &Path) -> Result<Self, TlsError> {
        let bytes = bounded(path, TlsFile::DeviceCa)?;
        let none = || TlsError::NoAuthority(path.to_owned());
        let mut roots = RootCertStore::empty();
        let mut each = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|_| none())?;
            let mut alone = RootCertStore::empty();
            let digest: Sum = Sha256::digest(&certificate).into();
            alone.add(certificate.clone()).map_err(|_| none())?;
            each.push((digest, verifier(alone).ok_or_else(none)?));
            roots.add(certificate).map_err(|_| none())?;
        }
        Ok(Self {
            verifier: verifier(roots).ok_or_else(none)?,
            sum: Sha256::digest(&bytes).into(),
            each: each.into(),
        })
    }

    /// Whether a certificate that was shown when a connection began still counts: it is good, and one of these vouches for it, who may be others by now,
    /// as may those between that it was shown with be over.
    pub fn take(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        shown.is_good_at(now)
            && (shown.was_vouched_for(self.sum, now) || vouches(&self.verifier, shown.chain(), now))
    }

    /// Which of them vouch for a certificate now, each asked alone: a chain may hold certificates of authorities that have nothing to do with it.
    pub fn behind(&self, shown: &PeerCertificate, now: Timestamp) -> Vec<Sum> {
        let each = self.each.iter();
        let vouch = each.filter(|(_, alone)| vouches(alone, shown.chain(), now));
        vouch.map(|(digest, _)| *digest).collect()
    }

    /// Whether one of these vouches for the first of these certificates, by the others.
    pub fn vouch_for(&self, chain: &[CertificateDer<'static>], now: Timestamp) -> bool {
        vouches(&self.verifier, chain, now)
    }
}

/// Whether this authority vouches for a certificate, be it one of those that the server takes or not.
pub(crate) fn is_given_by(
    authority: &CertificateDer<'static>,
    shown: &PeerCertificate,
    now: Timestamp,
) -> bool {
    let mut alone = RootCertStore::empty();
    let is_one = alone.add(authority.clone()).is_ok();
    is_one && verifier(alone).is_some_and(|alone| vouches(&alone, shown.chain(), now))
}

/// Looks whether one of these vouches for a certificate; none if there are none of them.
fn verifier(roots: RootCertStore) -> Option<Arc<dyn ClientCertVerifier>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build();
    verifier.ok()
}

fn vouches(
    verifier: &Arc<dyn ClientCertVerifier>,
    chain: &[CertificateDer<'static>],
    now: Timestamp,
) -> bool {
    let Some((own, between)) = chain.split_first() else {
        return false;
    };
    let now = u64::try_from(now.as_second()).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    verifier.verify_client_cert(own, between, now).is_ok()
}
