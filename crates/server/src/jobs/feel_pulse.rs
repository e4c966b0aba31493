//! Feeling the store's pulse: what other servers, and people through them, changed for devices. Read [`FELT_EVERY`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use super::stopped_at_tick;
use crate::App;

/// The pulse is read so often, and a reading may take so long: what another server changed counts here within twice this time. A halt, a
/// hold or a token that is taken away must not wait for longer; ten readings a second of one row are nothing to a database.
pub(crate) const FELT_EVERY: Duration = Duration::from_millis(100);

/// Feels it until told to stop.
pub(crate) async fn keep_feeling(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(FELT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_felt = true;
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        let why = match timeout(FELT_EVERY, app.feel_pulse()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_elapsed) => Some("the store took too long".to_owned()),
        };
        if let Some(because) = &why {
            app.quiet.fall_silent();
            if is_felt {
                tracing::warn!(
                    because,
                    "the store's pulse isn't felt: every device is looked at"
                );
            }
        }
        is_felt = why.is_none();
    }
    app.quiet.fall_silent();
}
