//! How tokens write curves and points (PKCS#11 3.1, sections 6.3.3 and 6.3.5): pure tables.
//!
//! CKA_EC_PARAMS is the DER of an object identifier, or of the curve's name. CKA_EC_POINT is a DER
//! OCTET STRING around the point by the standard, and the bare point in many tokens; the lengths
//! tell the two apart.

use cryptoki::object::KeyType;
use mainstay_artifact::PublicKeyBuf;
use mainstay_trust::Algorithm;

/// secp256r1 (RFC 5480, section 2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1.
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// id-Ed25519 (RFC 8410, section 3).
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// The older identifier of the curve itself.
const ED25519_CURVE: &[u8] = &[
    0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01,
];
/// Its name as PrintableString.
const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";

/// CKA_EC_PARAMS of a new key. None for algorithms that tokens don't have.
pub(super) fn params_of(algorithm: Algorithm) -> Option<&'static [u8]> {
    match algorithm {
        Algorithm::Esp256 => Some(P256),
        Algorithm::Esp384 => Some(P384),
        Algorithm::Ed25519 => Some(ED25519),
        Algorithm::MlDsa65 | Algorithm::MlDsa87 | Algorithm::HssLms => None,
    }
}

/// The algorithm of a key; if it is none of ours, what it is.
pub(super) fn algorithm_of(kind: Option<KeyType>, params: &[u8]) -> Result<Algorithm, String> {
    match kind {
        Some(KeyType::EC) if params == P256 => Ok(Algorithm::Esp256),
        Some(KeyType::EC) if params == P384 => Ok(Algorithm::Esp384),
        Some(KeyType::EC) => Err("an elliptic curve other than P-256 and P-384".to_owned()),
        Some(KeyType::EC_EDWARDS) if [ED25519, ED25519_CURVE, ED25519_NAME].contains(&params) => {
            Ok(Algorithm::Ed25519)
        }
        Some(KeyType::EC_EDWARDS) => Err("an Edwards curve other than Ed25519".to_owned()),
        Some(KeyType::RSA) => Err("RSA".to_owned()),
        Some(kind) => Err(kind.to_string()),
        None => Err("the token doesn't say".to_owned()),
    }
}

/// The public key in CKA_EC_POINT. None if it is in no form that is known.
pub(super) fn public_key(algorithm: Algorithm, point: &[u8]) -> Option<PublicKeyBuf> {
    let len = algorithm.public_key_bytes();
    let head = [0x04, u8::try_from(len).ok()?];
    let bare = match point.strip_prefix(&head) {
        // A bare point of P-256 that begins with 04 41 has 65 bytes in all, not 67.
        Some(wrapped) if wrapped.len() == len => wrapped,
        _ => point,
    };
    PublicKeyBuf::new(algorithm, bare).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves() {
        for (kind, params, expected) in [
            (KeyType::EC, P256, Ok(Algorithm::Esp256)),
            (KeyType::EC, P384, Ok(Algorithm::Esp384)),
            (KeyType::EC_EDWARDS, ED25519, Ok(Algorithm::Ed25519)),
            (KeyType::EC_EDWARDS, ED25519_CURVE, Ok(Algorithm::Ed25519)),
            (KeyType::EC_EDWARDS, ED25519_NAME, Ok(Algorithm::Ed25519)),
            (KeyType::EC, ED25519, Err("other than P-256")),
            (KeyType::EC_EDWARDS, P256, Err("other than Ed25519")),
            (KeyType::RSA, &[], Err("RSA")),
            (KeyType::GENERIC_SECRET, &[], Err("GENERIC_SECRET")),
        ] {
            match (algorithm_of(Some(kind), params), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, _) => panic!("{kind}: {found:?}"),
            }
        }
        assert!(algorithm_of(None, P256).is_err());
    }

    /// A point of the algorithm's length, whose second byte is as hostile as it can be.
    fn point(algorithm: Algorithm) -> Vec<u8> {
        let len = algorithm.public_key_bytes();
        let mut point = vec![7; len];
        point[0] = 0x04;
        point[1] = u8::try_from(len).unwrap();
        point
    }

    #[test]
    fn points_bare_and_wrapped() {
        for algorithm in [Algorithm::Esp256, Algorithm::Esp384, Algorithm::Ed25519] {
            let bare = point(algorithm);
            let wrapped = [&[0x04, bare[1]], &bare[..]].concat();
            let expected = PublicKeyBuf::new(algorithm, &bare).unwrap();
            assert_eq!(public_key(algorithm, &bare), Some(expected.clone()));
            assert_eq!(public_key(algorithm, &wrapped), Some(expected));
            assert_eq!(public_key(algorithm, &bare[1..]), None);
            assert_eq!(public_key(algorithm, &[&wrapped[..], &[0]].concat()), None);
            assert_eq!(public_key(algorithm, &[]), None);
        }
        let compressed = [&[0x02], &[7; 32][..]].concat();
        assert_eq!(public_key(Algorithm::Esp256, &compressed), None);
    }
}
