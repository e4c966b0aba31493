//! Everything that can be wrong with an artifact file's frame, each with its id and its cure.

use std::io;

use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;

use crate::container::PAYLOAD_BYTES_MAX;

/// Why a file isn't an artifact, or can't be written as one.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The stream failed.
    #[error("the artifact file could not be read or written: {0}")]
    Stream(#[from] io::Error),
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// It starts with something else.
    #[error("the file doesn't begin as an artifact file does (tag MSTY)")]
    NotAnArtifact,
    /// A length isn't written in its shortest form, or isn't a byte string's.
    #[error("byte {at}: the {what}'s length is not a shortest byte string head")]
    Head {
        /// `envelope` or `payload`.
        what: &'static str,
        /// Where in the file.
        at: usize,
    },
    /// The envelope is empty or longer than a device would read.
    #[error("the envelope has {0} bytes; it must have 1 to {ENVELOPE_BYTES_MAX}")]
    EnvelopeSize(u64),
    /// The payload is empty or too long.
    #[error("the payload has {0} bytes; it must have 1 to {PAYLOAD_BYTES_MAX}")]
    PayloadSize(u64),
    /// The file ends before its payload does.
    #[error("the file has {found} bytes, but its own head promises {promised}: it was cut short")]
    CutShort {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        promised: u64,
    },
    /// Something follows the payload.
    #[error("{0} bytes follow the payload; an artifact file ends with it")]
    TrailingBytes(u64),
    /// The envelope doesn't fill the room that was left for it.
    #[error("the envelope has {found} bytes, but {room} were kept for it")]
    EnvelopeRoom {
        /// Bytes kept.
        room: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The payload stream didn't hold as many bytes as announced.
    #[error("the payload has not the {announced} bytes that the envelope speaks of")]
    PayloadStream {
        /// Bytes the head says.
        announced: u64,
    },
}

impl ContainerError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "artifact.stream",
            Self::Empty => "artifact.empty",
            Self::NotAnArtifact => "artifact.not-an-artifact",
            Self::Head { .. } => "artifact.malformed-head",
            Self::EnvelopeSize(_) => "artifact.envelope-size",
            Self::PayloadSize(_) => "artifact.payload-size",
            Self::CutShort { .. } => "artifact.cut-short",
            Self::TrailingBytes(_) => "artifact.trailing-bytes",
            Self::EnvelopeRoom { .. } => "artifact.envelope-room",
            Self::PayloadStream { .. } => "artifact.payload-stream",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists, that you may read it, and free space.",
            Self::Empty | Self::NotAnArtifact => {
                "Name a file made by `mainstay artifact pack`, not the firmware image itself."
            }
            Self::PayloadSize(_) => "Pack a firmware image of 1 byte to 2 GiB less one byte.",
            Self::EnvelopeRoom { .. } => {
                "The key store gave a signature of an unusual length; pack first, then sign."
            }
            Self::PayloadStream { .. } => {
                "The image changed while it was read; pack it again when the build is done."
            }
            _ => "The file was damaged or tampered with; fetch it again and compare its SHA-256.",
        }
    }
}
