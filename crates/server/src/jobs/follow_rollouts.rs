//! What a server must know of rollouts whose steps another server takes: which releases are on hold in each status, and which devices
//! are to be read at their next check-in.
//!
//! It decides nothing and writes nothing of rollouts. Read [`run`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_rollout::Rollout;
use mainstay_rollout::readings::wants;
use mainstay_store::{StoreError, UnderWatch};

use super::advance_rollouts;
use super::look::at_fleet;
use crate::App;
use crate::readings::{self, Watch};

/// Looks at every rollout, and at the devices of those that compare some.
///
/// # Errors
/// The first failure of the store, after all else was looked at.
pub(super) async fn run(app: &App, now: Timestamp) -> Result<(), StoreError> {
    let UnderWatch { rollouts, unread } = advance_rollouts::under_watch(app).await?;
    let mut failed = unread;
    // Whether there is room is asked of the store again at the next promise: it counts the places over all servers.
    app.memory.count_anew(BTreeMap::new());
    let mut watches = Vec::new();
    for rollout in rollouts.iter().filter(|rollout| wants(rollout)) {
        match look(app, rollout, now).await {
            Ok(wanted) => watches.extend(wanted),
            Err(error) => {
                tracing::error!(rollout = %rollout.id, id = error.id(), %error, "rollout not looked at");
                failed = failed.or(Some(error));
            }
        }
    }
    app.watched.watch_anew(watches);
    failed.map_or(Ok(()), Err)
}

async fn look(app: &App, rollout: &Rollout, now: Timestamp) -> Result<Vec<Watch>, StoreError> {
    let fleet = app.store.fleet_view(rollout.id).await?;
    let rollout = rollout.clone();
    at_fleet(app, fleet, move |fleet| {
        readings::watches(&rollout, fleet, now)
    })
    .await
}
