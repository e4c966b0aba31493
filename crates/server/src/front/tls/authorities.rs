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
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|_| none())?;
            roots.add(certificate).map_err(|_| none())?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()
            .map_err(|_| none())?;
        Ok(Self {
            verifier,
            sum: Sha256::digest(&bytes).into(),
        })
    }

    /// Whether a certificate that was shown when a connection began still counts: it is good, and one of these vouches for it, who may be others by now,
    /// as may those between that it was shown with be over.
    pub fn take(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        shown.is_good_at(now)
            && (shown.was_vouched_for(self.sum, now) || self.vouch_for(shown.chain(), now))
    }

    /// Whether one of these vouches for the first of these certificates, by the others.
    pub fn vouch_for(&self, chain: &[CertificateDer<'static>], now: Timestamp) -> bool {
        let Some((own, between)) = chain.split_first() else {
            return false;
        };
        let now = u64::try_from(now.as_second()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        self.verifier.verify_client_cert(own, between, now).is_ok()
    }
}
