//! The PIN of a token, wiped from memory when dropped.
//!
//! Like a passphrase it comes from a file, an environment variable or a prompt, never from an
//! argument or a URI, and is never printed. What length it must have is the token's own rule; the
//! bounds here only tell a PIN from a wrong file.

use std::fmt;
use std::path::Path;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::TokenError;
use crate::KeyError;
use crate::passphrase::read_line;

/// What tokens take at most (the field of CK_TOKEN_INFO is larger, but no token goes beyond it).
pub const PIN_BYTES_MAX: usize = 255;

/// A secret text of 1 to [`PIN_BYTES_MAX`] bytes.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// A PIN from text. One line end at its end is not part of it.
    ///
    /// # Errors
    /// `token.pin-length` if it is empty or far too long.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.len() {
            1..=PIN_BYTES_MAX => Ok(Self(Zeroizing::new(line.to_owned()))),
            len => Err(TokenError::PinLength(len).into()),
        }
    }

    /// The PIN that stands alone in a file.
    ///
    /// # Errors
    /// If the file can't be read, or doesn't hold one line of a PIN's length.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        Self::from_text(&read_line(path, PIN_BYTES_MAX)?)
    }

    /// In the form that the token's library takes; wiped by its own type.
    pub(super) fn to_auth(&self) -> AuthPin {
        AuthPin::new(self.0.as_str().into())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_length_is_checked_and_it_is_never_printed() {
        for (text, expected) in [
            ("4321\n", "ok"),
            ("4321\r\n", "ok"),
            ("", "token.pin-length"),
            ("\n", "token.pin-length"),
            (&*"1".repeat(PIN_BYTES_MAX + 1), "token.pin-length"),
        ] {
            let found = Pin::from_text(text);
            assert!(!format!("{found:?}").contains("4321"));
            assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
        }
    }
}
