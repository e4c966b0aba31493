//! The address by which a person is known: in the plan, on keys, and in the record of who did what.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Longest address, in bytes; a root keeps 32 holders and must stay small.
pub const EMAIL_BYTES_MAX: usize = 128;

/// A person's address, in lower case: two spellings of one address are one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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
    /// If it lacks a name or a domain, is too long, or holds blanks or control characters.
    pub fn new(text: &str) -> Result<Self, EmailError> {
        let refused = || EmailError(text.chars().take(EMAIL_BYTES_MAX).collect());
        let (name, domain) = text.split_once('@').ok_or_else(refused)?;
        let printable = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        let whole = !name.is_empty() && !domain.is_empty() && !domain.contains('@');
        if !printable || !whole || text.len() > EMAIL_BYTES_MAX {
            return Err(refused());
        }
        Ok(Self(text.to_lowercase()))
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
        ] {
            assert_eq!(Email::new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn case_makes_no_second_person() {
        assert_eq!(
            Email::new("Ana@Northwind.example"),
            Email::new("ana@northwind.example")
        );
    }
}
