//! The store in one SQLite file.
//!
//! Write-ahead log with `synchronous = FULL`: a commit returns after the log is on the disk, so a kill
//! or a power loss at any moment loses nothing that was acknowledged. One connection writes, and
//! every write is one transaction that takes the lock at its start; a few connections read. Several
//! processes may open the same file: each waits for the others' transactions.
//!
//! A limit is written as `LIMIT ?1 + 0`: of a bare parameter the planner reads the value, and from then on SQLite compiles the
//! statement anew whenever that is bound again, which is at each use.
//!
//! Nothing here decides. Read [`SqliteStore`]; each noun has its file.

mod accounts;
mod answers;
mod api_tokens;
mod certificates;
mod contacts;
mod controllers;
mod devices;
mod draws;
mod enrolments;
mod events;
pub(crate) mod file;
mod gateways;
mod holds;
mod incidents;
mod issued;
mod join_codes;
mod leases;
mod line_shares;
pub(crate) mod migrate;
mod opened;
mod order_log;
mod orders;
mod payloads;
mod people;
mod plans;
mod probe;
mod promise;
mod pulse;
mod readings;
mod releases;
mod reports;
mod revocations;
mod rollouts;
mod roots;
mod schedules;
mod sessions;
mod setup_links;
mod steps;
mod subjects;
mod timeline;
mod together;
mod walks;
mod webhooks;
mod welcomes;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use crate::{StoreError, failure, reads, values};
use opened::OpenedFile;

/// Connections that read: twice the cores of a small server, and one thread each.
const READERS: u32 = 4;

/// Further ones, by which nothing is read but what people ask ([`reads`]): some of it takes seconds, and others look meanwhile.
const FOR_PEOPLE: u32 = 3;

/// A transaction of ours takes milliseconds; who waits so long waits for a program that hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The line for the one writing connection and for the readers; longer than [`BUSY_TIMEOUT`], so
/// that the reason told is the real one.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

/// Prepared statements kept on each connection: all of ours, so none is compiled twice.
const STATEMENTS_KEPT: usize = 128;

/// A transaction that writes. It is rolled back unless it is committed.
pub(crate) type Write = Transaction<'static, Sqlite>;

/// The store in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    for_people: SqlitePool,
    /// Reads the pulse, and nothing else: no device waits for that, or needs a further connection because of it.
    feeler: SqlitePool,
    writes: Arc<AtomicU64>,
    raised: Arc<AtomicU64>,
    file: Arc<OpenedFile>,
}

impl SqliteStore {
    /// Makes a new database at `path` and opens it. It appears there whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is a file, [`StoreError::Unreadable`] if its folder
    /// isn't there or can't be written.
    pub async fn create(path: &Path) -> Result<Self, StoreError> {
        file::create(path).await?;
        Self::open(path).await
    }

    /// Opens the database at `path`, and brings one that an older version wrote up to date.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::NotADatabase`], [`StoreError::Foreign`],
    /// [`StoreError::Newer`], [`StoreError::Unreadable`] or [`StoreError::Damaged`] say what is
    /// there instead. The file isn't touched then.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        file::inspect(path)?;
        let writer = pool(1).connect_with(options(path)).await?;
        migrate::up_to_date(&writer, path).await?;
        let reading = options(path).pragma("query_only", "1");
        let feeler = pool(1).connect_with(reading.clone()).await?;
        let readers = pool(READERS).connect_with(reading.clone()).await?;
        let for_people = pool(FOR_PEOPLE).connect_with(reading).await?;
        Ok(Self {
            writer,
            readers,
            for_people,
            feeler,
            writes: Arc::default(),
            raised: Arc::default(),
            file: Arc::new(OpenedFile::at(path)?),
        })
    }

    /// Looks whether there is a database at `path` that [`Self::open`] would open, and changes nothing.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn look_at(path: &Path) -> Result<(), StoreError> {
        file::inspect(path)
    }

    /// Opens the database at `path`, or makes one if there is no file.
    ///
    /// # Errors
    /// As [`Self::create`] and [`Self::open`].
    pub async fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        match file::inspect(path) {
            Err(StoreError::Missing { .. }) => match file::create(path).await {
                // Another process was a moment faster.
                Err(StoreError::AlreadyExists { .. }) | Ok(()) => Self::open(path).await,
                Err(error) => Err(error),
            },
            _ => Self::open(path).await,
        }
    }

    /// Waits for what is under way and closes the file. Not closing it loses nothing.
    pub async fn close(&self) {
        self.feeler.close().await;
        self.readers.close().await;
        self.for_people.close().await;
        self.writer.close().await;
    }

    /// How many transactions that may write this store and its clones have begun. As long as that stays, none is under way, and no
    /// other process has the file open, readers find what they found before.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// From now on the file takes no more than so many pages of 4 KiB, or than it has: a full disk, for tests.
    ///
    /// # Errors
    /// As any write.
    pub async fn grow_to_at_most(&self, pages: u32) -> Result<(), StoreError> {
        let limited = options(self.file.path()).pragma("max_page_count", pages.to_string());
        self.writer.set_connect_options(limited);
        Ok(self.writer.acquire().await?.close().await?)
    }

    /// A transaction, if what it writes would be found again.
    pub(crate) async fn write(&self) -> Result<Write, StoreError> {
        self.file.is_in_place().await?;
        self.writes.fetch_add(1, Ordering::AcqRel);
        match self.begin().await {
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                Ok(self.begin().await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Refused as a savepoint, if SQLite has ended the last transaction by itself, as it does when the disk is full or fails (SQLite
    /// documentation, "Response To Errors Within A Transaction"): sqlx doesn't notice, and that connection is of no use any more.
    async fn begin(&self) -> Result<Write, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    pub(crate) fn read(&self) -> &SqlitePool {
        match reads::are_of_people() {
            true => &self.for_people,
            false => &self.readers,
        }
    }
}

pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS_KEPT)
}

/// For a file that nobody changes, and that may lie where nothing can be written. What it holds may come from anybody.
pub(crate) fn options_of_kept(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(true)
        .immutable(true)
        .pragma("trusted_schema", "0")
        .pragma("cell_size_check", "1")
}

/// Connections to a file don't wear out, so they are kept for good and not tested at each use.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(LINE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rollouts as _;

    /// A kill can't tell whether the log was flushed, only a power loss can: so it is asked.
    #[tokio::test]
    async fn every_commit_is_flushed_and_references_are_checked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        let store = SqliteStore::create(&path).await.expect("a new database");
        let (log, flush, references): (String, i64, bool) = sqlx::query_as(
            "SELECT journal_mode, synchronous, foreign_keys
             FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys",
        )
        .fetch_one(&store.writer)
        .await
        .expect("readable");
        // 2 is FULL (SQLite documentation, "PRAGMA synchronous").
        assert_eq!((log.as_str(), flush, references), ("wal", 2, true));
        let written = sqlx::query("DELETE FROM devices")
            .execute(store.read())
            .await;
        assert!(written.is_err(), "readers only read");
    }

    #[tokio::test]
    async fn transactions_that_may_write_are_counted_and_readers_are_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        let store = SqliteStore::create(&path).await.expect("a new database");
        assert_eq!(store.clone().writes(), 0);
        store.rollouts().await.expect("readable");
        assert_eq!(store.writes(), 0);
        store.clone().reserve_rollout().await.expect("writable");
        assert_eq!(store.writes(), 1);
    }

    #[tokio::test]
    async fn people_stand_in_no_line_behind_others() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        let store = SqliteStore::create(&path).await.expect("a new database");
        let mut taken = Vec::new();
        for _ in 0..READERS {
            taken.push(store.read().acquire().await.expect("one that is free"));
        }
        assert!(store.read().try_acquire().is_none(), "all are taken");
        reads::of_people(store.rollouts()).await.expect("readable");
        let written = reads::of_people(async {
            sqlx::query("DELETE FROM devices")
                .execute(store.read())
                .await
        });
        assert!(written.await.is_err(), "readers only read");
    }

    /// SQLite doesn't say when it compiles a statement anew; what makes it do so can be read.
    #[test]
    fn no_limit_is_a_bare_parameter() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite");
        let mut limits = 0;
        for file in std::fs::read_dir(folder).expect("it is there") {
            let path = file.expect("readable").path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("readable");
            let ends = text.split("LIMIT ").skip(1);
            for parameter in ends.filter_map(|end| end.strip_prefix('?')) {
                let after = parameter.trim_start_matches(|digit: char| digit.is_ascii_digit());
                assert!(after.starts_with(" + 0"), "{}", path.display());
                limits += 1;
            }
        }
        assert!(limits > 5, "{limits}");
    }
}
