//! How values of `trust` stand in messages: a digest is a byte string of 32.

/// For `#[cbor(with = "crate::wire::digest")]`.
pub mod digest {
    use mainstay_trust::Digest;
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};

    /// Reads a byte string of 32.
    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Digest, Error> {
        let bytes = d.bytes()?.try_into();
        bytes
            .map(Digest)
            .map_err(|_| Error::message("a digest has 32 bytes"))
    }

    /// Writes a byte string of 32.
    pub fn encode<C, W: Write>(
        digest: &Digest,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&digest.0)?;
        Ok(())
    }
}
