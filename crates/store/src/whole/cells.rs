//! Single values and rows, as no back end has them alone; and what they come to. Read [`Row`] and [`Sum`].

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::tables::Table;
use crate::StoreError;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    None,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Truth(bool),
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::None, Self::Text)
    }
}

impl From<Option<Vec<u8>>> for Cell {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        bytes.map_or(Self::None, Self::Bytes)
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

impl From<Option<bool>> for Cell {
    fn from(truth: Option<bool>) -> Self {
        truth.map_or(Self::None, Self::Truth)
    }
}

/// A row of a table: its columns' values in their order, and PostgreSQL's own behind them, if they were read there.
pub(super) struct Row {
    pub table: &'static Table,
    pub cells: Vec<Cell>,
}

/// How many digits of a key in bytes are told: enough to find it, and of a secret's hash no more.
const KEY_BYTES_TOLD: usize = 8;

impl Row {
    /// How the row is told: the values of its key.
    pub fn name(&self) -> String {
        let key = self.cells.iter().take(self.table.key);
        let told = key.map(|cell| match cell {
            Cell::None => "nothing".to_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.escape_debug().to_string(),
            Cell::Bytes(bytes) => hex(&bytes[..bytes.len().min(KEY_BYTES_TOLD)]),
            Cell::Truth(truth) => truth.to_string(),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    fn cell(&self, name: &str) -> &Cell {
        let columns = self.table.columns.iter();
        let place = columns
            .zip(&self.cells)
            .find(|(column, _)| column.name == name);
        place.map_or(&Cell::None, |(_, cell)| cell)
    }

    fn wrong(&self, name: &str) -> StoreError {
        StoreError::damaged(self.table.name, format_args!("{name} isn't of its kind"))
    }

    /// The text of a column, if it has one.
    pub fn maybe_text(&self, name: &str) -> Result<Option<&str>, StoreError> {
        match self.cell(name) {
            Cell::None => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            _ => Err(self.wrong(name)),
        }
    }

    /// The number of a column, if it has one.
    pub fn maybe_number(&self, name: &str) -> Result<Option<i64>, StoreError> {
        match self.cell(name) {
            Cell::None => Ok(None),
            Cell::Number(number) => Ok(Some(*number)),
            _ => Err(self.wrong(name)),
        }
    }

    /// The bytes of a column, if it has some.
    pub fn maybe_bytes(&self, name: &str) -> Result<Option<&[u8]>, StoreError> {
        match self.cell(name) {
            Cell::None => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(self.wrong(name)),
        }
    }

    /// The text of a column.
    pub fn text(&self, name: &str) -> Result<&str, StoreError> {
        self.maybe_text(name)?.ok_or_else(|| self.wrong(name))
    }

    /// The number of a column.
    pub fn number(&self, name: &str) -> Result<i64, StoreError> {
        self.maybe_number(name)?.ok_or_else(|| self.wrong(name))
    }

    /// The bytes of a column.
    pub fn bytes(&self, name: &str) -> Result<&[u8], StoreError> {
        self.maybe_bytes(name)?.ok_or_else(|| self.wrong(name))
    }

    /// Whether it is so.
    pub fn truth(&self, name: &str) -> Result<bool, StoreError> {
        match self.cell(name) {
            Cell::Truth(truth) => Ok(*truth),
            _ => Err(self.wrong(name)),
        }
    }

    /// PostgreSQL's own columns, if they were read.
    pub fn own(&self) -> &[Cell] {
        self.cells
            .get(self.table.columns.len()..)
            .unwrap_or_default()
    }

    /// Puts what PostgreSQL can't keep in a text in its place; in how many texts.
    pub fn make_bearable(&mut self) -> u64 {
        let mut changed = 0;
        for cell in &mut self.cells {
            if let Cell::Text(text) = cell
                && text.contains('\0')
            {
                *text = text.replace('\0', "\u{fffd}");
                changed += 1;
            }
        }
        changed
    }
}

/// What the rows of a table come to. Equal sums are equal rows in an equal order, whatever keeps them; a text's U+0000, which PostgreSQL
/// can't keep, counts as the U+FFFD that stands for it there.
#[derive(Clone, Default)]
pub(super) struct Sum {
    rows: u64,
    digest: Sha256,
}

impl Sum {
    /// Adds a row. Each value has a sign for its kind and its length before it, so that no two rows look alike.
    pub fn add(&mut self, row: &Row) {
        self.rows += 1;
        for (column, cell) in row.table.columns.iter().zip(&row.cells) {
            if column.counts {
                self.cell(cell);
            }
        }
    }

    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::None => self.value(0, &[]),
            Cell::Number(number) => self.value(1, &number.to_be_bytes()),
            Cell::Text(text) if text.contains('\0') => {
                self.value(2, text.replace('\0', "\u{fffd}").as_bytes());
            }
            Cell::Text(text) => self.value(2, text.as_bytes()),
            Cell::Bytes(bytes) => self.value(3, bytes),
            Cell::Truth(truth) => self.value(4, &[u8::from(*truth)]),
        }
    }

    fn value(&mut self, kind: u8, bytes: &[u8]) {
        self.digest.update([kind]);
        self.digest.update((bytes.len() as u64).to_be_bytes());
        self.digest.update(bytes);
    }

    /// How many rows, and their digest in hex.
    pub fn finish(self) -> (u64, String) {
        (self.rows, hex(&self.digest.finalize()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text doesn't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
