//! Whole tables of a PostgreSQL database: read in the order of their keys, and filled.

use std::collections::BTreeSet;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{PgConnection, Postgres, Row as _};

use super::cells::{Cell, Row};
use super::columns::{Column, Kind};
use super::tables::{TABLES, Table};
use crate::StoreError;
use crate::postgres::migrate::{MIGRATING, MIGRATIONS, NEWEST};

/// The tables' version, and the one that this program knows.
pub(super) async fn version(connection: &mut PgConnection) -> Result<(u32, u32), StoreError> {
    let version: i64 = sqlx::query_scalar("SELECT version FROM schema")
        .fetch_one(connection)
        .await?;
    Ok((u32::try_from(version).unwrap_or(u32::MAX), NEWEST))
}

/// What is PostgreSQL's own, and no part of a store's rows.
pub(super) async fn columns(
    connection: &mut PgConnection,
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND column_name <> 'only_row'
         AND table_name NOT IN ('schema', 'probe', 'probe_room')",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Keeps everybody from writing until the transaction ends. They wait, and are answered that the database is busy.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    // The lock comes before the first look, so that nothing is written between the two.
    let sql = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '10s'; LOCK {} IN SHARE MODE",
        names.join(", ")
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

/// # Errors
/// [`StoreError::InUse`], if another program of ours is connected to the same database.
pub(super) async fn expect_nobody_else(connection: &mut PgConnection) -> Result<(), StoreError> {
    // Within a transaction PostgreSQL answers once more what it has answered before.
    sqlx::query("SELECT pg_stat_clear_snapshot()")
        .execute(&mut *connection)
        .await?;
    let connections: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'mainstay' AND pid <> pg_backend_pid()",
    )
    .fetch_one(connection)
    .await?;
    match connections {
        0 => Ok(()),
        connections => Err(StoreError::InUse { connections }),
    }
}

/// Begins a transaction and makes our tables in it, in a database that has none.
///
/// # Errors
/// [`StoreError::AlreadyExists`], if it has ours.
pub(super) async fn make_tables(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATING)
        .execute(&mut *connection)
        .await?;
    if crate::postgres::migrate::known(connection).await? > 0 {
        return Err(StoreError::already_exists("store", "in this database"));
    }
    for step in MIGRATIONS {
        sqlx::raw_sql(step).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Lets the sequences go on behind the highest keys.
pub(super) async fn move_sequences(connection: &mut PgConnection) -> Result<(), StoreError> {
    for table in TABLES {
        let (Some(key), name) = (table.sequence, table.name) else {
            continue;
        };
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', '{key}'), max({key})) FROM {name} HAVING count(*) > 0"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) fn all<'a>(
    connection: &'a mut PgConnection,
    table: &'static Table,
) -> impl Stream<Item = Result<Row, StoreError>> + Send + 'a {
    let names: Vec<_> = columns_of(table).map(|column| column.name).collect();
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

fn columns_of(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().chain(table.own)
}

fn read(table: &'static Table, row: &PgRow) -> Result<Row, StoreError> {
    let kinds = columns_of(table).map(|column| column.kind).enumerate();
    let cells: Result<Vec<_>, _> = kinds.map(|(place, kind)| cell(row, place, kind)).collect();
    let cells = cells.map_err(|error| StoreError::damaged(table.name, error))?;
    Ok(Row { table, cells })
}

fn cell(row: &PgRow, place: usize, kind: Kind) -> Result<Cell, sqlx::Error> {
    Ok(match kind {
        Kind::Number => row.try_get::<Option<i64>, _>(place)?.into(),
        Kind::Text => row.try_get::<Option<String>, _>(place)?.into(),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.into(),
        Kind::Truth => row.try_get::<Option<bool>, _>(place)?.into(),
    })
}

/// One array for each column, so that the statement is the same for any number of rows.
pub(super) async fn insert(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StoreError> {
    let names: Vec<_> = columns_of(table).map(|column| column.name).collect();
    let arrays = columns_of(table).enumerate();
    let arrays =
        arrays.map(|(place, column)| format!("${}::{}[]", place + 1, column.kind.in_postgres()));
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        table.name,
        names.join(", "),
        arrays.collect::<Vec<_>>().join(", ")
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for (place, column) in columns_of(table).enumerate() {
        query = bind(query, column.kind, rows.iter().map(|row| &row.cells[place]));
    }
    query.execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// The values of a column. One of another kind was refused by whoever judged its row.
fn bind<'q>(query: Query<'q>, kind: Kind, cells: impl Iterator<Item = &'q Cell>) -> Query<'q> {
    match kind {
        Kind::Number => query.bind(values(cells, |cell| match cell {
            Cell::Number(number) => Some(*number),
            _ => None,
        })),
        Kind::Text => query.bind(values(cells, |cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        })),
        Kind::Bytes => query.bind(values(cells, |cell| match cell {
            Cell::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })),
        Kind::Truth => query.bind(values(cells, |cell| match cell {
            Cell::Truth(truth) => Some(*truth),
            _ => None,
        })),
    }
}

fn values<'q, T>(
    cells: impl Iterator<Item = &'q Cell>,
    value: impl Fn(&'q Cell) -> Option<T>,
) -> Vec<Option<T>> {
    cells.map(value).collect()
}
