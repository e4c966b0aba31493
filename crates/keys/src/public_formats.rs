//! A public key as other programs read it: SubjectPublicKeyInfo in PEM (RFC 5280, section 4.1; RFC
//! 7468, section 13), which openssl takes.

use mainstay_trust::{Algorithm, PublicKey};
use pkcs8::LineEnding;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::der::oid::ObjectIdentifier;
use pkcs8::der::{Encode as _, pem};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// id-ecPublicKey (RFC 5480, section 2.1.1), with the curve as its parameter.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8410, section 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// RFC 9881, section 2.
const ML_DSA_65: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18");
const ML_DSA_87: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19");
/// RFC 9802, section 4.
const HSS_LMS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.17");

/// `-----BEGIN PUBLIC KEY-----` and so on.
pub fn to_pem(key: &PublicKey<'_>) -> String {
    let (oid, curve) = identifiers(key.algorithm());
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef {
            oid,
            parameters: curve.map(AnyRef::from),
        },
        subject_public_key: BitStringRef::from_bytes(key.bytes())
            .expect("no public key is too long for DER"),
    };
    let der = info.to_der().expect("no public key is too long for DER");
    pem::encode_string("PUBLIC KEY", LineEnding::LF, &der).expect("the label is a good one")
}

fn identifiers(algorithm: Algorithm) -> (ObjectIdentifier, Option<&'static ObjectIdentifier>) {
    match algorithm {
        Algorithm::Esp256 => (EC, Some(&P256)),
        Algorithm::Esp384 => (EC, Some(&P384)),
        Algorithm::Ed25519 => (ED25519, None),
        Algorithm::MlDsa65 => (ML_DSA_65, None),
        Algorithm::MlDsa87 => (ML_DSA_87, None),
        Algorithm::HssLms => (HSS_LMS, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8410, section 10.1.
    #[test]
    fn an_example_of_the_standard() {
        let bytes = hex::decode("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
        let bytes = bytes.unwrap();
        let key = PublicKey::new(Algorithm::Ed25519, &bytes).unwrap();
        let expected = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
            -----END PUBLIC KEY-----\n";
        assert_eq!(to_pem(&key), expected);
    }
}
