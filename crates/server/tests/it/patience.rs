//! Waiting for something to be true, and no longer than that. Read [`until`].

use std::time::Duration;

/// How often one looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Far longer than anything here takes on a slow machine; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(180);

/// Waits until it is so, by the wall's clock: what a server does behind its callers' backs knows no other.
///
/// # Panics
/// If it never is; `what` says what was waited for.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, waiting).await;
    assert!(waited.is_ok(), "waited {LIMIT:?} in vain: {what}");
}
