//! Who else of ours is connected to the database. Read [`expect_none`].

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

use super::migrate::MIGRATING;
use crate::StoreError;

/// A connection that was closed is gone within moments; so often it is looked again, and so long after the look before.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// That no other program of ours works with this database. The backends in `own` are this program's too; and whoever waits until steps
/// are taken has done nothing yet.
///
/// # Errors
/// [`StoreError::InUse`], if one does.
pub(crate) async fn expect_none(
    connection: &mut PgConnection,
    own: &[i32],
) -> Result<(), StoreError> {
    for _ in 1..LOOKS {
        if count(connection, own).await? == 0 {
            return Ok(());
        }
        sleep(BETWEEN_LOOKS).await;
    }
    match count(connection, own).await? {
        0 => Ok(()),
        connections => Err(StoreError::InUse { connections }),
    }
}

async fn count(connection: &mut PgConnection, own: &[i32]) -> Result<i64, StoreError> {
    // Within a transaction PostgreSQL answers once more what it has answered before.
    sqlx::query("SELECT pg_stat_clear_snapshot()")
        .execute(&mut *connection)
        .await?;
    let others = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity AS other WHERE datname = current_database()
         AND application_name = 'mainstay' AND pid <> pg_backend_pid() AND pid <> ALL ($1)
         AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE pg_locks.pid = other.pid AND locktype = 'advisory'
           AND NOT granted AND classid::bigint = 0 AND objid::bigint = $2 AND objsubid = 1)",
    );
    Ok(others
        .bind(own)
        .bind(MIGRATING)
        .fetch_one(connection)
        .await?)
}

/// By which PostgreSQL knows this connection.
pub(crate) async fn backend(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let own = sqlx::query_scalar("SELECT pg_backend_pid()");
    Ok(own.fetch_one(connection).await?)
}
