//! What a plan's rules are told of the root in use. Read [`RootFacts`].

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::trust_rules::SignatureAlgorithm;

/// What devices hold now, as far as a plan says something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootFacts {
    /// Its number.
    pub version: u32,
    /// The maker's domain name in it.
    pub vendor: String,
    /// `production` or `staging`.
    pub environment: String,
    /// The day on which it was made (UTC).
    pub issued: Date,
    /// The day on which it ends (UTC): from some moment of it on nothing is installed under it.
    pub expires: Date,
    /// Role build.
    pub build: RoleFacts,
    /// Role release.
    pub release: RoleFacts,
    /// Role operations.
    pub operations: RoleFacts,
}

/// What a root demands of one role, and who may play it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFacts {
    /// How many different holders must sign; nought where nobody holds it.
    pub threshold: u8,
    /// In each of these must they sign. Those that no plan may name aren't among them.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// The holders of keys that may sign anything, without capitals.
    pub holders: BTreeSet<String>,
}
