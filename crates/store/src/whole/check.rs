//! Every row of a store read through the domain's types, and what the tables alone can't promise. Read [`check`].

use serde::Serialize;

use super::across::Across;
use super::cells::Row;
use super::database::Database;
use super::tables::TABLES;
use super::{Counted, StoreAt, Watch, rows_of_sqlite};
use crate::{Blobs, StoreError};

/// So many findings are told; how many more there are, is counted.
const TOLD_MAX: usize = 100;

/// Something that is wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The row, by its key; empty if it is about more than one.
    pub row: String,
    /// What is wrong with it.
    pub because: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Each table.
    pub tables: Vec<Counted>,
    /// What is wrong: the first hundred findings.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those.
    pub more: u64,
}

impl Checked {
    fn add(&mut self, finding: Finding) {
        match self.findings.len() < TOLD_MAX {
            true => self.findings.push(finding),
            false => self.more += 1,
        }
    }
}

/// Checks the store there, as it is at one moment; servers may go on. With its home of blobs, also whether each release's payload is in
/// it with its size.
///
/// # Errors
/// If the store can't be read at all. What is wrong with what is in it is a finding.
pub async fn check(
    at: &StoreAt,
    blobs: Option<&dyn Blobs>,
    watch: &mut Watch<'_>,
) -> Result<Checked, StoreError> {
    let mut database = Database::looked_at(at).await?;
    let mut checked = Checked {
        tables: Vec::with_capacity(TABLES.len()),
        findings: Vec::new(),
        more: 0,
    };
    if let Database::Sqlite(connection) = &mut database {
        for because in rows_of_sqlite::own_check(connection).await? {
            checked.add(about("database", String::new(), because));
        }
    }
    let mut across = Across::default();
    for table in TABLES {
        let look = |row: &Row| {
            let wrong = judge(row).err().or_else(|| across.note(row).err());
            if let Some(because) = wrong {
                checked.add(about(table.name, row.name(), because.to_string()));
            }
        };
        let counted = database.sum(table, watch, look).await?;
        checked.tables.push(counted);
    }
    for finding in across.findings() {
        checked.add(finding);
    }
    if let Some(blobs) = blobs {
        for finding in across.without_blobs(blobs).await? {
            checked.add(finding);
        }
    }
    Ok(checked)
}

/// What the tables of a store come to, row by row, and nothing else.
///
/// # Errors
/// If the store can't be read.
pub async fn sums(at: &StoreAt, watch: &mut Watch<'_>) -> Result<Vec<Counted>, StoreError> {
    let mut database = Database::looked_at(at).await?;
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        tables.push(database.sum(table, watch, |_| {}).await?);
    }
    Ok(tables)
}

pub(super) fn about(table: &'static str, row: String, because: String) -> Finding {
    Finding {
        table,
        row,
        because,
    }
}

/// A row by itself: and PostgreSQL's own columns are what its values make of them.
fn judge(row: &Row) -> Result<(), StoreError> {
    let mut made = Row {
        table: row.table,
        cells: (row.table.judge)(row)?,
    };
    made.make_bearable();
    let own = row.own();
    let differs = own
        .iter()
        .zip(&made.cells)
        .position(|(has, makes)| has != makes);
    match differs {
        None => Ok(()),
        Some(place) => {
            let name = row.table.own[place].name;
            let because = format!("its {name} isn't what its value says");
            Err(StoreError::damaged(row.table.name, because))
        }
    }
}
