//! Bearer tokens of devices and people: drawn once, shown once, kept only as a hash.
//!
//! A token never appears in a URL, a log line or an error; [`Token`] prints itself as stars. Looking
//! a token up by the hash of its 256 random bits leaks nothing through timing: whoever could guess a
//! hash's prefix still doesn't hold a preimage.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::entropy::Entropy;

/// Bytes of chance in a token: no list of tries gets anywhere near 2^256.
pub const TOKEN_BYTES: usize = 32;

/// A secret that its bearer shows with every request.
#[derive(Clone)]
pub struct Token([u8; TOKEN_BYTES]);

impl Token {
    /// Draws a new token.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads the 64 hexadecimal digits that [`reveal`](Self::reveal) wrote; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// What the store keeps: SHA-256 of the token's bytes.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The token in clear, as 64 lower-case hexadecimal digits, for the one answer that shows it.
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_revealed_token_reads_back_and_nothing_else_does() {
        let token = Token::draw(&SeededEntropy::new(1));
        let read = Token::parse(&token.reveal()).map(|t| t.hash());
        assert_eq!(read, Some(token.hash()));
        for wrong in ["", "abc", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
            assert!(
                Token::parse(wrong).is_none(),
                "{wrong:?} was taken for a token"
            );
        }
    }

    #[test]
    fn a_token_never_prints_itself() {
        let token = Token::draw(&SeededEntropy::new(1));
        assert!(!format!("{token:?}").contains(&token.reveal()[..8]));
    }
}
