//! A store as a whole: its steps, all of its rows, and a copy of it in the other back end.
//!
//! Nothing here knows what a noun is for. A copy goes by tables and not by traits: keys, numbers, instants and texts stay what they
//! are, byte for byte, and what one back end has in columns of its own is made of the values by the functions that write them there.
//! Read [`copy`], then [`check`]; the tables are in `tables.rs`. What a backup is made of: [`snapshot`], [`check_kept`], [`leave_behind`].

mod across;
mod cells;
mod check;
mod columns;
mod copy;
mod database;
mod judge;
mod judge_doors;
mod judge_told;
mod restored;
mod rows_of_postgres;
mod rows_of_sqlite;
mod steps;
mod tables;
mod tables_doors;
mod tables_told;

use std::path::PathBuf;

use serde::Serialize;

use crate::PostgresPlace;

pub use check::{Checked, Finding, KeptChecked, check, check_kept, sums};
pub use copy::{Copied, copy, snapshot};
pub use restored::{LeftBehind, leave_behind};
pub use steps::{Step, Steps, migrate, missing};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAt {
    /// In an SQLite file.
    File(PathBuf),
    /// In a PostgreSQL database.
    Database(PostgresPlace),
}

/// How far long work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table that is being worked on.
    pub table: &'static str,
    /// Rows that are done.
    pub rows: u64,
    /// Rows that there were when it began.
    pub of: u64,
}

/// Who is told how far it is.
pub type Watch<'a> = dyn FnMut(Progress) + Send + 'a;

/// A table's rows: how many, and what they come to. Equal digests are equal rows, in whichever back end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The table's name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over all of them in the order of their keys, in hex.
    pub digest: String,
}
