//! A device's request for a certificate (PKCS #10, RFC 2986), read and proven. Read [`CertificateRequest::read`].
//!
//! Of it only the key counts, and that it is the asker's: the request is signed by it. What it says of names is compared and thrown away; extensions that it
//! asks for are given to nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    SignatureAlgorithm,
};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION,
    OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::key::ProvenKey;
use crate::problem::Refused;
use crate::refusals::sentence;
use crate::tls::is_of;

/// The largest request, in base64: one for an RSA key of 8192 bits, with some names, has half of it.
pub(super) const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// The shortest RSA keys, in bits: those that are said to be strong enough until 2030 (NIST SP 800-57, part 1, table 2).
const RSA_BITS_MIN: usize = 2048;
/// The longest: as long as any TLS library takes, so that nobody makes servers compute for seconds.
const RSA_BITS_MAX: usize = 8192;

/// A request whose key is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateRequest {
    /// The key that it is for.
    pub key: ProvenKey,
    /// The common names that it asks for; a wish alone.
    common: Vec<String>,
    /// The DNS names that it asks for.
    dns: Vec<String>,
}

/// Why a request isn't taken, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestFlaw {
    #[error("the body isn't a request for a certificate (PKCS #10) in base64")]
    Unreadable,
    #[error("the key is an RSA key of fewer than {RSA_BITS_MIN} bits")]
    WeakKey,
    #[error("the key, or what the request is signed with, is of a kind that isn't taken here")]
    Algorithm,
    #[error("the request isn't signed by the key that it is for")]
    Unproven,
}

impl RequestFlaw {
    fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "certificate.request",
            Self::WeakKey => "certificate.weak-key",
            Self::Algorithm => "certificate.algorithm",
            Self::Unproven => "certificate.unproven",
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "Send the request's DER in base64, without the lines that begin with dashes."
            }
            Self::WeakKey => "Make a key for P-256.",
            Self::Algorithm => {
                "Make a key for P-256, P-384, Ed25519 or RSA, and sign with SHA-256 or better."
            }
            Self::Unproven => "Sign the request with the private half of the key that is in it.",
        }
    }
}

impl From<RequestFlaw> for Refused {
    fn from(flaw: RequestFlaw) -> Self {
        Self::bad(flaw.id(), sentence(flaw), flaw.cure())
    }
}

impl CertificateRequest {
    /// Reads a request and verifies that whoever made it has its key. The caller bounds its size, by [`REQUEST_BYTES_MAX`].
    ///
    /// # Errors
    /// [`RequestFlaw`] says what is wrong.
    pub fn read(body: &[u8]) -> Result<Self, RequestFlaw> {
        // White space may stand anywhere in it (RFC 8951, section 3.1).
        let text: Vec<u8> = body
            .iter()
            .copied()
            .filter(|sign| !sign.is_ascii_whitespace())
            .collect();
        let der = STANDARD.decode(text).map_err(|_| RequestFlaw::Unreadable)?;
        let (rest, request) =
            X509CertificationRequest::from_der(&der).map_err(|_| RequestFlaw::Unreadable)?;
        // A signature is whole bytes: another count of unused bits would be a second spelling of the same request.
        if !rest.is_empty() || request.signature_value.unused_bits != 0 {
            return Err(RequestFlaw::Unreadable);
        }
        let info = &request.certification_request_info;
        let algorithm = algorithm(&info.subject_pki)?;
        if !is_signed_well(&request) {
            return Err(RequestFlaw::Algorithm);
        }
        request
            .verify_signature()
            .map_err(|_| RequestFlaw::Unproven)?;
        let common: Option<Vec<_>> = info
            .subject
            .iter_common_name()
            .map(|name| name.as_str().ok().map(str::to_owned))
            .collect();
        Ok(Self {
            key: ProvenKey {
                bytes: info.subject_pki.subject_public_key.data.to_vec(),
                algorithm,
            },
            common: common.ok_or(RequestFlaw::Unreadable)?,
            dns: dns_names(&request),
        })
    }

    /// Whether it asks for no name but these, which are one device's. It needn't ask for any.
    pub fn names_nobody_but(&self, names: &[&str]) -> bool {
        self.common
            .iter()
            .all(|name| names.contains(&name.as_str()))
            && self
                .dns
                .iter()
                .all(|dns| names.iter().any(|name| is_of(dns, name)))
    }
}

/// How a certificate says of which kind this key is.
fn algorithm(key: &SubjectPublicKeyInfo<'_>) -> Result<&'static SignatureAlgorithm, RequestFlaw> {
    let kind = &key.algorithm.algorithm;
    let bytes = &key.subject_public_key.data;
    if *kind == OID_SIG_ED25519 && bytes.len() == 32 {
        return Ok(&PKCS_ED25519);
    }
    if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref();
        let curve = curve.and_then(|curve| curve.as_oid().ok());
        let curve = curve.ok_or(RequestFlaw::Algorithm)?;
        // Points are written whole: 4, then both of their halves.
        let is_whole = |half: usize| bytes.first() == Some(&4) && bytes.len() == 1 + 2 * half;
        if curve == OID_EC_P256 && is_whole(32) {
            return Ok(&PKCS_ECDSA_P256_SHA256);
        }
        if curve == OID_NIST_EC_P384 && is_whole(48) {
            return Ok(&PKCS_ECDSA_P384_SHA384);
        }
    }
    if *kind == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(key)) = key.parsed() else {
            return Err(RequestFlaw::Unreadable);
        };
        return match key.key_size() {
            RSA_BITS_MIN..=RSA_BITS_MAX => Ok(&PKCS_RSA_SHA256),
            0..RSA_BITS_MIN => Err(RequestFlaw::WeakKey),
            _ => Err(RequestFlaw::Algorithm),
        };
    }
    Err(RequestFlaw::Algorithm)
}

/// Whether it is signed by what is taken here. The library verifies more, SHA-1 among it.
fn is_signed_well(request: &X509CertificationRequest<'_>) -> bool {
    let with = &request.signature_algorithm.algorithm;
    [
        OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
        OID_SIG_ED25519,
        OID_PKCS1_SHA256WITHRSA,
        OID_PKCS1_SHA384WITHRSA,
        OID_PKCS1_SHA512WITHRSA,
    ]
    .contains(with)
}

fn dns_names(request: &X509CertificationRequest<'_>) -> Vec<String> {
    let extensions = request.requested_extensions().into_iter().flatten();
    let names = extensions.filter_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    let dns = names.flatten().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    dns.collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn request(key: &KeyPair, common: &[&str], dns: &[&str]) -> Vec<u8> {
        let dns: Vec<_> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.serialize_request(key).unwrap().der().to_vec()
    }

    fn read(der: &[u8]) -> Result<CertificateRequest, RequestFlaw> {
        CertificateRequest::read(STANDARD.encode(der).as_bytes())
    }

    #[test]
    fn a_request_of_each_kind_is_read() {
        for algorithm in [
            &PKCS_ECDSA_P256_SHA256,
            &PKCS_ECDSA_P384_SHA384,
            &PKCS_ED25519,
            &PKCS_RSA_SHA256,
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let read = read(&request(&key, &["th-1"], &[])).unwrap();
            assert_eq!(read.key.bytes, key.public_key_raw());
            assert_eq!(read.key.algorithm, algorithm);
        }
    }

    #[test]
    fn white_space_stands_anywhere_in_it() {
        let key = KeyPair::generate().unwrap();
        let text = STANDARD.encode(request(&key, &[], &[]));
        let spaced: String = text.chars().flat_map(|sign| [sign, '\r', '\n']).collect();
        assert!(CertificateRequest::read(spaced.as_bytes()).is_ok());
    }

    #[test]
    fn what_names_somebody_else_is_told_from_what_names_the_device() {
        let key = KeyPair::generate().unwrap();
        for (common, dns, is_its) in [
            (&[][..], &[][..], true),
            (&["th-1"], &[], true),
            (&["gateway:7"], &["th-1.devices.example", "TH-1"], true),
            (&["th-2"], &[], false),
            (&["TH-1"], &[], false),
            (&["th-1"], &["th-2"], false),
            (&["th-1"], &["th-1", "th-12"], false),
            (&["th-1\0"], &[], false),
        ] {
            let read = read(&request(&key, common, dns)).unwrap();
            let found = read.names_nobody_but(&["th-1", "gateway:7"]);
            assert_eq!(found, is_its, "{common:?} {dns:?}");
        }
    }

    #[test]
    fn a_request_that_another_key_signed_is_unproven() {
        let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut der = request(&own, &["th-1"], &[]);
        let (ours, theirs) = (own.public_key_raw(), other.public_key_raw());
        let at = der.windows(ours.len()).position(|part| part == ours);
        let at = at.unwrap();
        der[at..at + ours.len()].copy_from_slice(theirs);
        assert_eq!(read(&der), Err(RequestFlaw::Unproven));
    }

    /// Whatever byte of it is another one, the request isn't taken, or says the same: the library doesn't look at the tag before the name of what it is signed
    /// with, which isn't signed itself.
    #[test]
    fn no_changed_byte_changes_what_is_asked_for() {
        let key = KeyPair::generate().unwrap();
        let der = request(&key, &["th-1"], &["th-1"]);
        let whole = read(&der).unwrap();
        let mut taken = 0;
        for at in 0..der.len() {
            let mut changed = der.clone();
            changed[at] ^= 0x01;
            if let Ok(same) = read(&changed) {
                assert_eq!(same, whole, "byte {at}");
                taken += 1;
            }
        }
        assert!(taken <= 1, "{taken} spellings of one request");
        for cut in 0..der.len() {
            assert!(read(&der[..cut]).is_err(), "{cut} bytes");
        }
        assert_eq!(
            read(&[&der[..], &[0]].concat()),
            Err(RequestFlaw::Unreadable)
        );
    }

    #[test]
    fn what_is_no_request_is_told() {
        for body in [
            &b""[..],
            b"====",
            b"-----BEGIN CERTIFICATE REQUEST-----",
            &[0xff; 64],
        ] {
            let refused = CertificateRequest::read(body);
            assert_eq!(refused, Err(RequestFlaw::Unreadable));
        }
    }
}
