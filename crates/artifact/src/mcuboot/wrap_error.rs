//! Why a raw image can't be wrapped, each reason with its id and its cure.

use std::io;

use mainstay_trust::Algorithm;

use super::IMAGE_BYTES_MAX;
use super::header::HEADER_BYTES;
use crate::SignError;

/// Why a raw image can't be wrapped.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// A stream failed.
    #[error("the image could not be read or written: {0}")]
    Stream(#[from] io::Error),
    /// Nothing to wrap.
    #[error("the raw image holds no program")]
    Empty,
    /// Above the bound, with all that is added.
    #[error("the wrapped image would have more than {IMAGE_BYTES_MAX} bytes")]
    TooLarge,
    /// A header size that can't be.
    #[error("a header of {0} bytes can't be; it is a multiple of 4, and at least {HEADER_BYTES}")]
    HeaderSize(u16),
    /// Leading zeros that are no room for this header.
    #[error(
        "the raw image begins with {zeros} zero bytes or more, which is no room for a header of \
         {header_bytes}"
    )]
    Room {
        /// Leading zeros seen.
        zeros: usize,
        /// The header's size.
        header_bytes: u16,
    },
    /// It has a header already.
    #[error("the image is an MCUboot image already")]
    AnImageAlready,
    /// The stream was shorter or longer than announced.
    #[error("the raw image hasn't the {announced} bytes that it was said to have")]
    Changed {
        /// What was said.
        announced: u64,
    },
    /// A key by which no image can be signed.
    #[error("MCUboot images can't be signed by a key for {}", .0.id())]
    Algorithm(Algorithm),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The key signed, but what it gave doesn't verify.
    #[error("what the key of {0} gave as a signature doesn't verify by its public half")]
    BadSignature(String),
}

impl WrapError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "mcuboot.stream",
            Self::Empty => "mcuboot.empty",
            Self::TooLarge => "mcuboot.too-large",
            Self::HeaderSize(_) => "mcuboot.header-size",
            Self::Room { .. } => "mcuboot.header-room",
            Self::AnImageAlready => "mcuboot.an-image-already",
            Self::Changed { .. } => "mcuboot.image-changed",
            Self::Algorithm(_) => "mcuboot.key-algorithm",
            Self::Sign(error) => error.id(),
            Self::BadSignature(_) => "mcuboot.bad-signature",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists, that you may read it, and free space.",
            Self::Empty => "Name the image that the build wrote; this one has no program.",
            Self::TooLarge => "Name an image of less than 64 MiB.",
            Self::HeaderSize(_) => {
                "Use the size that the boot loader and the build know, such as 512."
            }
            Self::Room { .. } => {
                "Give --header-size the room that the build leaves for the header, or leave none."
            }
            Self::AnImageAlready => "Pack it as it is, without --mcuboot-key.",
            Self::Changed { .. } => "Pack it again when the build has ended.",
            Self::Algorithm(_) => "Make a key on P-256 or Ed25519, as the boot loader knows.",
            Self::Sign(error) => error.cure(),
            Self::BadSignature(_) => "Open the key file or token again; if it recurs, replace it.",
        }
    }
}
