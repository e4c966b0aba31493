//! A query as a tree. Read [`Node`].
//!
//! Only the functions of [`Node`] join nodes, and they keep one form for each meaning: what `and` or
//! `or` joins isn't joined by the same word once more.

use core::fmt;

use super::field::Field;
use super::value::Value;

/// A query, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// At least one of these holds; two or more.
    Any(Vec<Node>),
    /// All of these hold; two or more.
    All(Vec<Node>),
    /// This doesn't hold.
    Not(Box<Node>),
    /// The record has this.
    Has(Field),
    /// The record has this, and it compares so with the value, which is of the field's kind.
    Compare(Field, Operator, Value),
    /// The record has this, and it is one of these.
    In(Field, Vec<Value>),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    Differs,
    Below,
    AtMost,
    Above,
    AtLeast,
    Like,
    In,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::Differs => "!=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Like => "~",
            Self::In => "in",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl Node {
    /// At least one of `nodes`.
    pub fn any(nodes: Vec<Self>) -> Self {
        let inner = |node| match node {
            Self::Any(nodes) => nodes,
            other => vec![other],
        };
        let mut nodes: Vec<_> = nodes.into_iter().flat_map(inner).collect();
        match nodes.len() {
            1 => nodes.remove(0),
            _ => Self::Any(nodes),
        }
    }

    /// All of `nodes`.
    pub fn all(nodes: Vec<Self>) -> Self {
        let inner = |node| match node {
            Self::All(nodes) => nodes,
            other => vec![other],
        };
        let mut nodes: Vec<_> = nodes.into_iter().flat_map(inner).collect();
        match nodes.len() {
            1 => nodes.remove(0),
            _ => Self::All(nodes),
        }
    }
}
