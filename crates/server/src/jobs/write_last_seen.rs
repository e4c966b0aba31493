//! Writing when devices were last heard of. Read [`WRITTEN_EVERY`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use super::stopped_at_tick;
use crate::App;

/// It is written so often, and takes up to three seconds each time, so that it keeps nobody waiting: whoever takes it up after a crash knows of each
/// device to within ten seconds.
pub const WRITTEN_EVERY: Duration = Duration::from_secs(5);

/// A round takes some seconds; who waits so long waits for an answer that won't come.
const WRITING_MAX: Duration = Duration::from_secs(60);

/// Writes it until told to stop.
pub(crate) async fn keep_writing(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(WRITTEN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        let written = timeout(WRITING_MAX, app.contacts.write_gently(&*app.store)).await;
        let wrong = match written {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store is silent".to_owned(),
        };
        tracing::warn!(
            error = wrong,
            "last-seen times not written; kept for the next try"
        );
    }
}
