//! Who is in which wave, read where the server keeps it: the API tells of a device which wave it is in, and not the other way round. Read
//! [`Members`].

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use crate::ours;

/// The devices of one rollout.
pub struct Members {
    database: PathBuf,
    rollout: i64,
}

impl Members {
    /// Of this rollout, of the server in this folder.
    pub fn of(folder: &Path, rollout: i64) -> Self {
        Self {
            database: ours::data(folder).database(),
            rollout,
        }
    }

    /// The numbers of those in a wave, in the order of their registration.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn of_wave(&self, wave: usize) -> anyhow::Result<Vec<u32>> {
        let file = SqliteConnectOptions::new()
            .filename(&self.database)
            .read_only(true);
        let mut database = SqliteConnection::connect_with(&file).await?;
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT d.id FROM enrolments AS e JOIN devices AS d ON d.key = e.device
             WHERE e.rollout = ?1 AND e.wave = ?2 ORDER BY e.device",
        )
        .bind(self.rollout)
        .bind(i64::try_from(wave)?)
        .fetch_all(&mut database)
        .await?;
        database.close().await?;
        let number = |(name,): (String,)| -> anyhow::Result<u32> {
            let digits = name.rsplit('-').next().context("a name with a number")?;
            Ok(digits.parse()?)
        };
        rows.into_iter().map(number).collect()
    }
}
