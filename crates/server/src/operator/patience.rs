//! Work that takes seconds, on a thread of its own, for as long as somebody waits for it. Read [`worked_out`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::problem::Refused;

/// Tells the work to stop when whoever waits for it has left.
struct StopsWhenLeft(Arc<AtomicBool>);

impl Drop for StopsWhenLeft {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What `work` comes to. It is told to stop after `longest`, and when the caller waits no more: the connection was closed,
/// or the server ends. It must look at what it is handed every few milliseconds.
///
/// # Errors
/// `server.failed` if it panics.
pub(super) async fn worked_out<T: Send + 'static>(
    longest: Duration,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, Refused> {
    let stop = Arc::new(AtomicBool::new(false));
    let _left = StopsWhenLeft(stop.clone());
    let told = stop.clone();
    let mut working = tokio::task::spawn_blocking(move || work(&told));
    let worked = match tokio::time::timeout(longest, &mut working).await {
        Ok(worked) => worked,
        Err(_too_long) => {
            stop.store(true, Ordering::Relaxed);
            working.await
        }
    };
    worked.map_err(|error| Refused::internal(&error))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    fn until_told(stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_stops() {
        let (ends, ended) = oneshot::channel();
        let working = worked_out(LONG, move |stop| {
            until_told(stop);
            ends.send(())
        });
        let left = tokio::time::timeout(SHORT, working).await;
        assert!(left.is_err(), "it goes on until it is told to stop");
        let ended = tokio::time::timeout(LONG, ended).await;
        assert_eq!(ended, Ok(Ok(())));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_tells_what_it_has() {
        let worked = worked_out(SHORT, |stop| {
            until_told(stop);
            7
        });
        assert_eq!(worked.await, Ok(7));
    }
}
