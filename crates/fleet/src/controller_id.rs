//! What a device calls itself in the protocol that other update clients speak.
//!
//! Our own name for a device ([`crate::DeviceId`]) is safe everywhere and chosen by operations. This one is the device's: a serial
//! number, an address of its network card with colons, a board's name. Both stand side by side.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Longest name, in characters: what servers of this protocol take.
pub const CONTROLLER_ID_CHARS_MAX: usize = 256;

/// A device's own name: 1 to 256 characters, none of them a control sign or a slash, and not `.` or `..`: it is one segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ControllerId(Box<str>);

/// Why a text can't be a device's own name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} can't be a controller id: 1 to {CONTROLLER_ID_CHARS_MAX} characters without control signs and slashes"
)]
pub struct ControllerIdError(String);

impl ControllerIdError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.controller-id"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "use the id that the device's update client is configured with, such as its serial number"
    }
}

impl ControllerId {
    /// The name, checked.
    ///
    /// # Errors
    /// If it is empty, too long, or can't be one segment of a path.
    pub fn new(text: impl Into<String>) -> Result<Self, ControllerIdError> {
        let text = text.into();
        let is_a_folder = text == "." || text == "..";
        let safe = |sign: char| !sign.is_control() && sign != '/';
        // Looked at only as far as it may go: it comes from outside.
        let chars = text.chars().take(CONTROLLER_ID_CHARS_MAX + 1).count();
        let fits = (1..=CONTROLLER_ID_CHARS_MAX).contains(&chars);
        if fits && !is_a_folder && text.chars().all(safe) {
            return Ok(Self(text.into_boxed_str()));
        }
        Err(ControllerIdError(text.chars().take(64).collect()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControllerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for ControllerId {
    type Error = ControllerIdError;

    fn try_from(text: String) -> Result<Self, ControllerIdError> {
        Self::new(text)
    }
}

impl From<ControllerId> for String {
    fn from(id: ControllerId) -> Self {
        id.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_one_segment_of_a_path_is_a_name() {
        for (text, good) in [
            ("00:1B:44:11:3A:B7", true),
            ("gateway 7 (hall)", true),
            ("ä", true),
            ("...", true),
            ("", false),
            (".", false),
            ("..", false),
            ("a/b", false),
            ("a\nb", false),
            ("a\u{7f}", false),
            (&"ä".repeat(256), true),
            (&"ä".repeat(257), false),
        ] {
            let found = ControllerId::new(text);
            assert_eq!(found.is_ok(), good, "{text:?}");
        }
    }
}
