//! Why a device could not do what it was asked to.

use core::fmt;

use mainstay_protocol::MessageError;

use crate::flash::FlashError;

/// Why a device could not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceError {
    /// Flash failed, or the power went away: the device must be started again.
    Flash(FlashError),
    /// The server's answer can't be read.
    Message(MessageError),
}

impl DeviceError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Flash(error) => error.id(),
            Self::Message(error) => error.id(),
        }
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => error.fmt(f),
            Self::Message(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DeviceError {}

impl From<FlashError> for DeviceError {
    fn from(error: FlashError) -> Self {
        Self::Flash(error)
    }
}

impl From<MessageError> for DeviceError {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}
