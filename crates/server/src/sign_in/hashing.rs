//! Hashes of passwords, few at once: they are made to be slow, and anybody may ask for one.
//!
//! Whoever finds the line full is told so at once and may come again; a poll of a device never stands in it. Read [`Hashing`].

use std::sync::Arc;

use mainstay_access::password_hash::SALT_BYTES;
use mainstay_access::{Password, PasswordHash};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::entropy::Entropy;
use crate::problem::Refused;

/// Hashes that are computed at one moment: 38 MiB, and two processors at most.
pub const AT_WORK_MAX: usize = 2;
/// Hashes that are computed or waited for at one moment: the last one waits for some 160 ms.
pub const IN_LINE_MAX: usize = 16;

/// The place where all hashes of passwords are computed; a server has one.
#[derive(Debug, Clone)]
pub struct Hashing {
    line: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            line: Arc::new(Semaphore::new(IN_LINE_MAX)),
            at_work: Arc::new(Semaphore::new(AT_WORK_MAX)),
        }
    }
}

impl Hashing {
    /// The hash of a password that somebody chose, with a salt of its own.
    ///
    /// # Errors
    /// `server.busy` when the line is full.
    pub async fn of(
        &self,
        password: Password,
        entropy: &dyn Entropy,
    ) -> Result<PasswordHash, Refused> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        self.in_turn(move || PasswordHash::compute(&password, salt))
            .await
    }

    /// Whether a password is the one whose hash is kept; without one it is nobody's, which takes as long to say.
    ///
    /// # Errors
    /// `server.busy` when the line is full.
    pub async fn is_right(
        &self,
        password: Password,
        kept: Option<PasswordHash>,
    ) -> Result<bool, Refused> {
        let compare = move || match kept {
            Some(kept) => kept.is_of(&password),
            None => {
                PasswordHash::of_nobody(&password);
                false
            }
        };
        self.in_turn(compare).await
    }

    /// Does `work` on a thread of its own when its turn has come. Place and turn are given back when it is done, also if the
    /// caller has left by then: otherwise those who hang up at once would have any number at work.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let place = self.line.clone().try_acquire_owned();
        let place = place.map_err(|_full| Refused::busy())?;
        let turn = self.at_work.clone().acquire_owned().await;
        let turn = turn.expect("nothing closes this semaphore");
        let done = spawn_blocking(move || {
            let result = work();
            drop((turn, place));
            result
        });
        done.await.map_err(|error| Refused::internal(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use axum::http::StatusCode;

    use super::*;
    use crate::entropy::SeededEntropy;

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned()).expect("short enough")
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let (hashing, entropy) = (Hashing::default(), SeededEntropy::new(1));
        let chosen = || password("glacier turnip bicycle");
        let kept = hashing.of(chosen(), &entropy).await.unwrap();
        let other = hashing.of(chosen(), &entropy).await.unwrap();
        assert_ne!(kept, other, "each has a salt of its own");
        for (typed, kept, right) in [
            ("glacier turnip bicycle", Some(kept.clone()), true),
            ("glacier turnip bicycle", Some(other), true),
            ("glacier turnip bicyclE", Some(kept), false),
            ("glacier turnip bicycle", None, false),
        ] {
            let found = hashing.is_right(password(typed), kept).await;
            assert_eq!(found, Ok(right), "{typed}");
        }
    }

    #[derive(Default)]
    struct Seen {
        at_work: AtomicUsize,
        most: AtomicUsize,
        refused: AtomicUsize,
    }

    impl Seen {
        /// Work that takes until all places are taken and whoever has none was told; some ten seconds at most.
        fn work(&self) {
            let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            for _ in 0..10_000 {
                let all_told = self.refused.load(Ordering::SeqCst) >= IN_LINE_MAX;
                if all_told && self.most.load(Ordering::SeqCst) >= AT_WORK_MAX {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            self.at_work.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Sixteen who guess, twice over: two are computed at a time, sixteen stand in line, and the others are told to come again.
    #[tokio::test(flavor = "multi_thread")]
    async fn few_at_once_and_a_line_with_an_end() {
        let (hashing, seen) = (Hashing::default(), Arc::new(Seen::default()));
        let guesses = (0..2 * IN_LINE_MAX).map(|_| {
            let (hashing, seen) = (hashing.clone(), seen.clone());
            tokio::spawn(async move {
                let worker = seen.clone();
                let Err(full) = hashing.in_turn(move || worker.work()).await else {
                    return;
                };
                assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(full.id(), "server.busy");
                seen.refused.fetch_add(1, Ordering::SeqCst);
            })
        });
        for guess in guesses.collect::<Vec<_>>() {
            guess.await.unwrap();
        }
        assert_eq!(seen.most.load(Ordering::SeqCst), AT_WORK_MAX);
        assert_eq!(seen.refused.load(Ordering::SeqCst), IN_LINE_MAX);
        assert_eq!(
            hashing.in_turn(|| 7).await,
            Ok(7),
            "the line is empty again"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_hangs_up_leaves_the_place_only_when_the_work_is_done() {
        let hashing = Hashing::default();
        let (begun, begins) = mpsc::channel();
        let (finish, finishes) = mpsc::channel::<()>();
        let left = tokio::spawn({
            let hashing = hashing.clone();
            async move {
                let work = move || {
                    begun.send(()).unwrap();
                    finishes.recv()
                };
                hashing.in_turn(work).await
            }
        });
        tokio::task::block_in_place(|| begins.recv()).unwrap();
        left.abort();
        assert!(left.await.unwrap_err().is_cancelled());
        assert_eq!(hashing.at_work.available_permits(), AT_WORK_MAX - 1);
        assert_eq!(hashing.line.available_permits(), IN_LINE_MAX - 1);
        finish.send(()).unwrap();
        while hashing.line.available_permits() < IN_LINE_MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(hashing.at_work.available_permits(), AT_WORK_MAX);
    }
}
