//! Where a device stands, together with others: one house, one hall, one mast.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, IdError};

/// A site's name, of the same letters and length as a device's. It should say nothing of people: a number does.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Site(DeviceId);

/// Why a text can't name a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a site can't be named so: {0}")]
pub struct SiteError(#[source] IdError);

impl SiteError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.site"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "use the site's number, with other signs replaced by dashes"
    }
}

impl Site {
    /// The name, checked.
    ///
    /// # Errors
    /// If it is empty, too long, or has a sign that isn't safe everywhere.
    pub fn new(text: impl Into<String>) -> Result<Self, SiteError> {
        DeviceId::new(text).map(Self).map_err(SiteError)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_devices() {
        assert_eq!(Site::new("mast-7").expect("a good name").as_str(), "mast-7");
        for bad in ["", "a b", "..", "ä", &"x".repeat(65)] {
            let error = Site::new(bad).expect_err(bad);
            assert_eq!(error.id(), "fleet.site");
        }
    }
}
