//! Everything that can be wrong with a bundle file's frame, each with its id and its cure.

use std::io;

use crate::bundle_file::{DOCUMENT_BYTES_MAX, ROOTS_MAX};
use crate::container::PAYLOAD_BYTES_MAX;

/// Why a file isn't a bundle, or can't be written as one.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The stream failed.
    #[error("the bundle could not be read or written: {0}")]
    Stream(#[from] io::Error),
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// It starts with something else.
    #[error("the file doesn't begin as a bundle does (tag MSTB)")]
    NotABundle,
    /// A length isn't written in its shortest form, or isn't of what should stand there.
    #[error("byte {at}: the head of the {what} isn't the shortest one of its kind")]
    Head {
        /// Which part.
        what: &'static str,
        /// Where in the file.
        at: u64,
    },
    /// No root, or too many.
    #[error("the bundle has {0} roots; it must have 1 to {ROOTS_MAX}")]
    RootCount(usize),
    /// A document is empty or longer than a device would read.
    #[error("the {what} has {bytes} bytes; it must have 1 to {DOCUMENT_BYTES_MAX}")]
    DocumentSize {
        /// Which part.
        what: &'static str,
        /// Its size.
        bytes: u64,
    },
    /// The payload is empty or too long.
    #[error("the payload has {0} bytes; it must have 1 to {PAYLOAD_BYTES_MAX}")]
    PayloadSize(u64),
    /// The file ends before its payload does.
    #[error("the file has {found} bytes and breaks off in the {what}: it was cut short")]
    CutShort {
        /// Which part.
        what: &'static str,
        /// Bytes there are.
        found: u64,
    },
    /// Something follows the payload.
    #[error("{0} bytes follow the payload; a bundle ends with it")]
    TrailingBytes(u64),
    /// The payload stream didn't hold as many bytes as announced.
    #[error("the payload has not the {announced} bytes that were announced")]
    PayloadStream {
        /// Bytes the head says.
        announced: u64,
    },
}

impl BundleError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "bundle.stream",
            Self::Empty => "bundle.empty",
            Self::NotABundle => "bundle.not-a-bundle",
            Self::Head { .. } => "bundle.malformed-head",
            Self::RootCount(_) => "bundle.root-count",
            Self::DocumentSize { .. } => "bundle.document-size",
            Self::PayloadSize(_) => "bundle.payload-size",
            Self::CutShort { .. } => "bundle.cut-short",
            Self::TrailingBytes(_) => "bundle.trailing-bytes",
            Self::PayloadStream { .. } => "bundle.payload-stream",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists, that you may read it, and free space.",
            Self::Empty | Self::NotABundle => {
                "Name a file made by `mainstay bundle make`, not an artifact or a firmware image."
            }
            Self::RootCount(_) => {
                "Carry the roots that the devices still lack, from the oldest of them on."
            }
            Self::PayloadStream { .. } => {
                "The artifact changed while it was read; make the bundle again."
            }
            _ => "The file was damaged or tampered with; fetch it again and compare its SHA-256.",
        }
    }
}
