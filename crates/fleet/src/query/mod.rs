//! The query language: which devices are meant, in words that a person can read aloud.
//!
//! `hardware = "B" and zone in ("America/Denver", "America/Phoenix") and not running = 1.1.0`
//!
//! A query is judged on one device's record alone: it knows no other device, and no clock but the
//! moment that it is handed. It has two answers, yes and no. A comparison with something that the
//! record doesn't hold is false, `!=` too: nobody is picked for what isn't known of them.
//! `docs/reference/fleet-query.md` has the grammar.
//!
//! Read [`Query`] first. From text to answer: `token.rs`, `parse.rs`, `node.rs`, `holds.rs`.

mod error;
mod field;
mod holds;
mod node;
mod parse;
mod show;
#[cfg(test)]
mod tests;
mod token;
mod value;

use core::fmt;
use core::str::FromStr;

use jiff::Timestamp;

pub use error::QueryError;

use crate::device::Device;

/// Longest query, in bytes, as it is written and in its canonical form: percent-encoded in a request's address it stays below the 8 KiB at which
/// common proxies stop.
pub const QUERY_BYTES_MAX: usize = 2000;
/// Deepest nesting of parentheses and `not`: nobody reads deeper, and the parser's stack is bounded.
pub const NESTING_MAX: usize = 16;
/// Most comparisons, each value of a list counted: every device of a fleet is asked all of them.
pub const TERMS_MAX: usize = 128;

/// A question that has a yes or a no for each device. Its text form is canonical: parsed again, it
/// is the same query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(node::Node);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// The first mistake: where it is, what was expected there, and what to do.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::parse(text).map(Self)
    }

    /// Whether `device` is meant, by what is known of it at `now`.
    #[must_use]
    pub fn matches(&self, device: &Device, now: Timestamp) -> bool {
        self.0.holds(device, now)
    }
}

/// The names of all fields but the attributes, in the order of the reference.
pub fn field_names() -> impl Iterator<Item = &'static str> {
    field::NAMED.iter().map(|(name, _)| *name)
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}
