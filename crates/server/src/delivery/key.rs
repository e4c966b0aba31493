//! The key that signs links to payloads. Read [`DeliveryKey`].
//!
//! It is shared with whoever checks links before this server: a CDN, a mirror. It opens nothing but payloads, and devices trust nothing for it.

use std::fmt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::settings::secret;

/// Shortest key, in bytes: what `openssl rand -hex 16` writes, 128 bits.
const KEY_BYTES_MIN: usize = 32;

/// HMAC-SHA256 under a secret. It is never shown.
#[derive(Clone)]
pub struct DeliveryKey(Hmac<Sha256>);

impl fmt::Debug for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryKey(***)")
    }
}

/// A file that holds no key for links.
#[derive(Debug, thiserror::Error)]
#[error("{} {because}", .path.display())]
pub struct KeyFileError {
    path: PathBuf,
    because: String,
}

impl KeyFileError {
    /// The setting that names the file.
    pub const SETTING: &str = "delivery_key_file";

    /// The stable id.
    pub fn id(&self) -> &'static str {
        "settings.secret-malformed"
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        "write one line of at least 32 signs into it, as `openssl rand -hex 32` does, and nothing else"
    }
}

impl DeliveryKey {
    /// The key that a text is: its bytes, without a line's end. None if it is too short, has more than one line, or signs that nobody sees.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_one = text.len() >= KEY_BYTES_MIN && text.bytes().all(|b| b.is_ascii_graphic());
        let mac = is_one.then(|| Hmac::new_from_slice(text.as_bytes()).ok());
        mac.flatten().map(Self)
    }

    /// The key in a file.
    ///
    /// # Errors
    /// If it can't be read, or holds none. What it holds is in no error.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let told = |because: String| KeyFileError {
            path: path.to_owned(),
            because,
        };
        let text = secret::read(path).map_err(told)?;
        Self::from_text(&text).ok_or_else(|| told("doesn't hold one line of a key".to_owned()))
    }

    /// The signature under `message`, in hexadecimal.
    pub(super) fn sign(&self, message: &str) -> String {
        let mac = self.0.clone().chain_update(message.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// Whether `signature` is the one under `message`, compared in constant time.
    pub(super) fn is_under(&self, message: &str, signature: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(message.as_bytes());
        mac.verify_slice(signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_that_is_long_enough_and_never_shown() {
        let long = "0123456789abcdef0123456789abcdef";
        for (text, good) in [
            (long.to_owned(), true),
            (format!("{long}\n"), true),
            (format!("{long}\r\n"), true),
            (format!("{long}\n{long}\n"), false),
            (format!("{long} x"), false),
            (long[1..].to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(DeliveryKey::from_text(&text).is_some(), good, "{text:?}");
        }
        let key = DeliveryKey::from_text(long).expect("a key");
        assert_eq!(format!("{key:?}"), "DeliveryKey(***)");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "too short and secret").expect("an own folder");
        let refused = DeliveryKey::read(&path).expect_err("no key");
        let told = format!("{refused} {refused:?}");
        assert!(!told.contains("too short and secret"), "{told}");
        assert!(DeliveryKey::read(&folder.path().join("none")).is_err());
    }

    /// What any other program computes: `printf '%s' MESSAGE | openssl dgst -sha256 -hmac KEY`.
    #[test]
    fn it_is_hmac_sha_256() {
        let key = DeliveryKey::from_text(&"k".repeat(32)).expect("a key");
        let signature = key.sign("mainstay");
        assert_eq!(signature.len(), 64);
        let bytes = hex::decode(&signature).expect("hexadecimal");
        assert!(key.is_under("mainstay", &bytes));
        assert!(!key.is_under("mainstay", &bytes[..31]));
        assert!(!key.is_under("mainstay", &[]));
        assert!(!key.is_under("mainstay ", &bytes));
        let other = DeliveryKey::from_text(&"l".repeat(32)).expect("a key");
        assert!(!other.is_under("mainstay", &bytes));
    }
}
