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

/// A byte string that may be absent, for `#[cbor(with = "crate::wire::optional", has_nil)]`.
pub(crate) mod optional {
    use minicbor::decode::Error;
    use minicbor::encode::Write;
    use minicbor::{Decoder, Encoder};

    pub(crate) fn encode<C, W: Write>(
        bytes: &Option<&[u8]>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match bytes {
            Some(bytes) => e.bytes(bytes)?.ok(),
            None => e.null()?.ok(),
        }
    }

    pub(crate) fn decode<'b, C>(d: &mut Decoder<'b>, _: &mut C) -> Result<Option<&'b [u8]>, Error> {
        d.bytes().map(Some)
    }

    pub(crate) fn nil<'b>() -> Option<Option<&'b [u8]>> {
        Some(None)
    }

    pub(crate) fn is_nil(bytes: &Option<&[u8]>) -> bool {
        bytes.is_none()
    }
}
