//! SHA-256 digests: the names of releases, images, plans and evidence.
//!
//! A [`Digest`] is only a value; computing one is the work of
//! [`Primitives`](crate::Primitives). Nothing here hashes.

use core::fmt;
use subtle::ConstantTimeEq;

/// Bytes in a SHA-256 digest (FIPS 180-4).
pub const DIGEST_BYTES: usize = 32;

/// A SHA-256 digest. Shown, parsed and serialised as 64 lower-case hexadecimal digits.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

impl Digest {
    /// All zeros: stands for "none yet" in stored state. No known input has this digest.
    pub const ZERO: Digest = Digest([0; DIGEST_BYTES]);

    /// Reads exactly 64 hexadecimal digits of lower case, as [`Display`](fmt::Display) writes them.
    pub fn parse_hex(text: &str) -> Option<Digest> {
        parse_hex(text).map(Digest)
    }

    /// Compares without leaking through time where two digests differ.
    pub fn ct_eq(&self, other: &Digest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Writes `bytes` as lower-case hexadecimal digits.
pub(crate) fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly `2 * N` lower-case hexadecimal digits: one spelling for each value, so that
/// names can be compared as text.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(feature = "serde")]
mod as_text {
    use super::Digest;
    use core::fmt;
    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    impl Serialize for Digest {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for Digest {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
            deserializer.deserialize_str(HexText)
        }
    }

    struct HexText;

    impl Visitor<'_> for HexText {
        type Value = Digest;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("64 lower-case hexadecimal digits")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Digest, E> {
            Digest::parse_hex(text)
                .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }
}
