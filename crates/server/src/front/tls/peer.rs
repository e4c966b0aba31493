//! The certificate that a device showed when its connection began. Read [`PeerCertificate`].

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::authorities::Sum;
use super::pair::validity;

/// The longest name of a device, whichever of its names it is.
const NAME_BYTES_MAX: usize = 256;

/// A certificate whose key is at the other end of a connection, and which a device authority vouched for when that began. Whether it still
/// lets anybody in is asked at each request.
#[derive(Debug, Clone)]
pub(crate) struct PeerCertificate(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    chain: Vec<CertificateDer<'static>>,
    fingerprint: [u8; 32],
    name: Option<String>,
    begins: Timestamp,
    ends: Timestamp,
    /// Until when those of the authorities between are good.
    between_end: Timestamp,
    authorities: Sum,
}

impl PeerCertificate {
    /// What was shown in a handshake, under these authorities; none if nothing was, or nothing that can be read.
    pub fn of(shown: Option<&[CertificateDer<'static>]>, authorities: Sum) -> Option<Self> {
        let chain = shown?.to_vec();
        let own = chain.first()?;
        let (begins, ends) = validity(own)?;
        let (fingerprint, name) = (fingerprint(own), name(own));
        let ends_of = |one| validity(one).map_or(Timestamp::MIN, |(_, ends)| ends);
        let between_end = chain[1..].iter().map(ends_of).min();
        Some(Self(Arc::new(Kept {
            fingerprint,
            name,
            begins,
            ends,
            between_end: between_end.unwrap_or(Timestamp::MAX),
            authorities,
            chain,
        })))
    }

    /// The device that it names; none if it names nobody, or it isn't clear whom.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// SHA-256 of it, by which it is revoked.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.0.fingerprint
    }

    /// Whether it is good at this instant.
    pub(super) fn is_good_at(&self, now: Timestamp) -> bool {
        self.0.begins <= now && now < self.0.ends
    }

    /// Whether these authorities vouched for it when its connection began, by others that are still good at this instant.
    pub(super) fn was_vouched_for(&self, by: Sum, now: Timestamp) -> bool {
        self.0.authorities == by && now < self.0.between_end
    }

    /// It, and those of the authorities between.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }
}

/// SHA-256 of a certificate, by which it is revoked.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// SHA-256 of the first certificate in this PEM, in hexadecimal; none if there is none.
pub fn fingerprint_of_pem(pem: &[u8]) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    validity(&certificate)?;
    Some(hex::encode(fingerprint(&certificate)))
}

/// Whom a certificate names: its one common name; where it has none, its one DNS name. What has two of either could be two devices, and so could what
/// has a common name and a DNS name that isn't that one's: many authorities look at DNS names alone, and take the other one as it is asked for.
fn name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let dns = dns_names(&parsed)?;
    let mut common = parsed.subject().iter_common_name();
    let found = match (common.next(), common.next(), &*dns) {
        (Some(one), None, dns) => {
            let one = one.as_str().ok()?;
            dns.iter().all(|dns| is_of(dns, one)).then_some(one)?
        }
        (None, _, [one]) => one,
        _ => return None,
    };
    let is_plain = found.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = (1..=NAME_BYTES_MAX).contains(&found.len());
    (is_plain && fits).then(|| found.to_owned())
}

/// All of them; none if they can't be read.
fn dns_names<'a>(parsed: &'a X509Certificate<'_>) -> Option<Vec<&'a str>> {
    let Some(others) = parsed.subject_alternative_name().ok()? else {
        return Some(Vec::new());
    };
    let names = others.value.general_names.iter();
    let dns = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    Some(dns.collect())
}

/// Whether a DNS name, whose letters are of either case, is a device's name, or that in a domain.
pub(crate) fn is_of(dns: &str, device: &str) -> bool {
    let (dns, device) = (dns.to_ascii_lowercase(), device.to_ascii_lowercase());
    dns.strip_prefix(&device)
        .is_some_and(|domain| domain.is_empty() || domain.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn named(common: &[&str], dns: &[&str]) -> Option<String> {
        let dns: Vec<_> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        name(made.der())
    }

    #[test]
    fn a_certificate_names_one_device_or_none() {
        let long = "x".repeat(257);
        for (common, dns, expected) in [
            (&["th-1"][..], &[][..], Some("th-1")),
            (&["02:00:5e:10:00:01"], &[], Some("02:00:5e:10:00:01")),
            (&["th-1"], &["th-1"], Some("th-1")),
            (&["TH-1"], &["th-1", "th-1.devices.example"], Some("TH-1")),
            (&["th-1"], &["th-2"], None),
            (&["th-1"], &["th-12"], None),
            (&["th-1"], &["th-1", "th-2"], None),
            (&["th-1\0"], &[], None),
            (&["th-\u{0131}"], &[], None),
            (&[], &["th-2"], Some("th-2")),
            (&[], &["th-2", "th-3"], None),
            (&[], &[], None),
            (&["th 1"], &[], None),
            (&["th-1\n"], &[], None),
            (&[""], &[], None),
            (&[long.as_str()], &[], None),
        ] {
            assert_eq!(
                named(common, dns).as_deref(),
                expected,
                "{common:?} {dns:?}"
            );
        }
    }

    #[test]
    fn a_certificate_is_known_by_its_fingerprint() {
        let params = CertificateParams::new(vec!["th-1".to_owned()]).unwrap();
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let expected = hex::encode(Sha256::digest(made.der()));
        assert_eq!(fingerprint_of_pem(made.pem().as_bytes()), Some(expected));
        assert_eq!(fingerprint_of_pem(b"no certificate"), None);
    }
}
