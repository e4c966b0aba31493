//! Columns as both back ends have them. Read [`Column`].

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// What SQLite calls it.
    pub in_sqlite: &'static str,
    /// Whether its value is part of what a row says. An order of rows in which nobody else's number lies may change.
    pub counts: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Bytes,
    /// A number in SQLite.
    Truth,
}

impl Kind {
    /// PostgreSQL's name of it.
    pub fn in_postgres(self) -> &'static str {
        match self {
            Self::Number => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Truth => "boolean",
        }
    }
}

pub(super) const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        in_sqlite: name,
        counts: true,
    }
}

pub(super) const fn number(name: &'static str) -> Column {
    column(name, Kind::Number)
}

pub(super) const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

pub(super) const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

pub(super) const fn truth(name: &'static str) -> Column {
    column(name, Kind::Truth)
}
