//! A new key: from the system's random source, or, for demonstrations and tests, from a seed.
//!
//! A key from a seed is as secret as the seed: never ship one. Read [`SecretKey`] first.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use crate::{FileSigner, KeyError, PublicHalf};

/// A private P-256 key and the name of its holder, in memory only.
pub struct SecretKey {
    holder: String,
    pkcs8: Zeroizing<Vec<u8>>,
}

/// A fresh key for `holder`, from the system's random source.
pub fn fresh(holder: &str) -> Result<SecretKey, KeyError> {
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| KeyError::Library("make a P-256 key"))?;
    SecretKey::new(holder, document.as_ref())
}

/// The key that follows from `seed`: the same seed gives the same key on every machine. For
/// demonstrations and tests only.
pub fn from_seed(holder: &str, seed: &[u8; 32]) -> Result<SecretKey, KeyError> {
    // All but one in 2^32 hashes lie below the group order; the counter takes care of the rest.
    let pair = (0..=u8::MAX).find_map(|counter| pair_of(&scalar(seed, counter)));
    let document = pair
        .and_then(|pair| pair.to_pkcs8v1().ok())
        .ok_or(KeyError::Library("make a P-256 key from a seed"))?;
    SecretKey::new(holder, document.as_ref())
}

impl SecretKey {
    /// Takes an unencrypted PKCS#8 document (RFC 5958) of a P-256 key.
    pub(crate) fn new(holder: &str, pkcs8: &[u8]) -> Result<Self, KeyError> {
        PublicHalf::check_holder(holder)?;
        Ok(Self {
            holder: holder.to_owned(),
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
        })
    }

    /// The signer of this key, ready to use.
    pub fn signer(&self) -> Result<FileSigner, KeyError> {
        FileSigner::new(self)
    }

    /// Who holds it.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

fn scalar(seed: &[u8; 32], counter: u8) -> Zeroizing<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"mainstay seeded key");
    context.update(&[counter]);
    context.update(seed);
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(context.finish().as_ref());
    scalar
}

/// The key pair of a scalar, through the smallest `ECPrivateKey` of RFC 5915, section 3: version,
/// scalar and curve; the library computes the public half. None if the scalar is out of range.
fn pair_of(scalar: &[u8; 32]) -> Option<EcdsaKeyPair> {
    const BEFORE: &[u8] = &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    const CURVE_P256: &[u8] = &[
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let der = Zeroizing::new([BEFORE, scalar, CURVE_P256].concat());
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_artifact::Signer as _;
    use mainstay_trust::root::HOLDER_BYTES_MAX;

    #[test]
    fn a_seed_gives_one_key() {
        let kid = |byte| {
            from_seed("ana", &[byte; 32])
                .unwrap()
                .signer()
                .unwrap()
                .key_id()
        };
        assert_eq!(kid(1), kid(1));
        assert_ne!(kid(1), kid(2));
    }

    #[test]
    fn a_seeded_key_stays_what_it_was() {
        let signer = from_seed("ana", &[0; 32]).unwrap().signer().unwrap();
        assert_eq!(
            signer.key_id().to_string(),
            "483faafd859214a16a347c0db38d7f1a"
        );
    }

    #[test]
    fn fresh_keys_differ() {
        let kid = || fresh("ana").unwrap().signer().unwrap().key_id();
        assert_ne!(kid(), kid());
    }

    #[test]
    fn scalars_out_of_range_make_no_key() {
        assert!(pair_of(&[0; 32]).is_none());
        assert!(pair_of(&[0xff; 32]).is_none());
        assert!(pair_of(&[1; 32]).is_some());
    }

    #[test]
    fn a_holder_has_a_name_that_a_root_can_list() {
        for holder in [
            "",
            "ana b",
            "ana\n",
            "Ana",
            "an\u{e1}",
            &"x".repeat(HOLDER_BYTES_MAX + 1),
        ] {
            assert_eq!(fresh(holder).unwrap_err().id(), "key.holder", "{holder:?}");
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        let key = from_seed("ana", &[3; 32]).unwrap();
        assert_eq!(format!("{key:?}"), r#"SecretKey { holder: "ana", .. }"#);
    }
}
