//! The pulse, in PostgreSQL.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::{PostgresStore, Write};
use crate::pulse::CountsWhenLeft;
use crate::{Pulse, StoreError};

#[async_trait]
impl Pulse for PostgresStore {
    async fn pulse(&self) -> Result<i64, StoreError> {
        let (beat,) = sqlx::query_as("SELECT beat FROM pulse")
            .fetch_one(&mut *self.to_feel_by().await?)
            .await?;
        Ok(beat)
    }

    fn raised_here(&self) -> u64 {
        self.raised.load(Ordering::Acquire)
    }
}

impl PostgresStore {
    /// The connection to feel by. Whoever feels gives up within a tenth of a second, and over a network a new connection takes longer: so it is made
    /// all the same, and a later reading finds it. At most as many wait for it as give up in the time that the line lasts.
    async fn to_feel_by(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let store = self.clone();
        let made = tokio::spawn(async move { store.read_by(&store.feeler).await });
        made.await
            .unwrap_or_else(|error| Err(StoreError::Failed(Box::new(error))))
    }

    /// Commits what could give a device something: the pulse is raised with it, and last, so that nobody who has locked it waits for
    /// anything else.
    pub(super) async fn commit_raised(&self, mut tx: Write) -> Result<(), StoreError> {
        sqlx::query("UPDATE pulse SET beat = beat + 1")
            .execute(&mut *tx)
            .await?;
        let _counted = CountsWhenLeft(&self.raised);
        Ok(tx.commit().await?)
    }
}
