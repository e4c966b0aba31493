//! The name by which a device asks over hawkBit's device interface. Read [`ControllerId`].

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest name, in characters: hawkBit's own bound, so that a fleet that comes from there keeps its names.
pub const CONTROLLER_CHARS_MAX: usize = 256;
/// How much of a name that can't be used an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 64;

/// A device's name in `/{tenant}/controller/v1/{controllerId}`, as it stands there once percent signs are read: 1 to 256 characters,
/// such as a serial number or `8c:1f:64:00:0a:21`.
///
/// It isn't a [`DeviceId`](crate::DeviceId): colons, spaces and letters of any script are fine here. What would change the path that it is a
/// part of (`/`, `.`, `..`), or a line of a log (control signs), isn't.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = CONTROLLER_CHARS_MAX))]
pub struct ControllerId(Box<str>);

/// Why a text is no [`ControllerId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerIdError {
    /// It is empty.
    #[error("a controller id can't be empty")]
    Empty,
    /// It has more than 256 characters.
    #[error("the controller id has {chars} characters; {CONTROLLER_CHARS_MAX} are allowed")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// It has a sign that a path or a log would read as something else.
    #[error("the controller id {0:?} has a slash or a control sign")]
    UnsafeSign(String),
    /// It names a folder.
    #[error("the controller id {0:?} would mean a folder in a path")]
    Folder(String),
}

impl ControllerIdError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.controller-id"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "use what the client is configured with: 1 to 256 characters, no slash, no control sign"
    }
}

impl ControllerId {
    /// The name, checked. `text` is without percent signs: whoever reads a path has decoded it once.
    ///
    /// # Errors
    /// If it is empty, too long, or would mean something else in a path or a log.
    pub fn parse(text: &str) -> Result<Self, ControllerIdError> {
        if text.is_empty() {
            return Err(ControllerIdError::Empty);
        }
        let chars = text.chars().count();
        if chars > CONTROLLER_CHARS_MAX {
            return Err(ControllerIdError::TooLong { chars });
        }
        if text.chars().any(|c| c.is_control() || c == '/') {
            return Err(ControllerIdError::UnsafeSign(shown(text)));
        }
        if text == "." || text == ".." {
            return Err(ControllerIdError::Folder(shown(text)));
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The beginning of a text, for an error.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

impl fmt::Display for ControllerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ControllerId {
    type Err = ControllerIdError;

    fn from_str(text: &str) -> Result<Self, ControllerIdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ControllerId {
    type Error = ControllerIdError;

    fn try_from(text: String) -> Result<Self, ControllerIdError> {
        Self::parse(&text)
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
    fn what_is_safe_in_a_path_and_a_log_passes() {
        for (text, good) in [
            ("dev-1", true),
            ("8c:1f:64:00:0a:21", true),
            ("Halle 3, Süd", true),
            ("...", true),
            ("%2F", true),
            (&"ü".repeat(256), true),
            (&"ü".repeat(257), false),
            ("", false),
            (".", false),
            ("..", false),
            ("a/b", false),
            ("a\nb", false),
            ("a\0", false),
            ("\u{85}", false),
        ] {
            assert_eq!(ControllerId::parse(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn a_refusal_says_why() {
        for (text, says) in [
            (String::new(), "a controller id can't be empty"),
            (
                "x".repeat(300),
                "the controller id has 300 characters; 256 are allowed",
            ),
            (
                "a/b".to_owned(),
                "the controller id \"a/b\" has a slash or a control sign",
            ),
            (
                "..".to_owned(),
                "the controller id \"..\" would mean a folder in a path",
            ),
        ] {
            let refused = ControllerId::parse(&text).expect_err("not a good one");
            assert_eq!(refused.to_string(), says);
            assert_eq!(refused.id(), "fleet.controller-id");
            assert!(!refused.cure().is_empty());
        }
    }

    #[test]
    fn stored_ids_are_checked_again() {
        use serde::de::IntoDeserializer as _;
        use serde::de::value::Error;
        let read = |text: &str| {
            let text: serde::de::value::StringDeserializer<Error> =
                text.to_owned().into_deserializer();
            ControllerId::deserialize(text)
        };
        assert_eq!(read("a:b").expect("a good id").as_str(), "a:b");
        assert!(read("a/b").is_err());
    }
}
