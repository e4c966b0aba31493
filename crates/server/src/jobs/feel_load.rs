//! Judging several times a second whether the server gets through what it has to do. Read [`crate::flow`].

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::stopped_at_tick;
use crate::App;
use crate::flow::LOOKED_EVERY;

/// Judges it until told to stop.
pub(crate) async fn keep_feeling(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(LOOKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut due = Instant::now();
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        let now = Instant::now();
        app.feel_load(now.saturating_duration_since(due));
        due = now + LOOKED_EVERY;
    }
}
