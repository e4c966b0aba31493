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
mod connections;
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

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgSslMode};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use tokio::time::timeout;

use crate::{StoreError, failure, reads, values};
pub use address::{AddressError, PostgresAddress, PostgresPlace};
use connections::{LetIn, pool, soon};
use undone::retried;

/// Connections of one server that write. Three servers take half of the hundred that PostgreSQL allows unless told otherwise.
const WRITERS: u32 = 12;

/// Connections of one server that only read: so that no read stands in line behind writes that wait for a lock.
const READERS: u32 = 4;

/// Further ones, by which nothing is read but what people ask ([`reads`]): some of it takes seconds, and others look meanwhile.
const FOR_PEOPLE: u32 = 3;

/// The line for a connection. Longer than a lock is waited for, so that the reason told is the real one.
const LINE_TIMEOUT: Duration = Duration::from_secs(15);

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
    for_people: PgPool,
    /// Reads the pulse, and nothing else: what is late by a line for a connection makes every device be looked at, and the line longer.
    feeler: PgPool,
    /// Renews leases and shares of the line, and nothing else: no storm of promises, and nobody who only looks, makes a job go from server to server.
    keeper: PgPool,
    let_in: LetIn,
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
        let let_in = LetIn::default();
        let lazily = |connections, settings| {
            pool(connections, settings, &let_in).connect_lazy_with(options.clone())
        };
        Ok(Self {
            writers: lazily(WRITERS, WRITER_SETTINGS),
            readers: lazily(READERS, READER_SETTINGS),
            for_people: lazily(FOR_PEOPLE, READER_SETTINGS),
            feeler: lazily(1, READER_SETTINGS),
            keeper: lazily(1, WRITER_SETTINGS),
            let_in,
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
            self.for_people.close().await;
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
        let tx = self.waited(lent, begun)?;
        self.let_in.check()?;
        Ok(tx)
    }

    pub(crate) async fn read(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let readers = match reads::are_of_people() {
            true => &self.for_people,
            false => &self.readers,
        };
        self.read_by(readers).await
    }

    async fn read_by(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, StoreError> {
        let lent = self.lent.load(Ordering::Relaxed);
        let connection = pool.acquire().await;
        let mut connection = self.waited(lent, connection)?;
        if let Err(refused) = self.let_in.check() {
            // The next one asks anew.
            connection.close_on_drop();
            return Err(refused);
        }
        Ok(connection)
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
