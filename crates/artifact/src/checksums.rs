//! The checksums that other programs' update clients ask for, taken in the same pass as the digest.
//!
//! SWUpdate, RAUC and the other clients of the hawkBit protocol compare SHA-1 or MD5 after a download. Both are arithmetic
//! against line noise: they have been forged for years, and nothing here or on a device believes them. What a payload
//! *is* is said by its SHA-256 alone. Read [`Summing`] first.

use mainstay_trust::{DigestAlgorithm, Image, Measuring, Primitives};
use md5::Md5;
use sha1::{Digest as _, Sha1};

use crate::file_name::{Ending, HEAD_BYTES};

/// What clients compare after a download. Never a reason to trust anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksums {
    /// SHA-1 (FIPS 180-4).
    pub sha1: [u8; 20],
    /// MD5 (RFC 1321).
    pub md5: [u8; 16],
}

/// All that one pass over a payload tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summed {
    /// Its size, and its SHA-256, which is its name.
    pub image: Image,
    /// What clients compare.
    pub checksums: Checksums,
    /// What its file's name ends with.
    pub ending: Ending,
}

/// Sums up a payload as it comes, piece by piece.
pub struct Summing<P: Primitives> {
    measuring: Measuring<P>,
    sha1: Sha1,
    md5: Md5,
    /// The first bytes, [`HEAD_BYTES`] at most.
    head: Vec<u8>,
}

impl<P: Primitives> Summing<P> {
    /// Begins.
    pub fn new(primitives: &P) -> Self {
        Self {
            measuring: Measuring::new(DigestAlgorithm::Sha256, primitives),
            sha1: Sha1::new(),
            md5: Md5::new(),
            head: Vec::with_capacity(HEAD_BYTES),
        }
    }

    /// Takes in more bytes; how they are cut into pieces doesn't matter.
    pub fn update(&mut self, bytes: &[u8]) {
        self.measuring.update(bytes);
        self.sha1.update(bytes);
        self.md5.update(bytes);
        let missing = HEAD_BYTES - self.head.len();
        self.head
            .extend_from_slice(&bytes[..missing.min(bytes.len())]);
    }

    /// Ends.
    pub fn finish(self) -> Summed {
        Summed {
            image: self.measuring.finish(),
            checksums: Checksums {
                sha1: self.sha1.finalize().into(),
                md5: self.md5.finalize().into(),
            },
            ending: Ending::of(&self.head),
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_trust::RustCrypto;

    use super::*;

    fn summed(bytes: &[u8], piece: usize) -> Summed {
        let mut summing = Summing::new(&RustCrypto);
        bytes.chunks(piece).for_each(|piece| summing.update(piece));
        summing.finish()
    }

    /// The sums of "abc" and of nothing stand in FIPS 180-4's examples and in RFC 1321, appendix A.5.
    #[test]
    fn the_sums_are_those_of_the_standards() {
        let cases = [
            (
                &b"abc"[..],
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "900150983cd24fb0d6963f7d28e17f72",
            ),
            (
                b"",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "d41d8cd98f00b204e9800998ecf8427e",
            ),
        ];
        for (bytes, sha1, md5) in cases {
            let found = summed(bytes, 2);
            assert_eq!(hex::encode(found.checksums.sha1), sha1);
            assert_eq!(hex::encode(found.checksums.md5), md5);
            assert_eq!(found.image.digest, RustCrypto.digest(bytes));
            assert_eq!(found.image.bytes, bytes.len() as u64);
        }
    }

    #[test]
    fn how_the_pieces_are_cut_does_not_matter() {
        let bytes = [&b"070702"[..], &[7; 1000]].concat();
        let whole = summed(&bytes, bytes.len());
        assert_eq!(whole.ending, Ending::Swu);
        for piece in [1, 2, 5, 64, 999] {
            assert_eq!(summed(&bytes, piece), whole, "pieces of {piece}");
        }
    }
}
