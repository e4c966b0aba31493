//! The key and the certificate that a device gets for itself: made, asked for, kept. When it asks is `tend.rs`'s matter.
//!
//! | file | holds | is written |
//! |---|---|---|
//! | `[server] identity_file` | a key and its certificate | whole, by one rename, once the server gave the certificate |
//! | `identity.key`, in the agent's state | the key of a request that isn't answered yet | before it is asked with; gone once the certificate is kept |
//!
//! So no key is ever shown with another one's certificate, and a device that is cut off anywhere in between goes on with what it had and asks
//! again with the same key. Both files are for the agent's user alone, and no key leaves the device. Read [`Identity::read`] and [`ask`].

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use yasna::{BERReader, Tag, parse_der};

use crate::config::OwnIdentity;
use crate::durable;
use crate::fault::Fault;
use crate::link::LinkError;
use crate::log::{self, Level};

/// A key and a certificate have some 2 KiB.
const BYTES_MAX: u64 = 64 * 1024;

/// What a device has for itself: from when until when its certificate is good, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    begins_s: u64,
    ends_s: u64,
}

impl Identity {
    /// What is in the file; none if it isn't there, or isn't a key and that one's certificate. Whatever the time is: a device whose clock is wrong throws
    /// nothing away.
    pub fn read(file: &Path) -> Option<Self> {
        let found = durable::read(file, BYTES_MAX);
        let pem = found.unwrap_or_else(|fault| {
            log::line(Level::Warning, fault);
            None
        })?;
        let identity = Self::of(&pem);
        if identity.is_none() {
            let file = file.display();
            log::line(
                Level::Warning,
                format!("{file} isn't a key and its certificate: another one is asked for"),
            );
        }
        identity
    }

    fn of(pem: &[u8]) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(pem).ok()?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        let identity = Self::dated(&certificate)?;
        let provider = aws_lc_rs::default_provider();
        // Also that they belong together.
        CertifiedKey::from_der(vec![certificate], key, &provider).ok()?;
        Some(identity)
    }

    fn dated(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
        let validity = parsed.validity();
        Some(Self {
            begins_s: u64::try_from(validity.not_before.timestamp()).unwrap_or(0),
            ends_s: u64::try_from(validity.not_after.timestamp()).ok()?,
        })
    }

    /// For how long the certificate is good, from its begin to its end, in seconds; 0 if it ends before it begins.
    pub fn life_s(self) -> u64 {
        self.ends_s.saturating_sub(self.begins_s)
    }

    /// From when on the next one is asked for, in Unix seconds: when the last third of its life begins, and up to a tenth of its life later, as `lot` has it.
    pub fn renews_at_s(self, lot: u16) -> u64 {
        let life_s = self.life_s();
        let later_s = life_s / 10 * u64::from(lot) / u64::from(u16::MAX);
        self.begins_s.saturating_add(life_s / 3 * 2 + later_s)
    }
}

/// Asks for a certificate and keeps it with its key, in place of what was kept before. `send` sends a request to the server, in base64, and returns the answer.
///
/// # Errors
/// If there is no answer, or not the one that was asked for, or it can't be kept. What was kept before is still there, and asking again is safe.
pub(crate) fn ask(
    own: &OwnIdentity,
    send: impl FnOnce(&str) -> Result<Vec<u8>, LinkError>,
) -> Result<(), LinkError> {
    let key = pending(own).map_err(failed)?;
    let request = request(&key, &own.device).map_err(failed)?;
    let answer = send(&request)?;
    let certificate = given(&answer).ok_or(LinkError::Wrong)?;
    let pem = format!(
        "{}{}",
        key.serialize_pem(),
        in_pem("CERTIFICATE", &certificate)
    );
    if Identity::of(pem.as_bytes()).is_none() {
        return Err(LinkError::Wrong);
    }
    durable::write_secret(&own.file, pem.as_bytes()).map_err(failed)?;
    // A cut here leaves a key beside that is in use already, which `pending` finds out.
    durable::remove(&own.key_file).map_err(failed)
}

/// The key to ask with: that of a request without an answer, or a new one. It is on disk before it is used.
fn pending(own: &OwnIdentity) -> Result<KeyPair, Fault> {
    let kept = durable::read(&own.key_file, BYTES_MAX)?;
    let kept = kept.and_then(|pem| String::from_utf8(pem).ok());
    let in_use = durable::read(&own.file, BYTES_MAX)?.unwrap_or_default();
    let is_in_use = |pem: &str| in_use.starts_with(pem.as_bytes());
    let kept = kept.filter(|pem| !is_in_use(pem));
    if let Some(key) = kept.and_then(|pem| KeyPair::from_pem(&pem).ok()) {
        return Ok(key);
    }
    let key = KeyPair::generate().map_err(|error| {
        let cure = "Report it: it is a fault of Mainstay.";
        Fault::new(
            "agent.certificate",
            format!("no key can be made: {error}"),
            cure,
        )
    })?;
    durable::write_secret(&own.key_file, key.serialize_pem().as_bytes())?;
    Ok(key)
}

/// A request that names the device, and is signed by the key (PKCS #10), in base64.
fn request(key: &KeyPair, device: &str) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, device);
    Ok(STANDARD.encode(params.serialize_request(key)?.der()))
}

/// The certificate in an answer (RFC 7030, section 4.2.3): a CMS message in base64 that carries one and nothing else.
fn given(answer: &[u8]) -> Option<CertificateDer<'static>> {
    let text: Vec<u8> = answer
        .iter()
        .copied()
        .filter(|sign| !sign.is_ascii_whitespace())
        .collect();
    let der = STANDARD.decode(text).ok()?;
    let message = parse_der(&der, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_oid()?;
            reader.next().read_tagged(Tag::context(0), carried)
        })
    });
    match <[Vec<u8>; 1]>::try_from(message.ok()?) {
        Ok([one]) => Some(CertificateDer::from(one)),
        Err(_) => None,
    }
}

/// The certificates in a message (RFC 5652, section 5.1), behind its version, digests and content.
fn carried(reader: BERReader<'_, '_>) -> yasna::ASN1Result<Vec<Vec<u8>>> {
    reader.read_sequence(|reader| {
        reader.next().read_u8()?;
        reader.next().read_der()?;
        reader.next().read_der()?;
        let all = |reader: BERReader<'_, '_>| reader.collect_set_of(|one| one.read_der());
        let found = reader.next().read_tagged_implicit(Tag::context(0), all)?;
        reader.next().read_der()?;
        Ok(found)
    })
}

fn in_pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

fn failed(why: impl std::fmt::Display) -> LinkError {
    LinkError::Certificate(why.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use rcgen::{
        BasicConstraints, CertificateSigningRequestParams, CertifiedIssuer, IsCa, date_time_ymd,
    };
    use yasna::models::ObjectIdentifier;

    use super::*;

    fn own(folder: &Path) -> OwnIdentity {
        OwnIdentity {
            file: folder.join("identity.pem"),
            key_file: folder.join("identity.key"),
            device: "th-1".to_owned(),
        }
    }

    fn message(certificates: &[&[u8]]) -> Vec<u8> {
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                let oid = |numbers| ObjectIdentifier::from_slice(numbers);
                let signed = oid(&[1, 2, 840, 113_549, 1, 7, 2]);
                writer.next().write_oid(&signed);
                writer.next().write_tagged(Tag::context(0), |writer| {
                    writer.write_sequence(|writer| {
                        writer.next().write_u8(1);
                        writer.next().write_set(|_| {});
                        writer.next().write_sequence(|writer| {
                            let data = oid(&[1, 2, 840, 113_549, 1, 7, 1]);
                            writer.next().write_oid(&data);
                        });
                        writer
                            .next()
                            .write_tagged_implicit(Tag::context(0), |writer| {
                                writer.write_set_of(|writer| {
                                    for one in certificates {
                                        writer.next().write_der(one);
                                    }
                                });
                            });
                        writer.next().write_set(|_| {});
                    });
                });
            });
        });
        STANDARD.encode(der).into_bytes()
    }

    /// What a server answers, and the key that was asked with.
    fn answer(request: &str) -> (Vec<u8>, Vec<u8>) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let der = STANDARD.decode(request).expect("base64").into();
        let mut asked = CertificateSigningRequestParams::from_der(&der).expect("a good request");
        asked.params.not_before = date_time_ymd(2026, 1, 1);
        asked.params.not_after = date_time_ymd(2026, 4, 1);
        let made = asked.signed_by(&issuer).expect("made");
        let public = rcgen::PublicKeyData::der_bytes(&asked.public_key).to_vec();
        (message(&[&made.der()[..]]), public)
    }

    #[test]
    fn a_request_without_an_answer_is_made_again_with_the_same_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = own(folder.path());
        let mut keys = Vec::new();
        for _ in 0..2 {
            let lost = ask(&own, |request| {
                keys.push(answer(request).1);
                Err(LinkError::TooSlow)
            });
            assert!(matches!(lost, Err(LinkError::TooSlow)));
            assert_eq!(Identity::read(&own.file), None);
        }
        let given = ask(&own, |request| {
            let (answer, key) = answer(request);
            keys.push(key);
            Ok(answer)
        });
        given.expect("it is given one");
        assert!(keys.iter().all(|key| *key == keys[0]));
        let identity = Identity::read(&own.file).expect("it is kept");
        assert!(!own.key_file.exists());
        let mode = fs::metadata(&own.file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Of its 90 days, it goes by the first 60; then it asks, within nine days.
        let day = 24 * 3600;
        assert_eq!(identity.renews_at_s(0), identity.begins_s + 60 * day);
        assert_eq!(identity.renews_at_s(u16::MAX), identity.begins_s + 69 * day);
        // The next one has a key of its own, and what there is stays until it is there.
        let before = fs::read(&own.file).expect("there");
        let lost = ask(&own, |request| {
            assert_ne!(answer(request).1, keys[0]);
            Err(LinkError::TooSlow)
        });
        assert!(lost.is_err());
        assert_eq!(fs::read(&own.file).expect("there"), before);
    }

    /// It was cut off between keeping the certificate and throwing the key beside away.
    #[test]
    fn a_key_that_is_in_use_is_not_asked_with_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = own(folder.path());
        let mut first = Vec::new();
        let given = ask(&own, |request| {
            let (answer, key) = answer(request);
            first = key;
            Ok(answer)
        });
        given.expect("it is given one");
        let pem = fs::read_to_string(&own.file).expect("there");
        let (key, _) = pem.split_once("-----BEGIN CERTIFICATE").expect("both");
        fs::write(&own.key_file, key).expect("writes");
        let again = ask(&own, |request| {
            let (answer, key) = answer(request);
            assert_ne!(key, first);
            Ok(answer)
        });
        again.expect("it is given one");
    }

    #[test]
    fn what_is_not_the_certificate_of_its_key_is_never_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = own(folder.path());
        let other = KeyPair::generate().expect("a key");
        let others = request(&other, "th-1").expect("a request");
        let (others, _) = answer(&others);
        for wrong in [
            others,
            b"no base64!".to_vec(),
            Vec::new(),
            message(&[]),
            b"AAAA".to_vec(),
        ] {
            let refused = ask(&own, |_| Ok(wrong.clone()));
            assert!(matches!(refused, Err(LinkError::Wrong)));
            assert!(!own.file.exists());
        }
        for damaged in [&b""[..], b"-----BEGIN CERTIFICATE-----", b"\xff\xff"] {
            fs::write(&own.file, damaged).expect("writes");
            assert_eq!(Identity::read(&own.file), None);
        }
    }
}
