//! The pulse, in PostgreSQL.

use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::{PostgresStore, Write};
use crate::pulse::CountsWhenLeft;
use crate::{Pulse, StoreError};

#[async_trait]
impl Pulse for PostgresStore {
    async fn pulse(&self) -> Result<i64, StoreError> {
        let (beat,) = sqlx::query_as("SELECT beat FROM pulse")
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(beat)
    }

    fn raised_here(&self) -> u64 {
        self.raised.load(Ordering::Acquire)
    }
}

impl PostgresStore {
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
