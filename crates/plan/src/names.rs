//! The small names a plan uses: class ids, gates, people's addresses, the revision digest.
//!
//! Each is checked when it is made and never changes afterwards. Read [`ClassId`] first.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::limits::{
    CLASS_ID_CHARS_MAX, COHORT_CHARS_MAX, EMAIL_BYTES_MAX, GATE_CHARS_MAX, TIER_CHARS_MAX,
};

/// A name that a plan may not use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?} isn't valid: {rule}")]
pub struct NameError {
    /// What the name is for, e.g. "class id".
    pub what: &'static str,
    /// The text as it was given.
    pub given: String,
    /// The rule it breaks, as a phrase.
    pub rule: &'static str,
}

impl NameError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "plan.bad-name"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        self.rule
    }
}

/// The id of a device class: 1 to 32 characters of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClassId(String);

impl ClassId {
    /// Checks `text` and makes it a class id.
    ///
    /// # Errors
    /// If it breaks the rule above.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let rule = "use 1 to 32 small letters, digits and hyphens";
        kebab(text, CLASS_ID_CHARS_MAX, "class id", rule).map(Self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a gate that a release must pass, such as `unit` or `hil`; same alphabet as [`ClassId`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GateName(String);

impl GateName {
    /// Checks `text` and makes it a gate name.
    ///
    /// # Errors
    /// If it breaks the rule above.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let rule = "use 1 to 32 small letters, digits and hyphens";
        kebab(text, GATE_CHARS_MAX, "gate", rule).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a cohort, such as `early-shops`; same alphabet as [`ClassId`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CohortName(String);

impl CohortName {
    /// Checks `text` and makes it a cohort's name.
    ///
    /// # Errors
    /// If it breaks the rule above.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let rule = "use 1 to 32 small letters, digits and hyphens";
        kebab(text, COHORT_CHARS_MAX, "cohort", rule).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a kind of risk, such as `exploited`; same alphabet as [`ClassId`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TierName(String);

impl TierName {
    /// Checks `text` and makes it the name of a kind of risk.
    ///
    /// # Errors
    /// If it breaks the rule above.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let rule = "use 1 to 32 small letters, digits and hyphens";
        kebab(text, TIER_CHARS_MAX, "kind of risk", rule).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's e-mail address, in lower case so that one person is one value.
///
/// The check is deliberately small (one `@`, something on each side, no spaces): it names a
/// person, and no mail is sent because of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Checks `text` and makes it an address in lower case.
    ///
    /// # Errors
    /// If it breaks the rule above.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if email_is_well_formed(text) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        let rule = "write it as name@company.example";
        Err(NameError {
            what: "address",
            given: text.into(),
            rule,
        })
    }

    /// The address as text, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of the plan file's bytes: the revision of the plan. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanDigest(pub [u8; 32]);

impl PlanDigest {
    /// The revision of the plan file whose bytes are `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits.
    #[must_use]
    pub fn parse_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanDigest({self})")
    }
}

impl From<PlanDigest> for String {
    fn from(digest: PlanDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for PlanDigest {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let rule = "a plan revision is 64 hex digits";
        Self::parse_hex(&text).ok_or(NameError {
            what: "plan revision",
            given: text,
            rule,
        })
    }
}

/// Gives a checked text type its display and its way in and out of `String`.
macro_rules! text_name {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }
    };
}

text_name!(ClassId);
text_name!(CohortName);
text_name!(GateName);
text_name!(TierName);
text_name!(Email);

fn kebab(
    text: &str,
    chars_max: usize,
    what: &'static str,
    rule: &'static str,
) -> Result<String, NameError> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if !text.is_empty() && text.len() <= chars_max && text.bytes().all(allowed) {
        return Ok(text.into());
    }
    Err(NameError {
        what,
        given: text.into(),
        rule,
    })
}

fn email_is_well_formed(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_graphic() && !b"<>,;\"()".contains(&c);
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    text.len() <= EMAIL_BYTES_MAX
        && text.bytes().all(plain)
        && !name.is_empty()
        && !domain.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_ids_keep_to_their_alphabet() {
        for good in ["a", "thermo-v2", &"x".repeat(32)] {
            assert_eq!(ClassId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "Thermo", "a b", "a_b", "ü", &"x".repeat(33)] {
            assert!(ClassId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_person_is_one_address() {
        assert_eq!(
            Email::new("Ana@Northwind.Example").unwrap().as_str(),
            "ana@northwind.example"
        );
        for bad in [
            "", "ana", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "<a@b>", "a@b\n",
        ] {
            assert!(Email::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_revision_is_the_sha_256_of_the_bytes() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(PlanDigest::of(b"abc").to_string(), hex);
        assert_eq!(PlanDigest::parse_hex(hex), Some(PlanDigest::of(b"abc")));
        assert_eq!(PlanDigest::parse_hex("ba78"), None);
    }
}
