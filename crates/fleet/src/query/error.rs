//! What is wrong with a query, where, and what to do. Read [`QueryError`].

use core::fmt;

use super::field::{Field, NAMED};
use super::node::Operator;
use super::{NESTING_MAX, QUERY_BYTES_MAX, TERMS_MAX};

/// So many characters are shown on each side of a mistake: they fit on a terminal's line together.
const SHOWN_CHARS: usize = 36;

/// Why a text isn't a query: its first mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The mistake's character, from 1.
    column: usize,
    fault: Fault,
    /// The query around the mistake, on one line.
    shown: String,
    /// Characters of `shown` before the mistake.
    before: usize,
}

/// A mistake at a byte of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub at: usize,
    pub fault: Fault,
}

/// Which mistake it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong {
        bytes: usize,
    },
    TooDeep,
    TooMany,
    /// A sign that no query has, and what to write.
    Sign {
        sign: char,
        write: &'static str,
    },
    /// A text without its last quote.
    Open,
    /// What may stand there, and what does.
    Expected {
        what: &'static str,
        found: String,
    },
    UnknownField {
        name: String,
    },
    Operator {
        field: Field,
        operator: Operator,
    },
    /// A value of another kind than the field's.
    Value {
        field: Field,
        found: String,
    },
}

impl Fault {
    pub fn at(self, at: usize) -> Mistake {
        Mistake { at, fault: self }
    }
}

impl QueryError {
    pub(super) fn new(text: &str, mistake: Mistake) -> Self {
        let at = text.floor_char_boundary(mistake.at);
        let before: Vec<char> = text[..at].chars().collect();
        let column = before.len() + 1;
        let before = &before[before.len().saturating_sub(SHOWN_CHARS)..];
        let after = text[at..].chars().take(SHOWN_CHARS);
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self {
            column,
            fault: mistake.fault,
            shown: before.iter().copied().chain(after).map(plain).collect(),
            before: before.len(),
        }
    }

    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self.fault {
            Fault::TooLong { .. } | Fault::TooDeep | Fault::TooMany => "fleet.query-too-large",
            Fault::Sign { .. } | Fault::Open | Fault::Expected { .. } => "fleet.query-syntax",
            Fault::UnknownField { .. } => "fleet.query-field",
            Fault::Operator { .. } => "fleet.query-operator",
            Fault::Value { .. } => "fleet.query-value",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match &self.fault {
            Fault::TooLong { .. } | Fault::TooMany => {
                "give the devices an attribute in common, and ask for that".to_owned()
            }
            Fault::TooDeep => "say it with fewer parentheses and without double `not`".to_owned(),
            Fault::Sign { write, .. } => (*write).to_owned(),
            Fault::Open => "end the text with a double quote".to_owned(),
            Fault::Expected { .. } => {
                "write it like hardware = \"B\" and not running = 1.1.0".to_owned()
            }
            Fault::UnknownField { name } => known_fields(name),
            Fault::Operator { field, .. } => {
                let signs: Vec<_> = field.kind().operators().iter().map(|o| o.sign()).collect();
                format!("compare {field} by one of: {}", signs.join(" "))
            }
            Fault::Value { field, .. } => format!("write it like {}", field.kind().words().1),
        }
    }

    /// The mistake's place: the character, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Two lines: the query around the mistake, and a caret below its first character. Neither has a
    /// control character of the query in it.
    #[must_use]
    pub fn pointed(&self) -> String {
        format!("{}\n{}^", self.shown, " ".repeat(self.before))
    }
}

fn known_fields(name: &str) -> String {
    if name.starts_with("attributes.") {
        return "name an attribute by letters, digits, - and _, as in attributes.floor".to_owned();
    }
    match Field::nearest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("the fields are {}, attributes.NAME", known.join(", "))
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.column, self.fault)
    }
}

impl core::error::Error for QueryError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(
                f,
                "the query has {bytes} bytes with all its blanks, and at most {QUERY_BYTES_MAX} are read"
            ),
            Self::TooDeep => write!(f, "parentheses and `not` go more than {NESTING_MAX} deep"),
            Self::TooMany => write!(f, "the query compares more than {TERMS_MAX} times"),
            Self::Sign { sign, .. } => write!(f, "{sign:?} is no sign of a query"),
            Self::Open => f.write_str("the text that begins here has no end"),
            Self::Expected { what, found } => write!(f, "expected {what}, found {found}"),
            Self::UnknownField { name } => write!(f, "there is no field {name:?}"),
            Self::Operator { field, operator } => {
                write!(f, "{field} can't be compared by `{operator}`")
            }
            Self::Value { field, found } => {
                let (what, _) = field.kind().words();
                write!(f, "{field} is compared with {what}, not with {found}")
            }
        }
    }
}
