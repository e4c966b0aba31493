//! Hearing whether the store says anything at all. Read [`SILENT_AFTER`].
//!
//! A database that refuses, or whose connections break, fails what is asked of it at once. One that is frozen, or whose machine has vanished, doesn't:
//! its connections stay, and each question would be waited for until the operating system gives up, a quarter of an hour or longer. No bound within the
//! database helps against that. So somebody asks all the time, and when nothing is heard for long, all who wait are told to come back
//! ([`crate::guard`]). Their connections are tried then, and given up with what was under way on them: another machine at the same address is
//! found within seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

use super::stopped_at_tick;
use crate::App;

/// A store that has said nothing for so long is silent: two ways of a few bytes take milliseconds, and a database with too much to do still answers
/// within seconds. It is less than a client waits, and than the line for a connection lasts.
pub(crate) const SILENT_AFTER: Duration = Duration::from_secs(10);

/// It is asked so often.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Asks until told to stop.
pub(crate) async fn keep_hearing(app: Arc<App>, stopped: watch::Receiver<bool>) {
    // By two ways: one whose connection is lost, or stands in a line, says nothing of the store.
    let ask = || async {
        tokio::select! {
            _ = app.store.pulse() => {}
            _ = app.store.standing_generation() => {}
        }
    };
    keep_hearing_by(
        |is_silent| app.guard.store_is_silent(is_silent),
        ask,
        stopped,
    )
    .await;
}

async fn keep_hearing_by<F>(
    tell: impl Fn(bool),
    ask: impl Fn() -> F,
    mut stopped: watch::Receiver<bool>,
) where
    F: Future<Output = ()>,
{
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_silent = false;
    while !stopped_at_tick(&mut stopped, &mut ticks).await {
        // That it failed is an answer, too: whoever asks hears the same.
        let is_silent = timeout(SILENT_AFTER, ask()).await.is_err();
        match (was_silent, is_silent) {
            (false, true) => tracing::error!("the store says nothing: nobody waits for it"),
            (true, false) => tracing::info!("the store answers again"),
            _ => {}
        }
        tell(is_silent);
        was_silent = is_silent;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// When it was told what, in seconds, if each question is answered after so many seconds; none is never.
    async fn told(answers: &[Option<u64>]) -> Vec<(u64, bool)> {
        let (stop, stopped) = watch::channel(false);
        let (left, told) = (RefCell::new(answers.iter()), RefCell::default());
        let began = Instant::now();
        let ask = || async {
            let next = left.borrow_mut().next().copied();
            match next {
                Some(Some(seconds)) => sleep(Duration::from_secs(seconds)).await,
                Some(None) => pending().await,
                None => {
                    let _ = stop.send(true);
                }
            }
        };
        let tell = |is_silent| {
            let told: &RefCell<Vec<_>> = &told;
            told.borrow_mut()
                .push((began.elapsed().as_secs(), is_silent));
        };
        keep_hearing_by(tell, ask, stopped).await;
        told.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn ten_seconds_of_nothing_are_silence_and_any_answer_ends_it() {
        assert_eq!(told(&[Some(9)]).await, [(9, false), (9, false)]);
        let found = told(&[Some(0), None, Some(11), Some(2)]).await;
        let silent: Vec<bool> = found.iter().map(|(_, is_silent)| *is_silent).collect();
        assert_eq!(silent, [false, true, true, false, false]);
        assert_eq!(found[1].0, 11, "ten seconds after it was asked");
    }
}
