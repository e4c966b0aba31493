//! What a server that was set back must not go on with, and what it must not forget. Read [`settle`].
//!
//! It knows nothing of what happened since its backup: who was stopped, who was shut out, which numbers were given away. So it
//! stands still where going on could harm a device, ends what lets somebody in for a while, and gives no number of an order or a rollout a
//! second time. What it can't know, people have to tell it, above all whose account was closed: `docs/backup.md` lists that.
//!
//! | forgotten | what is done here, or elsewhere |
//! |---|---|
//! | a halt, a hold, a pause | every rollout that isn't over is paused, with the reason, whoever paused it before: also for who has begun |
//! | sessions that ended, setup links and join codes that were used, API tokens that were revoked | all of them are ended |
//! | certificates of devices that were revoked | people revoke them again |
//! | devices that were taken from behind a gateway | people take them from there again |
//! | webhooks that were removed, subjects of a provider that were unbound | people remove and unbind them again |
//! | numbers of events | so many are passed over that nobody who remembers one misses what follows |
//! | numbers of orders and rollouts | so many are passed over that none is given twice |
//! | numbers of signed statuses | they are instants: a clock that is right is enough, and one from before the backup is refused |
//! | roots and revocations | a device that knows newer ones believes this server nothing (`device_protocol/papers.rs`) until people hand them in again |

use std::path::Path;

use jiff::Timestamp;
use mainstay_rollout::pause;
use mainstay_store::whole::{self, LeftBehind};
use mainstay_store::{NextStep, Rollouts as _, SqliteStore};
use serde::Serialize;

use super::error::BackupError;
use crate::data_dir::DataDirError;
use crate::founding::chain;

/// Who is told to have paused the rollouts.
pub const PAUSED_BY: &str = "mainstay server restore";

/// What was done so that nothing goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aftermath {
    /// The rollouts that were paused, by their numbers.
    pub paused: Vec<i64>,
    /// What was ended.
    pub ended: LeftBehind,
}

/// Brings the database at `path`, on which no server runs, to where a server may start on it: up to date, and with nothing under way.
/// `root` is the first root of the folder, and must be the database's.
///
/// # Errors
/// If the database can't be read or written, or another fleet's root is beside it.
pub(super) async fn settle(
    path: &Path,
    root: &[u8],
    made: Timestamp,
    now: Timestamp,
) -> Result<Aftermath, BackupError> {
    let store = SqliteStore::open(path).await?;
    let found = chain(&store, root.to_vec()).await;
    store.close().await;
    found.map_err(expect_fleet)?;
    // First, so that what is told of the pauses has numbers that nobody was told of anything else.
    let ended = whole::leave_behind(path, now).await?;
    let store = SqliteStore::open(path).await?;
    let paused = paused(&store, made, now).await;
    store.close().await;
    let paused = paused?;
    Ok(Aftermath { paused, ended })
}

async fn paused(
    store: &SqliteStore,
    made: Timestamp,
    now: Timestamp,
) -> Result<Vec<i64>, BackupError> {
    let mut paused = Vec::new();
    for before in store.active_rollouts(None).await? {
        let Some(after) = pause::anew(&before, PAUSED_BY, &why(made), now) else {
            continue;
        };
        let step = NextStep {
            rollout: &after,
            expected_generation: before.generation,
            actions: &[],
            incidents: &[],
            release: None,
            gives: false,
            at: now,
        };
        store.save_step(&step).await?;
        paused.push(before.id.0);
    }
    Ok(paused)
}

/// Whoever lets a rollout go on reads this.
fn why(made: Timestamp) -> String {
    format!(
        "this server was restored from a backup of {made:.0} and knows nothing of what came after: find out whether the release was \
         halted, held or revoked since, and hand in newer roots and revocations, before it goes on"
    )
}

/// Root and database that don't belong together were put together by somebody.
fn expect_fleet(error: DataDirError) -> BackupError {
    BackupError::Database {
        because: error.to_string(),
        more: 0,
    }
}
