//! Keeping secrets that a server must use again, and not only recognise: AES-256-GCM under a key that lies elsewhere. Read [`SealingKey`].
//!
//! What is sealed is bound to a name: sealed for one thing, it opens for no other.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// The bytes that must be drawn anew for each secret.
pub const SEALING_NONCE_BYTES: usize = NONCE_LEN;

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key for secrets is one line of 64 hexadecimal digits")]
pub struct NoSealingKey;

impl NoSealingKey {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        "key.sealing"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        "make one: `openssl rand -hex 32 > webhook.key`, in a file that only the server's user may read"
    }
}

/// A key that seals secrets. It is never printed, and wiped when it is dropped.
pub struct SealingKey(LessSafeKey);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// If that isn't what the text is.
    pub fn from_text(text: &str) -> Result<Self, NoSealingKey> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| NoSealingKey)?;
        let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| NoSealingKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// The secret, sealed for what bears this name. `nonce` is drawn by chance, for this once.
    #[must_use]
    pub fn seal(&self, name: &str, secret: &[u8], nonce: [u8; SEALING_NONCE_BYTES]) -> Vec<u8> {
        let mut bytes = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut bytes,
            )
            .expect("a secret is far shorter than what AES-GCM takes");
        let mut sealed = nonce.to_vec();
        sealed.append(&mut bytes);
        sealed
    }

    /// The secret that was sealed for this name; none if another key sealed it, for another name, or somebody changed it.
    #[must_use]
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<SEALING_NONCE_BYTES>()?;
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let opened = self.0.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(name.as_bytes()),
            &mut bytes,
        );
        let secret = opened.ok()?.len();
        bytes.truncate(secret);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> SealingKey {
        SealingKey::from_text(&digit.repeat(64)).expect("a key")
    }

    #[test]
    fn only_the_same_key_opens_for_the_same_name() {
        let sealed = key("a").seal("wh_1", b"secret", [7; SEALING_NONCE_BYTES]);
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let opened = key("a").open("wh_1", &sealed).expect("the same");
        assert_eq!(&**opened, b"secret");
        assert!(key("b").open("wh_1", &sealed).is_none());
        assert!(key("a").open("wh_2", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key("a").open("wh_1", &changed).is_none(), "{at}");
        }
        for short in [&[][..], &sealed[..11], &sealed[..12], &sealed[..20]] {
            assert!(key("a").open("wh_1", short).is_none());
        }
    }

    #[test]
    fn a_key_is_sixty_four_digits() {
        for (text, is_one) in [
            ("0a".repeat(32), true),
            (format!("{}\n", "0A".repeat(32)), true),
            ("0a".repeat(31), false),
            ("0a".repeat(33), false),
            ("xy".repeat(32), false),
            (String::new(), false),
        ] {
            assert_eq!(SealingKey::from_text(&text).is_ok(), is_one, "{text}");
        }
        assert_eq!(format!("{:?}", key("a")), "SealingKey");
    }
}
