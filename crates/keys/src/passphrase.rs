//! The passphrase of a key file, wiped from memory when dropped.
//!
//! It comes from a file, from the text of an environment variable, or from a prompt of the command
//! line; there is no way to give it as an argument, where every process of the machine could read
//! it. It is never printed.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::KeyError;

/// Fewer bytes than this fall to guessing even behind scrypt (NIST SP 800-63B-4, section 3.1.1.2,
/// asks for eight at least).
pub const PASSPHRASE_BYTES_MIN: usize = 8;

/// More than a page of text is a wrong file, not a passphrase.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;

/// A secret text of [`PASSPHRASE_BYTES_MIN`] to [`PASSPHRASE_BYTES_MAX`] bytes.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase from text (an environment variable's, or a prompt's). One line end at its end
    /// is not part of it.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.len() {
            PASSPHRASE_BYTES_MIN..=PASSPHRASE_BYTES_MAX => {
                Ok(Self(Zeroizing::new(line.to_owned())))
            }
            len => Err(KeyError::PassphraseLength(len)),
        }
    }

    /// The passphrase that stands alone in a file.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        Self::from_text(&read_line(path, PASSPHRASE_BYTES_MAX)?)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The text of a file with one secret line of at most `bytes_max` bytes; of a longer one enough is
/// read to see that it is too long.
pub(crate) fn read_line(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, KeyError> {
    // Room for the longest line, its line end and one byte to see that there is more: without it
    // the text would be moved while it grows, and leave copies behind.
    let room = bytes_max + 3;
    let mut text = Zeroizing::new(String::with_capacity(room));
    File::open(path)
        .and_then(|file| file.take(room as u64).read_to_string(&mut text))
        .map_err(|cause| KeyError::reading(path, cause))?;
    Ok(text)
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = Passphrase::from_text(text);
        let found = found
            .as_ref()
            .map(|p| p.0.as_str())
            .map_err(|error| error.id());
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn only_one_line_end_is_stripped() {
        check("correct horse", Ok("correct horse"));
        check("correct horse\n", Ok("correct horse"));
        check("correct horse\r\n", Ok("correct horse"));
        check("correct horse\n\n", Ok("correct horse\n"));
        check("short\n", Err("key.passphrase-length"));
        check("", Err("key.passphrase-length"));
        check(
            &"x".repeat(PASSPHRASE_BYTES_MAX + 1),
            Err("key.passphrase-length"),
        );
    }

    #[test]
    fn a_file_holds_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, "correct horse\n").unwrap();
        assert_eq!(
            Passphrase::from_file(&path).unwrap().as_bytes(),
            b"correct horse"
        );
        std::fs::write(&path, "x".repeat(100_000)).unwrap();
        assert_eq!(
            Passphrase::from_file(&path).unwrap_err().id(),
            "key.passphrase-length"
        );
        let missing = Passphrase::from_file(&folder.path().join("none")).unwrap_err();
        assert_eq!(missing.id(), "key.missing");
    }

    #[test]
    fn it_is_never_printed() {
        let passphrase = Passphrase::from_text("correct horse").unwrap();
        assert!(!format!("{passphrase:?}").contains("horse"));
    }
}
