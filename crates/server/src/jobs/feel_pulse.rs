//! Feeling the store's pulse: what other servers, and people through them, changed for devices. Read [`FELT_EVERY`].

use std::sync::Arc;
use std::time::Duration;

use mainstay_store::StoreError;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use super::stopped_at_tick;
use crate::App;
use crate::quiet::Quiet;

/// The pulse is read so often, and a reading may take so long: what another server changed counts here within twice this time. A halt, a
/// hold or a token that is taken away must not wait for longer; ten readings a second of one row are nothing to a database.
pub(crate) const FELT_EVERY: Duration = Duration::from_millis(100);

/// Feels it until told to stop.
pub(crate) async fn keep_feeling(app: Arc<App>, stopped: watch::Receiver<bool>) {
    keep_feeling_by(&app.quiet, || app.feel_pulse(), stopped).await;
}

async fn keep_feeling_by<F>(quiet: &Quiet, feel: impl Fn() -> F, mut stopped: watch::Receiver<bool>)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let _silent_after = SilentAfter(quiet);
    let mut ticks = tokio::time::interval(FELT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_felt = true;
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        let why = match timeout(FELT_EVERY, feel()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_elapsed) => Some("the store took too long".to_owned()),
        };
        if let Some(because) = &why {
            quiet.fall_silent();
            if is_felt {
                tracing::warn!(
                    because,
                    "the store's pulse isn't felt: every device is looked at"
                );
            }
        }
        is_felt = why.is_none();
    }
}

/// Nobody feels the pulse once this is dropped, be it by a panic: what was felt last must not count for ever.
struct SilentAfter<'a>(&'a Quiet);

impl Drop for SilentAfter<'_> {
    fn drop(&mut self) {
        self.0.fall_silent();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::body::Bytes;
    use jiff::{SignedDuration, Timestamp};
    use mainstay_fleet::DeviceId;
    use mainstay_store::SqliteStore;

    use super::*;
    use crate::contacts::Contact;
    use crate::quiet::{Answer, Asked, Found};

    fn remember(quiet: &Quiet, store: &SqliteStore) {
        let asked = Asked::Ddi {
            path: "/DEFAULT/controller/v1/a",
            heads: [None; 4],
        };
        let answer = Answer {
            body: Bytes::new(),
            etag: None,
        };
        let found = Found {
            asked: &asked,
            answer,
            at: Timestamp::UNIX_EPOCH,
            turn: None,
            poll: SignedDuration::from_mins(5),
        };
        let id = DeviceId::new("th-1").expect("a safe name");
        quiet
            .look(store, [7; 32])
            .remember(Arc::new(Contact::new(id)), found);
    }

    /// The memory would go on by a pulse that nobody feels, and devices would hear of no halt for as long as the server runs.
    #[tokio::test]
    async fn if_the_feeling_ends_by_a_panic_nothing_is_said_from_memory() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SqliteStore::create(&folder.path().join("quiet.sqlite")).await;
        let (store, quiet) = (store.expect("a new database"), Arc::new(Quiet::default()));
        quiet.feel(&store).await.expect("readable");
        remember(&quiet, &store);
        let is_known = || quiet.look(&store, [7; 32]).is_known(&store);
        assert!(is_known());
        let (_stop, stopped) = watch::channel(false);
        let feeling = tokio::spawn({
            let (quiet, store) = (quiet.clone(), store.clone());
            async move {
                let tries = AtomicU32::new(0);
                let feel = || {
                    assert!(tries.fetch_add(1, Ordering::SeqCst) < 2, "it breaks");
                    quiet.feel(&store)
                };
                keep_feeling_by(&quiet, feel, stopped).await;
            }
        });
        let ended = feeling.await.expect_err("at the third try");
        assert!(ended.is_panic());
        assert!(!is_known());
    }
}
