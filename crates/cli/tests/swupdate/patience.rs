//! Waiting for something to be true, and no longer than that.

use std::time::Duration;

/// How often one looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Far longer than anything here takes on a slow machine; a story that gets here has failed.
const LIMIT: Duration = Duration::from_secs(90);

/// Waits until it is so.
///
/// # Panics
/// If it never is; `what` says what was waited for.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..looks(LIMIT) {
        if is_so().await {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("waited {LIMIT:?} in vain: {what}");
}

/// Whether it is so within `limit`, for those who can't wait asleep.
pub fn is_within(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    (0..looks(limit)).any(|_| {
        let so = is_so();
        if !so {
            std::thread::sleep(LOOK_EVERY);
        }
        so
    })
}

fn looks(limit: Duration) -> u128 {
    limit.as_millis() / LOOK_EVERY.as_millis()
}
