//! Every row of a store read through the domain's types, and what the tables alone can't promise. Read [`check`].

use std::path::Path;

use serde::Serialize;
use sqlx::Connection as _;

use super::across::Across;
use super::cells::Row;
use super::database::Database;
use super::rows_of_sqlite::{self, Depth};
use super::tables::TABLES;
use super::{Counted, StoreAt, Watch};
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
    let mut checked = checked_by_itself(&mut database, Depth::Pages).await?;
    check_rows(&mut database, blobs, watch, &mut checked).await?;
    // Dropped, it would be closed later and elsewhere: whoever moves the file next would leave its log behind.
    if let Database::Sqlite(connection) = database {
        connection.close().await?;
    }
    Ok(checked)
}

/// What a check found in a file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptChecked {
    /// The version of its tables.
    pub version: u32,
    /// What was found. Of tables of an older version it is what SQLite itself finds: their rows are read once they are up to date.
    pub checked: Checked,
    /// The first root in it, signed; none of tables of an older version, or where no server has started yet.
    pub first_root: Option<Vec<u8>>,
}

/// The same of a file that nobody has open and nobody may change, as a backup has it. Nothing is made beside it. SQLite looks more
/// closely here than beside a server: whether its indexes have what its tables have.
///
/// # Errors
/// [`StoreError::Newer`] if its tables are newer than this program; else if it isn't a database of ours, or can't be read at all.
pub async fn check_kept(
    path: &Path,
    blobs: Option<&dyn Blobs>,
    watch: &mut Watch<'_>,
) -> Result<KeptChecked, StoreError> {
    let mut database = Database::kept(path).await?;
    let mut checked = checked_by_itself(&mut database, Depth::Indexes).await?;
    let Database::Sqlite(connection) = &mut database else {
        return Err(StoreError::NotOurs);
    };
    let (version, known) = rows_of_sqlite::version(connection).await?;
    let mut first_root = None;
    // Where pages don't hang together, what is read of them means nothing.
    if version == known && checked.findings.is_empty() {
        first_root = rows_of_sqlite::first_root(connection).await?;
        database.expect_tables().await?;
        check_rows(&mut database, blobs, watch, &mut checked).await?;
    }
    Ok(KeptChecked {
        version,
        checked,
        first_root,
    })
}

async fn checked_by_itself(database: &mut Database, depth: Depth) -> Result<Checked, StoreError> {
    let mut checked = Checked {
        tables: Vec::with_capacity(TABLES.len()),
        findings: Vec::new(),
        more: 0,
    };
    if let Database::Sqlite(connection) = database {
        for because in rows_of_sqlite::own_check(connection, depth).await? {
            checked.add(about("database", String::new(), because));
        }
    }
    Ok(checked)
}

async fn check_rows(
    database: &mut Database,
    blobs: Option<&dyn Blobs>,
    watch: &mut Watch<'_>,
    checked: &mut Checked,
) -> Result<(), StoreError> {
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
    Ok(())
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
pub(super) fn judge(row: &Row) -> Result<(), StoreError> {
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
