//! The authorities that give certificates to devices, from a file. Read [`Authorities`].

use std::collections::BTreeSet;
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
    /// Each of them alone: which one vouches for a device.
    each: Arc<[Alone]>,
    /// All their certificates: one of them may vouch for another, whether a device shows that or not.
    certificates: Arc<[CertificateDer<'static>]>,
}

/// One of them.
#[derive(Debug)]
struct Alone {
    /// SHA-256 of its certificate.
    digest: Sum,
    /// Whom it vouches for.
    verifier: Arc<dyn ClientCertVerifier>,
    /// The name of the authority that vouches for it, and its own, as they stand in its certificate (DER).
    by: Vec<u8>,
    name: Vec<u8>,
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
        let (mut each, mut certificates) = (Vec::new(), Vec::new());
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|_| none())?;
            each.push(Alone::of(&certificate).ok_or_else(none)?);
            roots.add(certificate.clone()).map_err(|_| none())?;
            certificates.push(certificate);
        }
        Ok(Self {
            verifier: verifier(roots).ok_or_else(none)?,
            sum: Sha256::digest(&bytes).into(),
            each: each.into(),
            certificates: certificates.into(),
        })
    }

    /// Whether a certificate that was shown when a connection began still counts: it is good, and one of these vouches for it, who may be others by now,
    /// as may those between that it was shown with be over.
    pub fn take(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        shown.is_good_at(now)
            && (shown.was_vouched_for(self.sum, now) || vouches(&self.verifier, shown.chain(), now))
    }

    /// Which of them vouch for a certificate now, each asked alone: a chain may hold certificates of authorities that have nothing to do with it. One vouches
    /// also by another one of them, whether the device shows that or not; and what it shows keeps no authority from being found.
    pub fn behind(&self, shown: &PeerCertificate, now: Timestamp) -> Vec<Sum> {
        let Some((own, between)) = shown.chain().split_first() else {
            return Vec::new();
        };
        let ours = self.certificates.iter().cloned();
        let ours: Vec<_> = [own.clone()].into_iter().chain(ours).collect();
        let all: Vec<_> = ours.iter().chain(between).cloned().collect();
        let each = self.each.iter();
        let vouch = each.filter(|alone| {
            vouches(&alone.verifier, &ours, now) || vouches(&alone.verifier, &all, now)
        });
        vouch.map(|alone| alone.digest).collect()
    }

    /// Whether two of them could vouch for the same device, by what is here: one of the other's, or one of the same authority below both. Names alone are looked
    /// at, as whoever looks for a chain begins by them: at worst two are taken for such that aren't.
    pub fn share(&self, one: &Sum, another: &Sum) -> bool {
        let [one, another] = [one, another].map(|digest| self.reached_from(digest));
        one.iter().any(|name| another.contains(name))
    }

    /// The names of all that an authority vouches for, its own among them; none of one that isn't here.
    fn reached_from(&self, digest: &Sum) -> BTreeSet<&[u8]> {
        let is_it = |alone: &&Alone| alone.digest == *digest;
        let own = self.each.iter().find(is_it);
        let mut reached: BTreeSet<&[u8]> = own.map(|own| &*own.name).into_iter().collect();
        loop {
            let before = reached.len();
            for alone in &*self.each {
                if reached.contains(&*alone.by) {
                    reached.insert(&alone.name);
                }
            }
            if reached.len() == before {
                return reached;
            }
        }
    }

    /// Whether one of these vouches for the first of these certificates, by the others.
    pub fn vouch_for(&self, chain: &[CertificateDer<'static>], now: Timestamp) -> bool {
        vouches(&self.verifier, chain, now)
    }
}

impl Alone {
    /// None if its certificate can't be used.
    fn of(certificate: &CertificateDer<'static>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).ok()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
        Some(Self {
            digest: Sha256::digest(certificate).into(),
            verifier: verifier(roots)?,
            by: parsed.issuer().as_raw().to_owned(),
            name: parsed.subject().as_raw().to_owned(),
        })
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
