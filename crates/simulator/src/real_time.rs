//! A crowd in real time, against a server somewhere else: what the tests of a real server use.

use std::time::Duration;

use mainstay_server::{Clock, SystemClock};

use crate::crowd::Crowd;

/// The longest that a crowd sleeps before it looks at the clock again.
const NAP_MAX: Duration = Duration::from_millis(50);

/// Lets the crowd live until `done` says so, or `limit` has passed. Returns whether it was done.
///
/// # Panics
/// If a device panics: a fault of the core that a run must not hide.
pub async fn live(
    crowd: &mut Crowd,
    limit: Duration,
    mut done: impl FnMut(&Crowd) -> bool,
) -> bool {
    let began = SystemClock.now();
    loop {
        let now = SystemClock.now();
        crowd.act_until(now).await;
        if done(crowd) {
            return true;
        }
        if now.duration_since(began).unsigned_abs() > limit {
            return false;
        }
        let next = crowd.next_at().unwrap_or(now).duration_since(now);
        let nap = Duration::try_from(next)
            .unwrap_or(Duration::ZERO)
            .min(NAP_MAX);
        tokio::time::sleep(nap).await;
    }
}
