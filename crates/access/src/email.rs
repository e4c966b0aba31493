//! The address by which a person is known: in the plan, on keys, and in the record of who did what.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest address, in bytes; a root keeps 32 holders and must stay small.
pub const EMAIL_BYTES_MAX: usize = 128;

/// A person's address, in lower case: two spellings of one address are one person.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[^@]+@[^@]+$", "maxLength" = EMAIL_BYTES_MAX))]
pub struct Email(String);

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} isn't the address of a person")]
pub struct EmailError(String);

impl EmailError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "access.email"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "write it like ana@northwind.example"
    }
}

impl Email {
    /// The address, checked for shape and put in lower case.
    ///
    /// # Errors
    /// If it lacks a name or a domain, is too long in lower case, or holds anything but letters, digits and the signs of ASCII: what
    /// can't be seen makes no second person who looks like the first.
    pub fn new(text: &str) -> Result<Self, EmailError> {
        let refused = || EmailError(text.chars().take(EMAIL_BYTES_MAX).collect());
        // Some letters are longer in lower case; what is kept is what counts.
        let kept = text.to_lowercase();
        let (name, domain) = kept.split_once('@').ok_or_else(refused)?;
        let is_seen = |c: char| c.is_alphanumeric() || c.is_ascii_graphic();
        let whole = !name.is_empty() && !domain.is_empty() && !domain.contains('@');
        if !kept.chars().all(is_seen) || !whole || kept.len() > EMAIL_BYTES_MAX {
            return Err(refused());
        }
        Ok(Self(kept))
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::new(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, good) in [
            ("ana@northwind.example", true),
            ("ana", false),
            ("@northwind.example", false),
            ("ana@", false),
            ("a na@northwind.example", false),
            ("ana@north@wind", false),
            ("Zoë+1@nörd.example", true),
            ("sam\u{200b}@northwind.example", false),
            ("sam\u{202e}@northwind.example", false),
            ("sam\u{7}@northwind.example", false),
        ] {
            assert_eq!(Email::new(text).is_ok(), good, "{text:?}");
        }
    }

    /// What was taken once is taken when it is read again, however long it grew in lower case.
    #[test]
    fn an_address_reads_back() {
        // Three bytes each in lower case, where they have two.
        let longer = "\u{23a}".repeat(50) + "@x.example";
        assert!(longer.len() <= EMAIL_BYTES_MAX && longer.to_lowercase().len() > EMAIL_BYTES_MAX);
        for text in [
            longer.as_str(),
            "\u{23a}@x.example",
            "ΑΣ@x.example",
            "\u{130}@x.example",
        ] {
            if let Ok(email) = Email::new(text) {
                assert_eq!(Email::new(email.as_str()), Ok(email), "{text}");
            }
        }
        assert!(Email::new(&longer).is_err());
    }

    #[test]
    fn case_makes_no_second_person() {
        assert_eq!(
            Email::new("Ana@Northwind.example"),
            Email::new("ana@northwind.example")
        );
    }
}
