//! One store copied into an empty one, in either direction. Read [`copy`], then [`snapshot`].

use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::cells::{Row, Sum};
use super::database::Database;
use super::tables::{TABLES, Table};
use super::{Counted, Progress, StoreAt, Watch, check, rows_of_postgres};
use crate::sqlite::{self, file};
use crate::{StoreError, postgres};

/// So many rows go over at a time: some megabytes.
const BATCH: usize = 1000;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Each table. The target was read again, and has the same.
    pub tables: Vec<Counted>,
    /// Texts that had the sign U+0000 in them, which PostgreSQL can't keep: they have U+FFFD in its place now.
    pub changed_texts: u64,
}

/// Copies the store at `from` to `to`, where none may be yet. Nobody can write to the one that is copied meanwhile; the other one is
/// there whole or not at all, whatever happens. Every row is read through the domain's types on its way, and read again where it came
/// to, with what that back end alone has.
///
/// # Errors
/// [`StoreError::InUse`] or [`StoreError::Busy`] if somebody works with `from`; [`StoreError::AlreadyExists`] or
/// [`StoreError::NotOurs`] if something is at `to`; [`StoreError::Damaged`], with the row, if one can't be read.
pub async fn copy(
    from: &StoreAt,
    to: &StoreAt,
    watch: &mut Watch<'_>,
) -> Result<Copied, StoreError> {
    let mut source = Database::alone(from).await?;
    let mut target = Target::begin(to).await?;
    let copied = match copy_all(&mut source, target.database(), watch).await {
        Ok(copied) => copied,
        Err(error) => {
            target.give_up().await;
            return Err(error);
        }
    };
    // One that was started meanwhile has promised nothing yet, since it couldn't write; but it would go on with the old one.
    let alone = source.expect_nobody_else(Some(target.database())).await;
    match alone {
        Ok(()) => target.finish().await.map(|()| copied),
        Err(error) => {
            target.give_up().await;
            Err(error)
        }
    }
}

/// Copies the store at `from`, as it is at one moment, into a new SQLite file at `to`. Servers go on meanwhile, so what they write from
/// then on isn't in it. Else as [`copy`]: every row is read through the domain's types, and the file is there whole or not at all.
///
/// # Errors
/// [`StoreError::Behind`] or [`StoreError::Newer`] if its tables aren't the very ones that this program knows;
/// [`StoreError::AlreadyExists`] if something is at `to`; [`StoreError::Damaged`], with the row, if one can't be read.
pub async fn snapshot(
    from: &StoreAt,
    to: &Path,
    watch: &mut Watch<'_>,
) -> Result<Copied, StoreError> {
    let mut source = Database::looked_at(from).await?;
    let mut target = Target::begin_file(to).await?;
    match copy_all(&mut source, target.database(), watch).await {
        Ok(copied) => target.finish().await.map(|()| copied),
        Err(error) => {
            target.give_up().await;
            Err(error)
        }
    }
}

async fn copy_all(
    source: &mut Database,
    target: &mut Database,
    watch: &mut Watch<'_>,
) -> Result<Copied, StoreError> {
    let mut copied = Copied {
        tables: Vec::with_capacity(TABLES.len()),
        changed_texts: 0,
    };
    target.empty().await?;
    for table in TABLES {
        let (counted, changed) = copy_table(source, target, table, watch).await?;
        let mut wrong = None;
        let look = |row: &Row| {
            if wrong.is_none() {
                wrong = check::judge(row).err();
            }
        };
        let there = target.sum(table, &mut |_| {}, look).await?;
        if let Some(error) = wrong {
            return Err(error);
        }
        if there != counted {
            return Err(StoreError::damaged(
                "copy",
                format_args!("its {} aren't what was copied", table.name),
            ));
        }
        copied.tables.push(counted);
        copied.changed_texts += changed;
    }
    if let Database::Postgres(connection) = target {
        rows_of_postgres::move_sequences(connection).await?;
    }
    Ok(copied)
}

async fn copy_table(
    source: &mut Database,
    target: &mut Database,
    table: &'static Table,
    watch: &mut Watch<'_>,
) -> Result<(Counted, u64), StoreError> {
    let (of, name) = (source.count(table).await?, table.name);
    let (mut sum, mut done, mut changed) = (Sum::default(), 0, 0);
    let is_postgres = target.is_postgres();
    let rows = source.rows(table).try_chunks(BATCH);
    let mut batches = rows.map_err(|error| error.1);
    while let Some(mut batch) = batches.try_next().await? {
        for row in &mut batch {
            sum.add(row);
            complete(row)?;
            changed += if is_postgres { row.make_bearable() } else { 0 };
        }
        target.insert(table, &batch).await?;
        done += batch.len() as u64;
        watch(Progress {
            table: name,
            rows: done,
            of,
        });
    }
    let (rows, digest) = sum.finish();
    let table = name;
    Ok((
        Counted {
            table,
            rows,
            digest,
        },
        changed,
    ))
}

/// Reads a row, and gives it PostgreSQL's own columns as its values say them.
fn complete(row: &mut Row) -> Result<(), StoreError> {
    let own = (row.table.judge)(row);
    let own = own.map_err(|error| {
        let because = format!("row {}: {error}", row.name());
        StoreError::damaged(row.table.name, because)
    })?;
    row.cells.truncate(row.table.columns.len());
    row.cells.extend(own);
    Ok(())
}

/// Where a copy comes to: nothing of it is there before [`Target::finish`].
struct Target {
    database: Database,
    /// The name that a file has until then, and the one that it gets.
    file: Option<(PathBuf, PathBuf)>,
}

impl Target {
    async fn begin(to: &StoreAt) -> Result<Self, StoreError> {
        match to {
            StoreAt::File(path) => Self::begin_file(path).await,
            StoreAt::Database(place) => {
                let options = postgres::options_at(place)?;
                let mut connection: PgConnection = postgres::connect(&options).await?;
                sqlx::raw_sql(postgres::DURABLE)
                    .execute(&mut connection)
                    .await?;
                rows_of_postgres::make_tables(&mut connection).await?;
                let database = Database::Postgres(connection);
                Ok(Self {
                    database,
                    file: None,
                })
            }
        }
    }

    async fn begin_file(path: &Path) -> Result<Self, StoreError> {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(StoreError::already_exists("database", path.display()));
        }
        let new = file::beside(path);
        if let Err(error) = file::fill(&new).await {
            file::remove(&new);
            return Err(error);
        }
        let options = sqlite::options(&new);
        let connection = SqliteConnection::connect_with(&options).await?;
        let mut database = Database::Sqlite(connection);
        database.execute("BEGIN IMMEDIATE").await?;
        let file = Some((new, path.to_owned()));
        Ok(Self { database, file })
    }

    fn database(&mut self) -> &mut Database {
        &mut self.database
    }

    async fn finish(self) -> Result<(), StoreError> {
        let Self { mut database, file } = self;
        let mut done = database.execute("COMMIT").await;
        if let (Ok(()), Database::Sqlite(connection)) = (&done, &mut database) {
            done = file::empty_log(connection).await;
        }
        let done = done.and(close(database).await);
        let Some((new, path)) = file else {
            return done;
        };
        let published = done.and_then(|()| file::publish(&new, &path));
        file::remove(&new);
        published
    }

    /// Nothing was committed, and a name that nobody knows goes.
    async fn give_up(self) {
        let _ = close(self.database).await;
        if let Some((new, _)) = self.file {
            file::remove(&new);
        }
    }
}

async fn close(database: Database) -> Result<(), StoreError> {
    match database {
        Database::Sqlite(connection) => connection.close().await?,
        Database::Postgres(connection) => connection.close().await?,
    }
    Ok(())
}
