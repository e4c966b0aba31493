//! The identity of a release, as a fleet knows it.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// SHA-256 digest of a release's manifest: what a device says it runs, and what it is offered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct ReleaseDigest(pub [u8; 32]);

impl ReleaseDigest {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse_hex(text: &str) -> Option<Self> {
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The first eight hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

impl fmt::Display for ReleaseDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ReleaseDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReleaseDigest({})", self.short())
    }
}

impl TryFrom<String> for ReleaseDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse_hex(&text).ok_or("a digest has 64 hexadecimal digits")
    }
}

impl From<ReleaseDigest> for String {
    fn from(digest: ReleaseDigest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let digest = ReleaseDigest([0xab; 32]);
        assert_eq!(ReleaseDigest::parse_hex(&digest.to_string()), Some(digest));
        assert_eq!(digest.short(), "abababab");
        assert_eq!(ReleaseDigest::parse_hex("ab"), None);
    }
}
