//! Bearer tokens of devices and people: drawn once, shown once, kept only as a hash.
//!
//! A token never appears in a URL, a log line or an error; [`Token`] prints itself as stars. Looking
//! a token up by the hash of its 256 random bits leaks nothing through timing: whoever could guess a
//! hash's prefix still doesn't hold a preimage.

use std::fmt;

use mainstay_api::GivenToken;
use mainstay_api::device::{GIVEN_TOKEN_BYTES_MAX, GIVEN_TOKEN_BYTES_MIN, TOKEN_HASH_PREFIX};
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

/// What the store keeps of a token by which a device with another update client logs in; none if it can't be one.
///
/// One of ours, 64 hexadecimal digits, has the hash that it has everywhere. One from another server is any 16 to 128 plain signs without
/// spaces; its hash has a prefix, so that it is never that of one of ours.
pub fn target_token_hash(text: &str) -> Option<[u8; 32]> {
    if let Some(ours) = Token::parse(text) {
        return Some(ours.hash());
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = (GIVEN_TOKEN_BYTES_MIN..=GIVEN_TOKEN_BYTES_MAX).contains(&text.len());
    (plain && fits).then(|| {
        let mut hash = Sha256::new();
        hash.update(b"mainstay.target-token");
        hash.update(text);
        hash.finalize().into()
    })
}

/// What the store keeps of a token that a device brings along: its hash, told or computed; none if it can't be one. Whoever logs in shows the token itself.
pub(crate) fn kept_of(given: &GivenToken) -> Option<[u8; 32]> {
    match given.0.starts_with(TOKEN_HASH_PREFIX) {
        true => given.hash(),
        false => target_token_hash(&given.0),
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
    fn tokens_of_other_servers_are_plain_and_neither_short_nor_long() {
        let ours = Token::draw(&SeededEntropy::new(1));
        assert_eq!(target_token_hash(&ours.reveal()), Some(ours.hash()));
        let longest = "x".repeat(128);
        let good = [
            "0123456789abcdef",
            "eXample/Token+from=elsewhere!",
            &longest,
        ];
        let hashes: Vec<_> = good.map(target_token_hash).into();
        assert!(hashes.iter().all(Option::is_some));
        assert_ne!(hashes[0], hashes[1]);
        let too_long = "x".repeat(129);
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdeü",
            &too_long,
        ] {
            assert_eq!(target_token_hash(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_begins_as_a_hash_is_a_hash_or_nothing() {
        let kept = |text: String| kept_of(&GivenToken(text));
        let digits = "5f".repeat(32);
        assert_eq!(kept(format!("sha256:{digits}")), Some([0x5f; 32]));
        assert_eq!(kept(format!("sha256:{}", &digits[1..])), None);
        // Whoever logs in shows a token: the hash from the list opens nothing.
        let shown = target_token_hash(&format!("sha256:{digits}"));
        assert_ne!(shown, Some([0x5f; 32]));
    }

    #[test]
    fn a_token_never_prints_itself() {
        let token = Token::draw(&SeededEntropy::new(1));
        assert!(!format!("{token:?}").contains(&token.reveal()[..8]));
    }
}
