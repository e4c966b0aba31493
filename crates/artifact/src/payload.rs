//! A payload's measure: of all of it, and of the part for each bank where it has two.
//!
//! Devices measure only what they install; whoever packs, checks or stores a payload measures all. Read
//! [`Payload`] first.

use mainstay_trust::{Banks, DigestAlgorithm, Image, Manifest, Measuring, Primitives, Refusal};

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// All of it.
    pub whole: Image,
    /// The images for the two banks, if it is made of them.
    pub banks: Option<Banks>,
}

impl Payload {
    /// Whether this is the payload of a manifest, in all and part by part.
    ///
    /// # Errors
    /// [`Refusal::PayloadSize`] or [`Refusal::PayloadDigest`].
    pub fn check(&self, manifest: &Manifest<'_>) -> Result<(), Refusal> {
        manifest.image().check(&self.whole)?;
        let Some(expected) = manifest.banks else {
            return Ok(());
        };
        let found = self.banks.ok_or(Refusal::PayloadDigest)?;
        let mut pairs = expected.images().into_iter().zip(found.images());
        pairs.try_for_each(|(expected, found)| expected.check(&found))
    }
}

/// Measures a payload as it comes, piece by piece.
pub struct MeasuringPayload<P: Primitives> {
    whole: Measuring<P>,
    parts: Option<Parts<P>>,
}

struct Parts<P: Primitives> {
    a_left: u64,
    a: Measuring<P>,
    b: Measuring<P>,
}

impl<P: Primitives> MeasuringPayload<P> {
    /// Begins; `bank_a_bytes` of it are for bank A, and the rest for bank B, if it is made of two images.
    pub fn new(algorithm: DigestAlgorithm, bank_a_bytes: Option<u64>, primitives: &P) -> Self {
        let parts = bank_a_bytes.map(|a_left| Parts {
            a_left,
            a: Measuring::new(algorithm, primitives),
            b: Measuring::new(algorithm, primitives),
        });
        Self {
            whole: Measuring::new(algorithm, primitives),
            parts,
        }
    }

    /// As this manifest says that its payload is made.
    pub fn of(manifest: &Manifest<'_>, primitives: &P) -> Self {
        let a = manifest.banks.map(|banks| banks.images()[0].bytes);
        Self::new(manifest.image().algorithm(), a, primitives)
    }

    /// Takes in more bytes; how they are cut into pieces doesn't matter.
    pub fn update(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        if let Some(parts) = &mut self.parts {
            parts.update(bytes);
        }
    }

    /// Ends.
    pub fn finish(self) -> Payload {
        let images = |parts: Parts<P>| [parts.a.finish(), parts.b.finish()];
        Payload {
            whole: self.whole.finish(),
            banks: self.parts.map(images).and_then(Banks::known),
        }
    }
}

impl<P: Primitives> Parts<P> {
    fn update(&mut self, bytes: &[u8]) {
        let for_a = usize::try_from(self.a_left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (a, b) = bytes.split_at(for_a);
        self.a_left -= a.len() as u64;
        self.a.update(a);
        self.b.update(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_trust::{Digest, RustCrypto};

    fn measured(bytes: &[u8], a: Option<u64>, piece: usize) -> Payload {
        let mut measuring = MeasuringPayload::new(DigestAlgorithm::Sha256, a, &RustCrypto);
        bytes
            .chunks(piece)
            .for_each(|piece| measuring.update(piece));
        measuring.finish()
    }

    fn digest(bytes: &[u8]) -> Digest {
        RustCrypto.digest(bytes)
    }

    #[test]
    fn each_part_is_measured_wherever_the_pieces_are_cut() {
        let bytes: Vec<u8> = (0..=99).collect();
        for piece in [1, 7, 33, 34, 100] {
            let found = measured(&bytes, Some(33), piece);
            assert_eq!(found.whole.digest, digest(&bytes), "pieces of {piece}");
            let [a, b] = found.banks.expect("two banks").images();
            assert_eq!((a.bytes, a.digest), (33, digest(&bytes[..33])));
            assert_eq!((b.bytes, b.digest), (67, digest(&bytes[33..])));
        }
    }

    #[test]
    fn a_payload_of_one_image_has_no_banks_and_a_short_one_an_empty_bank_b() {
        assert_eq!(measured(b"image", None, 2).banks, None);
        let [a, b] = measured(b"image", Some(9), 2)
            .banks
            .expect("banks")
            .images();
        assert_eq!((a.bytes, b.bytes), (5, 0));
    }
}
