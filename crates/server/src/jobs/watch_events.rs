//! Looking whether something happened, here or at another server, for those who listen here. Read [`LOOKED_EVERY`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use super::stopped_at_tick;
use crate::App;

/// The newest event's number is read so often while anybody listens: one row, and never while nobody does. The pulse doesn't tell it: an
/// incident that is closed gives no device anything.
pub(crate) const LOOKED_EVERY: Duration = Duration::from_millis(250);

/// A reading that takes longer is given up; the next one has another connection.
const READING_MAX: Duration = Duration::from_secs(10);

/// Looks until told to stop, and sends all listeners away then: a server that stops waits for nobody who only listens.
pub(crate) async fn keep_watching(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(LOOKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_read = true;
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        if !app.news.is_listened_to() {
            continue;
        }
        let why = match timeout(READING_MAX, app.store.newest_event()).await {
            Ok(Ok(number)) => {
                app.news.note(number);
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(_elapsed) => Some("the store took too long".to_owned()),
        };
        if let Some(because) = why.as_ref().filter(|_| is_read) {
            tracing::warn!(because, "events aren't read: who listens hears nothing new");
        }
        is_read = why.is_none();
    }
    app.news.end();
}
