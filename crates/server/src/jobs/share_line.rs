//! Which share of the plan's line this server has, where several send over it. Read [`LineShare`].
//!
//! A share is asked for each second. What was given holds for forty seconds, counted here from before it was asked for: a database that is away for less than
//! that slows no download down. Who couldn't ask for longer sends nothing more of payloads until it can, since others have its share by then; it can't
//! let anybody in without its database anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_store::line_shares::{LineShares, SHARE_HOLDS, WHOLE_PPM};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::lease::holder;
use crate::App;
use crate::data_dir::Lock;
use crate::device_protocol::Line;

/// Who comes has its share after two of these, and that of one that has left is used after one.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// An answer that takes longer is of no use: it is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What this server has of the line.
#[derive(Debug)]
pub(crate) struct LineShare {
    server: String,
    ppm: AtomicU32,
    /// Until when it holds; none before there was one. Locked while it is asked for.
    until: Mutex<Option<Instant>>,
}

impl LineShare {
    /// Of the server whose folder's lock this is, if it has one. It has none of the line yet.
    pub fn of(lock: Option<&Lock>) -> Self {
        Self {
            server: holder(lock),
            ppm: AtomicU32::new(0),
            until: Mutex::new(None),
        }
    }

    /// In millionths.
    pub fn ppm(&self) -> u32 {
        self.ppm.load(Ordering::Relaxed)
    }

    /// Asks for a share, and lets `line` go by it. Less than before is gone by first, and told then.
    pub async fn ask<S: LineShares + ?Sized>(&self, store: &S, line: &Line) {
        let mut until = self.until.lock().await;
        loop {
            let (uses_ppm, asked) = (self.ppm(), Instant::now());
            // What is gone by ends when it ends, whether or not an answer is still waited for.
            let longest = match (uses_ppm, *until) {
                (0, _) | (_, None) => ANSWER_MAX,
                (_, Some(until)) => until.saturating_duration_since(asked).min(ANSWER_MAX),
            };
            let told = timeout(longest, store.share_line(&self.server, uses_ppm)).await;
            let because = match told {
                Ok(Ok(share_ppm)) => {
                    *until = Some(asked + SHARE_HOLDS);
                    self.go_by(share_ppm, line);
                    match share_ppm < uses_ppm {
                        true => continue,
                        false => return,
                    }
                }
                Ok(Err(error)) => error.to_string(),
                Err(silence) => silence.to_string(),
            };
            let is_over = until.is_none_or(|until| Instant::now() >= until);
            if is_over {
                if uses_ppm > 0 {
                    tracing::warn!(because, "no share of the line any more: downloads wait");
                }
                self.go_by(0, line);
            }
            return;
        }
    }

    fn go_by(&self, share_ppm: u32, line: &Line) {
        line.share(share_ppm);
        let before = self.ppm.swap(share_ppm, Ordering::Relaxed);
        // Who is alone on its store has nothing to tell.
        let is_part = |ppm: u32| ppm > 0 && ppm < WHOLE_PPM;
        if before != share_ppm && (is_part(before) || is_part(share_ppm)) {
            tracing::info!(share_ppm, "share of the line");
        }
    }

    /// Gives it back, so that others have it at once. Failing costs them the rest of a minute.
    pub async fn give_back<S: LineShares + ?Sized>(&self, store: &S, line: &Line) {
        self.go_by(0, line);
        let left = timeout(ANSWER_MAX / 2, store.leave_line(&self.server)).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::warn!("share of the line not given back");
        }
    }
}

/// Asks for it for ever: a server that was told to stop still sends what it has begun.
pub(crate) async fn keep_asking(app: Arc<App>) {
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.line_share.ask(&*app.store, &app.line).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Held;

    use async_trait::async_trait;
    use mainstay_store::StoreError;
    use tokio::time::advance;

    use super::*;

    const RATE: u64 = 1_000_000;

    /// Answers as it is told to, then never, and notes what it was asked.
    #[derive(Default)]
    struct Told {
        answers: Held<Vec<Result<u32, ()>>>,
        asked: Held<Vec<u32>>,
    }

    #[async_trait]
    impl LineShares for Told {
        async fn share_line(&self, _: &str, uses_ppm: u32) -> Result<u32, StoreError> {
            self.asked.lock().unwrap().push(uses_ppm);
            let next = {
                let mut answers = self.answers.lock().unwrap();
                (!answers.is_empty()).then(|| answers.remove(0))
            };
            match next {
                Some(answer) => answer.map_err(|()| StoreError::Busy),
                None => std::future::pending().await,
            }
        }

        async fn leave_line(&self, _: &str) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn line() -> Line {
        let line = Line::default();
        line.follow(RATE);
        line
    }

    #[tokio::test(start_paused = true)]
    async fn less_is_gone_by_before_it_is_told() {
        let (share, line, told) = (LineShare::of(None), line(), Told::default());
        let answers = [
            Ok(1_000_000),
            Ok(500_000),
            Ok(500_000),
            Ok(333_333),
            Ok(333_333),
        ];
        *told.answers.lock().unwrap() = answers.into();
        share.ask(&told, &line).await;
        assert_eq!((share.ppm(), line.rate()), (1_000_000, Some(RATE)));
        share.ask(&told, &line).await;
        assert_eq!((share.ppm(), line.rate()), (500_000, Some(RATE / 2)));
        share.ask(&told, &line).await;
        assert_eq!((share.ppm(), line.rate()), (333_333, Some(333_333)));
        let asked = told.asked.lock().unwrap().clone();
        assert_eq!(asked, [0, 1_000_000, 500_000, 500_000, 333_333]);
        share.give_back(&told, &line).await;
        assert_eq!((share.ppm(), line.rate()), (0, Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_not_ask_keeps_its_share_for_a_while() {
        let (share, line, told) = (LineShare::of(None), line(), Told::default());
        *told.answers.lock().unwrap() = vec![Ok(500_000), Err(()), Err(()), Ok(250_000)];
        share.ask(&told, &line).await;
        advance(SHARE_HOLDS - ASKED_EVERY).await;
        share.ask(&told, &line).await;
        assert_eq!(line.rate(), Some(RATE / 2));
        advance(ASKED_EVERY).await;
        share.ask(&told, &line).await;
        assert_eq!(line.rate(), Some(1), "others have it by now");
        share.ask(&told, &line).await;
        assert_eq!(line.rate(), Some(RATE / 4));
    }

    /// A database that says nothing makes nobody go by a share that others have by then.
    #[tokio::test(start_paused = true)]
    async fn a_share_ends_while_an_answer_is_waited_for() {
        let (share, line, told) = (LineShare::of(None), line(), Told::default());
        *told.answers.lock().unwrap() = vec![Ok(500_000)];
        let began = Instant::now();
        share.ask(&told, &line).await;
        advance(SHARE_HOLDS - ASKED_EVERY).await;
        share.ask(&told, &line).await;
        assert_eq!(line.rate(), Some(1));
        let ended = began.elapsed();
        let expected = SHARE_HOLDS..SHARE_HOLDS + ASKED_EVERY;
        assert!(expected.contains(&ended), "{ended:?}");
        *told.answers.lock().unwrap() = vec![Ok(250_000)];
        share.ask(&told, &line).await;
        assert_eq!(line.rate(), Some(RATE / 4));
    }
}
