//! A new key: from the system's random source, or, for demonstrations and tests, from a seed.
//!
//! A key from a seed is as secret as the seed: never ship one. Hash-based keys are never made: see
//! [`Algorithm::HssLms`]. Read [`SecretKey`] first.

use std::fmt;

use aws_lc_rs::digest;
use mainstay_trust::Algorithm;
use mainstay_trust::root::HOLDER_BYTES_MAX;
use zeroize::Zeroizing;

use crate::pair::{self, Pair};
use crate::{FileSigner, KeyError};

/// A private key and the name of its holder, in memory only.
pub struct SecretKey {
    holder: String,
    pkcs8: Zeroizing<Vec<u8>>,
}

/// A fresh key for `holder`, from the system's random source.
///
/// # Errors
/// [`KeyError::HashBased`] for HSS-LMS; a holder that no root can list; a failing library.
pub fn fresh(algorithm: Algorithm, holder: &str) -> Result<SecretKey, KeyError> {
    check_signs(algorithm)?;
    SecretKey::of(holder, Pair::generate(algorithm))
}

/// The ESP256 key that follows from `seed`; see [`seeded`].
///
/// # Errors
/// As [`seeded`].
pub fn from_seed(holder: &str, seed: &[u8; 32]) -> Result<SecretKey, KeyError> {
    seeded(Algorithm::Esp256, holder, seed)
}

/// The key that follows from `seed`: the same seed gives the same key on every machine. For
/// demonstrations and tests only.
///
/// # Errors
/// As [`fresh`].
pub fn seeded(algorithm: Algorithm, holder: &str, seed: &[u8; 32]) -> Result<SecretKey, KeyError> {
    check_signs(algorithm)?;
    // All but one in 2^32 hashes lie below P-256's group order; the counter takes care of the rest.
    let pair_of = |counter| Pair::from_secret(algorithm, &secret(algorithm, seed, counter));
    SecretKey::of(holder, (0..=u8::MAX).find_map(pair_of))
}

fn check_signs(algorithm: Algorithm) -> Result<(), KeyError> {
    if pair::signs(algorithm) {
        Ok(())
    } else {
        Err(KeyError::HashBased)
    }
}

/// Whether a root can name this holder (see `trust::root::Key`), so that no key is made in vain.
pub(crate) fn check_holder(holder: &str) -> Result<(), KeyError> {
    let plain = holder
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase());
    if plain && (1..=HOLDER_BYTES_MAX).contains(&holder.len()) {
        return Ok(());
    }
    let shown = holder.chars().take(HOLDER_BYTES_MAX).collect();
    Err(KeyError::Holder(shown))
}

impl SecretKey {
    /// Takes an unencrypted PKCS#8 document (RFC 5958).
    pub(crate) fn new(holder: &str, pkcs8: &[u8]) -> Result<Self, KeyError> {
        check_holder(holder)?;
        Ok(Self {
            holder: holder.to_owned(),
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
        })
    }

    fn of(holder: &str, pair: Option<Pair>) -> Result<Self, KeyError> {
        let document = pair
            .and_then(|pair| pair.to_pkcs8())
            .ok_or(KeyError::Library("make a key"))?;
        Self::new(holder, &document)
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

/// What [`Pair::from_secret`] takes, hashed from the seed: no two algorithms share a secret. ESP256
/// came first, and its keys stay what they were.
fn secret(algorithm: Algorithm, seed: &[u8; 32], counter: u8) -> Zeroizing<Vec<u8>> {
    let (hash, name) = match algorithm {
        Algorithm::Esp256 => (&digest::SHA256, ""),
        Algorithm::Esp384 => (&digest::SHA384, algorithm.id()),
        other => (&digest::SHA256, other.id()),
    };
    let mut context = digest::Context::new(hash);
    context.update(b"mainstay seeded key");
    context.update(name.as_bytes());
    context.update(&[counter]);
    context.update(seed);
    Zeroizing::new(context.finish().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_artifact::Signer as _;

    const SIGNING: [Algorithm; 5] = [
        Algorithm::Esp256,
        Algorithm::Ed25519,
        Algorithm::Esp384,
        Algorithm::MlDsa65,
        Algorithm::MlDsa87,
    ];

    fn kid(key: Result<SecretKey, KeyError>) -> String {
        key.unwrap().signer().unwrap().key_id().to_string()
    }

    #[test]
    fn a_seed_gives_one_key() {
        for algorithm in SIGNING {
            let made = |byte| kid(seeded(algorithm, "ana", &[byte; 32]));
            assert_eq!(made(1), made(1));
            assert_ne!(made(1), made(2));
        }
    }

    #[test]
    fn a_seeded_key_stays_what_it_was() {
        assert_eq!(
            kid(from_seed("ana", &[0; 32])),
            "483faafd859214a16a347c0db38d7f1a"
        );
    }

    #[test]
    fn fresh_keys_differ() {
        for algorithm in SIGNING {
            assert_ne!(kid(fresh(algorithm, "ana")), kid(fresh(algorithm, "ana")));
        }
    }

    #[test]
    fn hash_based_keys_are_refused() {
        let fresh = fresh(Algorithm::HssLms, "ana").unwrap_err();
        let seeded = seeded(Algorithm::HssLms, "ana", &[1; 32]).unwrap_err();
        assert_eq!([fresh.id(), seeded.id()], ["key.hash-based"; 2]);
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
            let refused = fresh(Algorithm::Esp256, holder).unwrap_err();
            assert_eq!(refused.id(), "key.holder", "{holder:?}");
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        let key = from_seed("ana", &[3; 32]).unwrap();
        assert_eq!(format!("{key:?}"), r#"SecretKey { holder: "ana", .. }"#);
    }
}
