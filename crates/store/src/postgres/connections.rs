//! Connections of a store: how they are set up, and what each must bear out before anybody works with it. Read [`pool`], then [`LetIn`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::{LINE_TIMEOUT, migrate};
use crate::StoreError;

/// A connection that was idle for longer is tried before it is used: the database may have been started anew meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long a connection that nobody works with may take to answer: it is a few bytes there and back. A machine that lost its power
/// answers nothing, and the operating system doesn't notice for a quarter of an hour or longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A statement that takes longer is stopped: no request waits for so long. It bounds what a database does that answers; one that doesn't is given up by
/// whoever asks. The steps of the tables, which may take longer, aren't taken by such a connection.
const STATEMENT_BOUND: &str = "SET statement_timeout = '300s'";

/// What the tables ask of the programs that work with them, as the newest connection found it.
///
/// A step that older programs can't work beside is taken while none of them is connected. One that had lost its connections just then, or wasn't
/// started yet, comes back afterwards: each of its new connections asks, and as long as the answer stands nobody works with any of them.
#[derive(Debug, Clone, Default)]
pub(super) struct LetIn {
    /// The format that a program must know, if this one doesn't; otherwise 0.
    needed: Arc<AtomicU32>,
}

impl LetIn {
    /// Asks by a new connection.
    async fn ask(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let needed = match migrate::version(connection).await {
            Ok(_) => 0,
            Err(StoreError::TooNew { needed, .. }) => needed,
            Err(error) => return Err(sqlx::Error::Io(io::Error::other(error))),
        };
        self.needed.store(needed, Ordering::Release);
        Ok(())
    }

    /// # Errors
    /// [`StoreError::TooNew`], if the tables don't let this program in any more.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let known = migrate::NEWEST;
        match self.needed.load(Ordering::Acquire) {
            0 => Ok(()),
            needed => Err(StoreError::TooNew { needed, known }),
        }
    }
}

/// So many connections at most, each set up by these statements.
pub(super) fn pool(connections: u32, settings: &'static str, let_in: &LetIn) -> PgPoolOptions {
    let let_in = let_in.clone();
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
            let let_in = let_in.clone();
            Box::pin(async move {
                sqlx::raw_sql(settings).execute(&mut *connection).await?;
                sqlx::raw_sql(STATEMENT_BOUND)
                    .execute(&mut *connection)
                    .await?;
                is_of_use(connection).await?;
                let_in.ask(connection).await
            })
        })
}

/// An answer, or that none came.
pub(super) async fn soon<T>(answer: impl Future<Output = T>) -> Result<T, sqlx::Error> {
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
