//! The store in a PostgreSQL database, which several servers share.
//!
//! Every write is one transaction at PostgreSQL's own level, READ COMMITTED: each statement sees what was committed before it began.
//! So what a transaction decides on, it has locked before it reads it, and reads it in a later statement than the one that locked it:
//! a statement that waited for a lock sees, but for the locked rows, what was there before it waited.
//! What is locked, and in which order, is in `locks.rs`. A transaction that PostgreSQL undoes for the sake of another one is tried
//! again here; nobody else hears of it.
//!
//! A commit returns after the log is on the disk of the database server. Where a connection is lost in a commit nobody knows whether
//! it was one; each call bears being made again.
//!
//! Statements are plain texts that begin with a verb, so that a test can find and prepare them all.
//!
//! Nothing here decides. Read [`PostgresStore`]; each noun has its file.

mod accounts;
mod address;
mod answers;
mod api_tokens;
mod certificates;
pub(crate) mod columns;
mod contacts;
mod controllers;
mod devices;
mod draws;
mod enrolments;
mod events;
mod gateways;
mod holds;
mod incidents;
mod issued;
mod join_codes;
mod leases;
mod line_shares;
mod locks;
pub(crate) mod migrate;
mod order_log;
mod orders;
pub(crate) mod others;
mod payloads;
mod people;
mod plans;
mod probe;
mod promise;
mod pulse;
mod readings;
mod register;
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
mod undone;
mod walks;
mod webhooks;
mod welcomes;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use tokio::time::timeout;

use crate::{StoreError, failure, values};
pub use address::{AddressError, PostgresAddress, PostgresPlace};
use undone::retried;

/// Connections of one server that write. Three servers take half of the hundred that PostgreSQL allows unless told otherwise.
const WRITERS: u32 = 12;

/// Connections of one server that only read: so that no read stands in line behind writes that wait for a lock.
const READERS: u32 = 4;

/// The line for a connection. Longer than a lock is waited for, so that the reason told is the real one.
const LINE_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection that was idle for longer is tried before it is used: the database may have been started anew meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long a connection that nobody works with may take to answer: it is a few bytes there and back. A machine that lost its power
/// answers nothing, and the operating system doesn't notice for a quarter of an hour or longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept on each connection: all of ours, so none is planned twice.
const STATEMENTS_KEPT: usize = 256;

/// A commit is durable when it returns, also where the database was set up to answer earlier.
macro_rules! durable {
    () => {
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    };
}

/// The same, for work with the database as a whole.
pub(crate) const DURABLE: &str = durable!();

/// How long a transaction waits for a lock, and how long one may lie idle: it belongs to a program that hangs, and keeps others waiting.
const WRITER_SETTINGS: &str = concat!(
    "
    SET default_transaction_isolation = 'read committed';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s';
    ",
    durable!()
);

/// A statement that takes longer is stopped: no request waits for so long. It bounds what a database does that answers; one that doesn't is given up by
/// whoever asks. The steps of the tables, which may take longer, aren't taken by such a connection.
const STATEMENT_BOUND: &str = "SET statement_timeout = '300s'";

const READER_SETTINGS: &str = "
    SET mainstay.reads = 'on';
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_read_only = on";

/// A transaction that writes. It is rolled back unless it is committed.
pub(crate) type Write = Transaction<'static, Postgres>;

/// The store in a PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    writers: PgPool,
    readers: PgPool,
    /// Reads the pulse, and nothing else: what is late by a line for a connection makes every device be looked at, and the line longer.
    feeler: PgPool,
    /// Renews leases and shares of the line, and nothing else: no storm of promises, and nobody who only looks, makes a job go from server to server.
    keeper: PgPool,
    /// How often somebody got a connection.
    lent: Arc<AtomicU64>,
    raised: Arc<AtomicU64>,
}

impl PostgresStore {
    /// Opens the database at `address`, `postgres://user:password@host:port/database`, and makes its tables or brings them up to
    /// date. What PostgreSQL's own programs read from the environment (`PGSSLROOTCERT` and so on) counts where the address is silent.
    /// Over a network it speaks TLS, to a server that proves its name, unless the address says otherwise (`sslmode`).
    ///
    /// # Errors
    /// [`StoreError::Address`] if the address can't be read, [`StoreError::Unreachable`] if nobody answers there or lets us in,
    /// [`StoreError::NotOurs`] or [`StoreError::TooNew`] if the database holds something else. Nothing is changed then.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Self::open_with(options(address)?).await
    }

    /// As [`Self::open`], where the password comes apart from the address.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_at(place: &PostgresPlace) -> Result<Self, StoreError> {
        Self::open_with(options_at(place)?).await
    }

    /// Looks whether there is a fleet in the database that [`Self::open_at`] would open, and changes nothing there.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Empty`] if no plan was ever in force in it, or it has no tables at all.
    pub async fn look_at(place: &PostgresPlace) -> Result<(), StoreError> {
        let mut connection = connect(&options_at(place)?).await?;
        if migrate::known(&mut connection).await? == 0 {
            return Err(StoreError::Empty);
        }
        let has_fleet: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM plans)")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        has_fleet.then_some(()).ok_or(StoreError::Empty)
    }

    /// Asks whether no server works with the database just now.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if one does; as [`Self::open`] if the database can't be asked.
    pub async fn expect_unused(place: &PostgresPlace) -> Result<(), StoreError> {
        let mut connection = connect(&options_at(place)?).await?;
        others::expect_none(&mut connection, &[]).await?;
        Ok(connection.close().await?)
    }

    async fn open_with(options: PgConnectOptions) -> Result<Self, StoreError> {
        let mut first = connect(&options).await?;
        soon(sqlx::raw_sql(WRITER_SETTINGS).execute(&mut first)).await??;
        soon(expect_primary(&mut first)).await??;
        migrate::up_to_date(&mut first).await?;
        first.close().await?;
        Ok(Self {
            writers: pool(WRITERS, WRITER_SETTINGS).connect_lazy_with(options.clone()),
            readers: pool(READERS, READER_SETTINGS).connect_lazy_with(options.clone()),
            feeler: pool(1, READER_SETTINGS).connect_lazy_with(options.clone()),
            keeper: pool(1, WRITER_SETTINGS).connect_lazy_with(options),
            lent: Arc::default(),
            raised: Arc::default(),
        })
    }

    /// Waits for what is under way and closes all connections; not for long, since a database that is gone says nothing. Not closing them
    /// loses nothing.
    pub async fn close(&self) {
        let closed = async {
            self.feeler.close().await;
            self.keeper.close().await;
            self.readers.close().await;
            self.writers.close().await;
        };
        // What hangs ends with the process.
        let _ = timeout(LINE_TIMEOUT, closed).await;
    }

    pub(crate) async fn write(&self) -> Result<Write, StoreError> {
        self.write_by(&self.writers).await
    }

    async fn write_by(&self, pool: &PgPool) -> Result<Write, StoreError> {
        let lent = self.lent.load(Ordering::Relaxed);
        let begun = pool.begin().await;
        self.waited(lent, begun)
    }

    pub(crate) async fn read(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.read_by(&self.readers).await
    }

    async fn read_by(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, StoreError> {
        let lent = self.lent.load(Ordering::Relaxed);
        let connection = pool.acquire().await;
        self.waited(lent, connection)
    }

    /// What it means that no connection was to be had: if nobody got one in all that time, none can be made.
    fn waited<T>(&self, lent: u64, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match outcome {
            Ok(connection) => {
                self.lent.fetch_add(1, Ordering::Relaxed);
                Ok(connection)
            }
            Err(sqlx::Error::PoolTimedOut) if self.lent.load(Ordering::Relaxed) == lent => {
                Err(StoreError::Unreachable(Box::new(sqlx::Error::PoolTimedOut)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connected = timeout(LINE_TIMEOUT, PgConnection::connect_with(options)).await;
    Ok(connected.map_err(|silence| StoreError::Unreachable(Box::new(silence)))??)
}

/// # Errors
/// [`StoreError::Unreachable`] of a copy that follows the database.
async fn expect_primary(connection: &mut PgConnection) -> Result<(), StoreError> {
    let follows: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
        .fetch_one(connection)
        .await?;
    match follows {
        true => Err(StoreError::Unreachable(
            "it is a standby, which only reads".into(),
        )),
        false => Ok(()),
    }
}

pub(crate) fn options_at(place: &PostgresPlace) -> Result<PgConnectOptions, StoreError> {
    let options = options(place.address.as_str())?;
    Ok(match &place.password {
        Some(password) => options.password(password),
        None => options,
    })
}

fn options(text: &str) -> Result<PgConnectOptions, StoreError> {
    let options = address::options(text).map_err(StoreError::Address)?;
    let options = match is_spied_on(text, &options) {
        true => options.ssl_mode(PgSslMode::VerifyFull),
        false => options,
    };
    let options = options.application_name("mainstay");
    Ok(options.statement_cache_capacity(STATEMENTS_KEPT))
}

/// Whether words to this address pass a network, and nobody has said how they are kept from others there. sqlx would do without where
/// the other side, or somebody between, offers nothing.
fn is_spied_on(text: &str, options: &PgConnectOptions) -> bool {
    let is_said = address::keys(text).any(|key| matches!(key, "sslmode" | "ssl-mode"))
        || !matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    let here = ["localhost", "127.0.0.1", "::1", "[::1]"];
    let host = options.get_host();
    let is_socket = options.get_socket().is_some() || host.starts_with('/');
    let is_here = is_socket || here.contains(&host);
    !is_said && !is_here
}

fn pool(connections: u32, settings: &'static str) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(LINE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > TRUSTED_IDLE {
                    soon(is_of_use(connection)).await??;
                }
                Ok(true)
            })
        })
        // Whoever gave up waiting for an answer left it on its way. One that doesn't come any more must not keep its place.
        .after_release(|connection, _| {
            Box::pin(async move {
                soon(connection.ping()).await??;
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(settings).execute(&mut *connection).await?;
                sqlx::raw_sql(STATEMENT_BOUND)
                    .execute(&mut *connection)
                    .await?;
                is_of_use(connection).await
            })
        })
}

/// An answer, or that none came.
async fn soon<T>(answer: impl Future<Output = T>) -> Result<T, sqlx::Error> {
    let heard = timeout(ANSWER_TIMEOUT, answer).await;
    heard.map_err(|silence| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, silence)))
}

/// Whether this is the database itself and not a copy that follows it, to which an address may lead for a while: what is read there may
/// be older than what was read before. A connection for writing must be let write.
async fn is_of_use(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let is_of_use: bool = sqlx::query_scalar(
        "SELECT NOT pg_is_in_recovery() AND (current_setting('mainstay.reads', true) = 'on' OR current_setting('transaction_read_only') = 'off')",
    )
    .fetch_one(connection)
    .await?;
    match is_of_use {
        true => Ok(()),
        false => Err(sqlx::Error::Io(io::Error::other(
            "this database only reads",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_network_the_server_proves_its_name_unless_told_otherwise() {
        for (address, expected) in [
            ("postgres://db.northwind.example/mainstay", "VerifyFull"),
            (
                "postgresql://kim:secret@10.0.0.7:5433/mainstay",
                "VerifyFull",
            ),
            (
                "postgres://10.0.0.7/mainstay?sslrootcert=%2Fetc%2Fca.pem",
                "VerifyFull",
            ),
            ("postgres://kim:sslmode=x@10.0.0.7/mainstay", "VerifyFull"),
            (
                "postgres://10.0.0.7/mainstay?application_name=sslmode=",
                "VerifyFull",
            ),
            ("postgres://10.0.0.7/mainstay?sslmode=disable", "Disable"),
            ("postgres://10.0.0.7/mainstay?sslmode=prefer", "Prefer"),
            ("postgres://localhost/mainstay", "Prefer"),
            ("postgres://[::1]/mainstay", "Prefer"),
            ("postgres://%2Frun%2Fpostgresql/mainstay", "Prefer"),
        ] {
            let options = options(address).expect("an address");
            assert_eq!(
                format!("{:?}", options.get_ssl_mode()),
                expected,
                "{address}"
            );
        }
    }
}
