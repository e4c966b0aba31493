//! What else is declared about a device: a name, and a value in words.

use core::fmt;

/// Longest name of an attribute, in bytes: it stands in one column of a table.
pub const NAME_BYTES_MAX: usize = 32;
/// Longest value of an attribute, in bytes: one short line, as on a label.
pub const VALUE_BYTES_MAX: usize = 64;
/// Most attributes of one device: a label has no room for more, and each row of the store holds them all.
pub const ATTRIBUTES_MAX: usize = 16;

/// An attribute's name: 1 to 32 of `a-z A-Z 0-9 _ -`, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeName(String);

/// What can't be an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// Its name.
    #[error(
        "an attribute can't be named {0:?}: 1 to {NAME_BYTES_MAX} letters, digits, dashes or underscores, a letter first"
    )]
    Name(String),
    /// Its value.
    #[error(
        "the attribute {0} has a value that can't be kept: one line of 1 to {VALUE_BYTES_MAX} bytes"
    )]
    Value(AttributeName),
}

impl AttributeError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.attribute"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "write it like floor=3"
    }
}

impl AttributeName {
    /// The name, checked.
    ///
    /// # Errors
    /// If it is empty, too long, or has a sign that a query couldn't name.
    pub fn new(text: &str) -> Result<Self, AttributeError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins_well && text.len() <= NAME_BYTES_MAX && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        let shown = text.chars().take(NAME_BYTES_MAX).collect();
        Err(AttributeError::Name(shown))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, if an attribute of this name may have it.
    ///
    /// # Errors
    /// If it is empty, too long, or isn't one line.
    pub fn value(&self, text: &str) -> Result<String, AttributeError> {
        let fits = (1..=VALUE_BYTES_MAX).contains(&text.len());
        if fits && !text.chars().any(char::is_control) {
            return Ok(text.to_owned());
        }
        Err(AttributeError::Value(self.clone()))
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_that_a_query_can_say() {
        for (text, good) in [
            ("floor", true),
            ("Floor_2-b", true),
            (&"x".repeat(32), true),
            (&"x".repeat(33), false),
            ("", false),
            ("3rd", false),
            ("a.b", false),
            ("a b", false),
            ("ä", false),
        ] {
            assert_eq!(AttributeName::new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn values_are_one_short_line() {
        let floor = AttributeName::new("floor").expect("a good name");
        for (text, good) in [
            ("3", true),
            ("Süd, 2. Stock", true),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
            ("", false),
            ("a\nb", false),
        ] {
            assert_eq!(floor.value(text).is_ok(), good, "{text:?}");
        }
    }
}
