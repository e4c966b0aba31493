//! One connection to a store, in one transaction: what both back ends can do with whole tables. Read [`Database`].

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::cells::{Row, Sum};
use super::tables::{TABLES, Table};
use super::{Counted, Progress, StoreAt, Watch, rows_of_postgres, rows_of_sqlite};
use crate::StoreError;
use crate::postgres::{self, PostgresPlace, others};
use crate::sqlite::{self, file};

/// Rows between two words on how far it is.
const TOLD_EACH: u64 = 1000;

/// A store, open for one piece of work. What wasn't committed when it is dropped is undone.
pub(super) enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// The store there, in a transaction that sees one moment of it and changes nothing. Servers may go on.
    pub async fn looked_at(at: &StoreAt) -> Result<Self, StoreError> {
        let mut database = Self::open(at).await?;
        database
            .execute(match &database {
                Self::Sqlite(_) => "BEGIN",
                // What is read is worked on meanwhile, for as long as it takes.
                Self::Postgres(_) => {
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                     SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0"
                }
            })
            .await?;
        database.expect_current(at).await?;
        Ok(database)
    }

    /// The store in a file that nobody has open and nobody may change: of a backup, perhaps on a disk that only reads. SQLite makes no
    /// file beside it, and looks for no log.
    pub async fn kept(path: &Path) -> Result<Self, StoreError> {
        file::inspect(path)?;
        let options = sqlite::options_of_kept(path);
        let mut database = Self::Sqlite(SqliteConnection::connect_with(&options).await?);
        database.execute("BEGIN").await?;
        Ok(database)
    }

    /// The store there, in a transaction in which nobody else can write to it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::InUse`], if somebody else works with it.
    pub async fn alone(at: &StoreAt) -> Result<Self, StoreError> {
        let mut database = Self::open(at).await?;
        match &mut database {
            Self::Sqlite(_) => database.execute("BEGIN IMMEDIATE").await?,
            Self::Postgres(connection) => rows_of_postgres::lock(connection).await?,
        }
        database.expect_current(at).await?;
        database.expect_nobody_else(None).await?;
        Ok(database)
    }

    async fn open(at: &StoreAt) -> Result<Self, StoreError> {
        match at {
            StoreAt::File(path) => Self::file(path).await,
            StoreAt::Database(place) => Self::database(place).await,
        }
    }

    async fn file(path: &Path) -> Result<Self, StoreError> {
        file::inspect(path)?;
        let options = sqlite::options(path);
        Ok(Self::Sqlite(
            SqliteConnection::connect_with(&options).await?,
        ))
    }

    async fn database(place: &PostgresPlace) -> Result<Self, StoreError> {
        let options = postgres::options_at(place)?;
        let mut connection = postgres::connect(&options).await?;
        match postgres::migrate::known(&mut connection).await? {
            0 => Err(StoreError::Empty),
            _ => Ok(Self::Postgres(connection)),
        }
    }

    /// Whether the tables are the very ones that this program knows: of older ones columns would be missed, of newer ones lost.
    async fn expect_current(&mut self, at: &StoreAt) -> Result<(), StoreError> {
        let (found, known) = match self {
            Self::Sqlite(connection) => rows_of_sqlite::version(connection).await?,
            Self::Postgres(connection) => rows_of_postgres::version(connection).await?,
        };
        match at {
            _ if found < known => Err(StoreError::Behind { found, known }),
            _ if found == known => self.expect_tables().await,
            StoreAt::File(path) => Err(StoreError::Newer {
                path: path.clone(),
                found,
                known,
            }),
            StoreAt::Database(_) => Err(StoreError::TooNew {
                needed: found,
                known,
            }),
        }
    }

    pub async fn expect_tables(&mut self) -> Result<(), StoreError> {
        let has = self.columns().await?;
        let is_postgres = self.is_postgres();
        let knows = TABLES.iter().flat_map(|table| {
            let own = table.own.iter().filter(move |_| is_postgres);
            let columns = table.columns.iter().chain(own);
            columns
                .filter(move |column| is_postgres || column.name == column.in_sqlite)
                .map(|column| (table.name.to_owned(), column.name.to_owned()))
        });
        let knows: BTreeSet<_> = knows.collect();
        let stray = has.symmetric_difference(&knows).next();
        match stray {
            None => Ok(()),
            Some((table, column)) => Err(StoreError::damaged(
                "database",
                format_args!(
                    "{table}.{column} is in its tables or in this program, and not in both"
                ),
            )),
        }
    }

    async fn columns(&mut self) -> Result<BTreeSet<(String, String)>, StoreError> {
        match self {
            Self::Sqlite(connection) => rows_of_sqlite::columns(connection).await,
            Self::Postgres(connection) => rows_of_postgres::columns(connection).await,
        }
    }

    /// Whether a server has it open. Of SQLite's file nobody can tell; whoever runs a server on a folder has a lock on that. The other
    /// one is ours: it may be in the same database, in another schema.
    pub async fn expect_nobody_else(&mut self, but: Option<&mut Self>) -> Result<(), StoreError> {
        let Self::Postgres(connection) = self else {
            return Ok(());
        };
        let own = match but {
            Some(Self::Postgres(other)) => Some(others::backend(other).await?),
            _ => None,
        };
        others::expect_none(connection, own.as_slice()).await
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub async fn execute(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql(sql).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::raw_sql(sql).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// All rows of a table, in the order of their keys.
    pub fn rows(&mut self, table: &'static Table) -> BoxStream<'_, Result<Row, StoreError>> {
        match self {
            Self::Sqlite(connection) => rows_of_sqlite::all(connection, table).boxed(),
            Self::Postgres(connection) => rows_of_postgres::all(connection, table).boxed(),
        }
    }

    /// Adds rows that have PostgreSQL's own columns too.
    pub async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => rows_of_sqlite::insert(connection, table, rows).await,
            Self::Postgres(connection) => rows_of_postgres::insert(connection, table, rows).await,
        }
    }

    /// Takes out the rows that a step put into new tables.
    pub async fn empty(&mut self) -> Result<(), StoreError> {
        for table in TABLES.iter().rev() {
            let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {}", table.name));
            match self {
                Self::Sqlite(connection) => {
                    sqlx::query(sql).execute(connection).await?;
                }
                Self::Postgres(connection) => {
                    sqlx::query(sql).execute(connection).await?;
                }
            }
        }
        Ok(())
    }

    pub async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name));
        let count: i64 = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
        };
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// What the rows of a table come to; `look` sees each of them.
    pub async fn sum(
        &mut self,
        table: &'static Table,
        watch: &mut Watch<'_>,
        mut look: impl FnMut(&Row) + Send,
    ) -> Result<Counted, StoreError> {
        let (of, name) = (self.count(table).await?, table.name);
        let (mut sum, mut done) = (Sum::default(), 0);
        let mut rows = self.rows(table);
        while let Some(row) = rows.try_next().await? {
            sum.add(&row);
            look(&row);
            done += 1;
            if done % TOLD_EACH == 0 {
                watch(Progress {
                    table: name,
                    rows: done,
                    of,
                });
            }
        }
        watch(Progress {
            table: name,
            rows: done,
            of,
        });
        let (rows, digest) = sum.finish();
        Ok(Counted {
            table: name,
            rows,
            digest,
        })
    }
}
