//! The name of a device.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest name, in bytes: a serial number and a prefix fit, and a log line stays readable.
pub const ID_BYTES_MAX: usize = 64;

/// A device's name: 1 to 64 of `A-Z a-z 0-9 . _ -`, so that it is safe in a path, a URL and a log.
///
/// It never grows, so it keeps no room to grow: a million of them are held at once.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9._-]+$", "minLength" = 1, "maxLength" = ID_BYTES_MAX))]
pub struct DeviceId(Box<str>);

/// Why a text can't name a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a device can't be named {0:?}: 1 to {ID_BYTES_MAX} letters, digits, dots, dashes or underscores"
)]
pub struct IdError(String);

impl IdError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.device-id"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "use the serial number, with other signs replaced by dashes"
    }
}

impl DeviceId {
    /// The name, checked.
    ///
    /// # Errors
    /// If it is empty, too long, or has a sign that isn't safe everywhere.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_a_folder = text == "." || text == "..";
        if (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(safe) && !is_a_folder {
            return Ok(Self(text.into_boxed_str()));
        }
        Err(IdError(text.chars().take(ID_BYTES_MAX).collect()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for DeviceId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_names_pass() {
        for (text, good) in [
            ("th-0001", true),
            ("A.b_c-9", true),
            ("", false),
            ("a b", false),
            ("../etc", false),
            ("..", false),
            (".", false),
            ("ä", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(DeviceId::new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn stored_names_are_checked_again() {
        assert!(serde_json_free_parse("th-1").is_ok());
        assert!(serde_json_free_parse("th 1").is_err());
    }

    fn serde_json_free_parse(text: &str) -> Result<DeviceId, serde::de::value::Error> {
        use serde::de::IntoDeserializer as _;
        DeviceId::deserialize(text.to_owned().into_deserializer())
    }
}
