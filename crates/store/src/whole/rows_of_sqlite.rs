//! Whole tables of an SQLite file: read in the order of their keys, and filled.

use std::collections::BTreeSet;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::cells::{Cell, Row};
use super::columns::Kind;
use super::tables::Table;
use crate::StoreError;
use crate::sqlite::migrate::NEWEST;

/// SQLite takes 32,766 parameters (SQLite documentation, "Limits"); fewer are as fast.
const PARAMETERS: usize = 4000;

/// The tables' version, and the one that this program knows.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<(u32, u32), StoreError> {
    let version = sqlx::query_scalar("PRAGMA user_version");
    Ok((version.fetch_one(connection).await?, NEWEST))
}

/// The oldest root, signed.
pub(super) async fn first_root(
    connection: &mut SqliteConnection,
) -> Result<Option<Vec<u8>>, StoreError> {
    let oldest = sqlx::query_scalar("SELECT signed FROM roots ORDER BY version LIMIT 1");
    Ok(oldest.fetch_optional(connection).await?)
}

pub(super) async fn columns(
    connection: &mut SqliteConnection,
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// How far SQLite looks for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Whether its pages hang together.
    Pages,
    /// Whether indexes have what their tables have, too: twice the work.
    Indexes,
}

/// What SQLite itself finds wrong: pages that don't hang together, rows that refer to none, and what runs by itself: none of our steps
/// makes such a thing.
pub(super) async fn own_check(
    connection: &mut SqliteConnection,
    depth: Depth,
) -> Result<Vec<String>, StoreError> {
    let look = match depth {
        Depth::Pages => "PRAGMA quick_check(10)",
        Depth::Indexes => "PRAGMA integrity_check(10)",
    };
    let pages: Vec<String> = sqlx::query_scalar(look).fetch_all(&mut *connection).await?;
    let mut found: Vec<_> = pages.into_iter().filter(|told| told != "ok").collect();
    let foreign: Vec<String> = sqlx::query_scalar(
        "SELECT type || ' ' || name || ' is none of ours' FROM sqlite_schema
         WHERE type NOT IN ('table', 'index') LIMIT 10",
    )
    .fetch_all(&mut *connection)
    .await?;
    found.extend(foreign);
    let strays: Vec<(String, i64)> = sqlx::query_as(
        "SELECT \"table\" || ' refers to ' || parent, count(*) FROM pragma_foreign_key_check GROUP BY 1",
    )
    .fetch_all(connection)
    .await?;
    found.extend(
        strays
            .into_iter()
            .map(|(told, rows)| format!("{rows} times, {told} where nothing is")),
    );
    Ok(found)
}

pub(super) fn all<'a>(
    connection: &'a mut SqliteConnection,
    table: &'static Table,
) -> impl Stream<Item = Result<Row, StoreError>> + Send + 'a {
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.in_sqlite)
        .collect();
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        names.join(", "),
        table.name,
        names[..table.key].join(", ")
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(connection);
    rows.map_err(StoreError::from)
        .and_then(move |row| std::future::ready(read(table, &row)))
}

fn read(table: &'static Table, row: &SqliteRow) -> Result<Row, StoreError> {
    let kinds = table.columns.iter().map(|column| column.kind).enumerate();
    let cells = kinds.map(|(place, kind)| cell(row, place, kind));
    let cells: Result<Vec<_>, _> = cells.collect();
    let cells = cells.map_err(|error| StoreError::damaged(table.name, error))?;
    Ok(Row { table, cells })
}

fn cell(row: &SqliteRow, place: usize, kind: Kind) -> Result<Cell, sqlx::Error> {
    Ok(match kind {
        Kind::Number => row.try_get::<Option<i64>, _>(place)?.into(),
        Kind::Text => row.try_get::<Option<String>, _>(place)?.into(),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.into(),
        Kind::Truth => match row.try_get::<Option<i64>, _>(place)? {
            None => Cell::None,
            Some(0) => Cell::Truth(false),
            Some(1) => Cell::Truth(true),
            // Neither; whoever reads the row finds that it isn't of its kind.
            Some(other) => Cell::Number(other),
        },
    })
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StoreError> {
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.in_sqlite)
        .collect();
    let beginning = format!("INSERT INTO {} ({}) ", table.name, names.join(", "));
    for some in rows.chunks(PARAMETERS / names.len()) {
        let mut query = QueryBuilder::<Sqlite>::new(&beginning);
        query.push_values(some, |mut values, row| {
            for cell in &row.cells[..names.len()] {
                match cell {
                    Cell::None => values.push_bind(None::<i64>),
                    Cell::Number(number) => values.push_bind(*number),
                    Cell::Text(text) => values.push_bind(text.as_str()),
                    Cell::Bytes(bytes) => values.push_bind(bytes.as_slice()),
                    Cell::Truth(truth) => values.push_bind(*truth),
                };
            }
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
