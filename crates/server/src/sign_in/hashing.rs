//! Hashes of passwords, few at once: they are made to be slow, and anybody may ask for one.
//!
//! Whoever finds the line full is told so at once and may come again; a poll of a device never stands in it. Read [`Hashing`].

use std::sync::Arc;

use mainstay_access::password_hash::SALT_BYTES;
use mainstay_access::{Password, PasswordHash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::entropy::Entropy;
use crate::problem::Refused;

/// Hashes that are computed at one moment: 38 MiB, and two processors at most.
pub const AT_WORK_MAX: usize = 2;
/// Hashes that are computed or waited for at one moment: the last one waits for some 160 ms.
pub const IN_LINE_MAX: usize = 16;
/// Those of them that nobody takes who is a stranger where they are: who guesses from a thousand addresses keeps other strangers
/// out, and no owner who signs in from where they did before.
pub const FOR_THE_KNOWN: usize = 4;

/// The place where all hashes of passwords are computed; a server has one.
#[derive(Debug, Clone)]
pub struct Hashing {
    line: Arc<Semaphore>,
    for_the_known: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
}

/// A place in the line, which is left when it goes.
#[derive(Debug)]
pub struct Place {
    _held: OwnedSemaphorePermit,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            line: Arc::new(Semaphore::new(IN_LINE_MAX - FOR_THE_KNOWN)),
            for_the_known: Arc::new(Semaphore::new(FOR_THE_KNOWN)),
            at_work: Arc::new(Semaphore::new(AT_WORK_MAX)),
        }
    }
}

impl Hashing {
    /// A place for somebody; `is_known` is somebody who is signed in, has a link, or has signed in from where they are
    /// ([`SignInAttempts::knows`](mainstay_access::SignInAttempts::knows)). It is taken before the attempt begins to count: who
    /// finds the line full has tried nothing.
    ///
    /// # Errors
    /// `server.busy` when the line is full.
    pub fn place(&self, is_known: bool) -> Result<Place, Refused> {
        let anybodys = self.line.clone().try_acquire_owned();
        let place = anybodys.or_else(|full| {
            if is_known {
                self.for_the_known.clone().try_acquire_owned()
            } else {
                Err(full)
            }
        });
        let place = place.map_err(|_full| Refused::busy())?;
        Ok(Place { _held: place })
    }

    /// The hash of a password that somebody chose, with a salt of its own.
    ///
    /// # Errors
    /// `server.internal` if the computing broke off.
    pub async fn of(
        &self,
        place: Place,
        password: Password,
        entropy: &dyn Entropy,
    ) -> Result<PasswordHash, Refused> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        self.in_turn(place, move || PasswordHash::compute(&password, salt))
            .await
    }

    /// Whether a password is the one whose hash is kept; without one it is nobody's, which takes as long to say.
    ///
    /// # Errors
    /// `server.internal` if the computing broke off.
    pub async fn is_right(
        &self,
        place: Place,
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
        self.in_turn(place, compare).await
    }

    /// Does `work` on a thread of its own when its turn has come. Place and turn are given back when it is done, also if the
    /// caller has left by then: otherwise those who hang up at once would have any number at work.
    async fn in_turn<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
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

    fn place(hashing: &Hashing) -> Place {
        hashing.place(true).expect("there is room")
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let (hashing, entropy) = (Hashing::default(), SeededEntropy::new(1));
        let chosen = || password("glacier turnip bicycle");
        let kept = hashing
            .of(place(&hashing), chosen(), &entropy)
            .await
            .unwrap();
        let other = hashing
            .of(place(&hashing), chosen(), &entropy)
            .await
            .unwrap();
        assert_ne!(kept, other, "each has a salt of its own");
        for (typed, kept, right) in [
            ("glacier turnip bicycle", Some(kept.clone()), true),
            ("glacier turnip bicycle", Some(other), true),
            ("glacier turnip bicyclE", Some(kept), false),
            ("glacier turnip bicycle", None, false),
        ] {
            let found = hashing
                .is_right(place(&hashing), password(typed), kept)
                .await;
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
                let full = match hashing.place(true) {
                    Ok(place) => {
                        let worker = seen.clone();
                        hashing.in_turn(place, move || worker.work()).await.unwrap();
                        return;
                    }
                    Err(full) => full,
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
            hashing.in_turn(place(&hashing), || 7).await,
            Ok(7),
            "the line is empty again"
        );
    }

    /// Strangers take all that they get, again and again: who is known comes in all the same.
    #[test]
    fn strangers_leave_places_for_the_known() {
        let hashing = Hashing::default();
        let mut places: Vec<Place> = (0..100).map_while(|_| hashing.place(false).ok()).collect();
        assert_eq!(places.len(), IN_LINE_MAX - FOR_THE_KNOWN);
        assert_eq!(hashing.place(false).unwrap_err().id(), "server.busy");
        places.extend((0..100).map_while(|_| hashing.place(true).ok()));
        assert_eq!(places.len(), IN_LINE_MAX);
        assert_eq!(hashing.place(true).unwrap_err().id(), "server.busy");
        drop(places);
        assert!(hashing.place(false).is_ok());
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
                hashing.in_turn(place(&hashing), work).await
            }
        });
        tokio::task::block_in_place(|| begins.recv()).unwrap();
        left.abort();
        assert!(left.await.unwrap_err().is_cancelled());
        assert_eq!(hashing.at_work.available_permits(), AT_WORK_MAX - 1);
        let in_line = IN_LINE_MAX - FOR_THE_KNOWN;
        assert_eq!(hashing.line.available_permits(), in_line - 1);
        finish.send(()).unwrap();
        let is_back = async {
            while hashing.line.available_permits() < in_line {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), is_back).await;
        waited.expect("its place comes back");
        assert_eq!(hashing.at_work.available_permits(), AT_WORK_MAX);
    }
}
