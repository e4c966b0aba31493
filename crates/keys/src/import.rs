//! A public key that was made elsewhere, for a root to list: a token's, another program's, or a
//! hash-based one, whose private half no software may keep.
//!
//! Nothing vouches for it: whoever imports a key has to know whose it is. Read [`public_half`].

use std::path::Path;

use mainstay_artifact::PublicKeyBuf;
use mainstay_trust::Algorithm;
use pkcs8::Document;
use pkcs8::der::Decode as _;
use pkcs8::spki::SubjectPublicKeyInfoRef;

use crate::file::{self, KEY_FILE_BYTES_MAX};
use crate::{KeyError, PublicHalf, pair};

const LABEL: &str = "PUBLIC KEY";

/// Reads the public key in `path`: PEM (RFC 7468, section 13), or its bytes in the form of
/// [`mainstay_trust::key`]'s table, raw or in hexadecimal, which need `algorithm` beside them.
///
/// # Errors
/// [`KeyError::NotAPublicKey`] says what is wrong; also if `algorithm` isn't that of the PEM.
pub fn public_half(
    path: &Path,
    holder: &str,
    algorithm: Option<Algorithm>,
) -> Result<PublicHalf, KeyError> {
    PublicHalf::check_holder(holder)?;
    let content = file::read_bytes(path, KEY_FILE_BYTES_MAX)?;
    match parse(&content, algorithm) {
        Ok(key) => PublicHalf::new(holder, key),
        Err(why) => Err(KeyError::NotAPublicKey {
            path: path.to_owned(),
            why,
        }),
    }
}

/// The public key in the content of such a file; the caller bounds its size.
///
/// # Errors
/// What is wrong, in plain words.
pub fn parse(content: &[u8], asked: Option<Algorithm>) -> Result<PublicKeyBuf, String> {
    if let Some(text) = pem(content) {
        let key = from_pem(text)?;
        return match asked {
            Some(other) if other != key.algorithm() => {
                Err(format!("it is for {}", key.algorithm().id()))
            }
            _ => Ok(key),
        };
    }
    let algorithm = asked.ok_or("it isn't PEM, and its algorithm isn't named")?;
    let digits: Vec<u8> = content
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = hex::decode(digits).unwrap_or_else(|_| content.to_vec());
    PublicKeyBuf::new(algorithm, &bytes).map_err(|why| why.to_string())
}

fn pem(content: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(content).ok()?;
    text.starts_with("-----BEGIN ").then_some(text)
}

fn from_pem(text: &str) -> Result<PublicKeyBuf, String> {
    let (label, document) = Document::from_pem(text).map_err(|_| "it is damaged PEM")?;
    if label != LABEL {
        return Err(format!("it holds a {}", label.to_lowercase()));
    }
    let info = SubjectPublicKeyInfoRef::from_der(document.as_bytes())
        .map_err(|_| "it is a damaged SubjectPublicKeyInfo")?;
    let algorithm = pair::named(info.algorithm).ok_or("it is for an unknown algorithm")?;
    let bytes = info.subject_public_key.raw_bytes();
    PublicKeyBuf::new(algorithm, bytes).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LMS: &[u8] = include_bytes!("../../../fixtures/good/trust/lms/rfc8554-f1-leaf.pub");

    /// `openssl pkey -pubout` of the test key `openssl-ed25519.pem`.
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAh1IC1sbhCTGRRRDLWuoDJtL/QkOcR+z+ogttuAu3azg=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_hash_based_key_raw_and_in_hexadecimal() {
        let digits = hex::encode(LMS).into_bytes();
        let lines = digits.chunks(32).collect::<Vec<_>>().join(&b'\n');
        for content in [LMS, &digits, &lines] {
            let key = parse(content, Some(Algorithm::HssLms)).unwrap();
            assert_eq!(key.as_key().bytes(), LMS);
        }
    }

    #[test]
    fn pem_names_its_algorithm() {
        let key = parse(ED25519.as_bytes(), None).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Ed25519);
        assert_eq!(parse(ED25519.as_bytes(), Some(Algorithm::Ed25519)), Ok(key));
    }

    #[test]
    fn each_defect_is_named() {
        let other_label = ED25519.replace("PUBLIC KEY", "CERTIFICATE");
        let damaged = ED25519.replace("MCow", "MCox");
        let unknown = ED25519.replace("K2Vw", "K2Vx");
        let lms = Some(Algorithm::HssLms);
        let cases: [(&[u8], _, &str); 7] = [
            (LMS, None, "isn't named"),
            (&LMS[1..], lms, "60 bytes"),
            (&[], lms, "60 bytes"),
            (ED25519.as_bytes(), lms, "it is for Ed25519"),
            (other_label.as_bytes(), None, "it holds a certificate"),
            (damaged.as_bytes(), None, "damaged SubjectPublicKeyInfo"),
            (unknown.as_bytes(), None, "unknown algorithm"),
        ];
        for (content, algorithm, expected) in cases {
            let why = parse(content, algorithm).unwrap_err();
            assert!(why.contains(expected), "{why:?} should name {expected:?}");
        }
    }
}
