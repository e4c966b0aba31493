//! Tries that take long, hang, or lose whoever asked for them.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::VirtualClock;

/// A readiness with a clock that goes with tokio's, and a count of tries.
struct Place {
    readiness: Readiness,
    clock: VirtualClock,
    begun: Arc<AtomicU32>,
}

impl Place {
    fn new() -> Self {
        Self {
            readiness: Readiness::default(),
            clock: VirtualClock::new(Timestamp::UNIX_EPOCH),
            begun: Arc::default(),
        }
    }

    /// Asks; a try, if one begins, takes so long and finds this. The id that is told, and how long that took.
    async fn ask(
        &self,
        takes: Option<Duration>,
        finds: Result<(), StoreError>,
    ) -> (Option<&'static str>, Duration) {
        let (clock, begun) = (self.clock.clone(), self.begun.clone());
        let attempt = async move {
            begun.fetch_add(1, Ordering::SeqCst);
            match takes {
                Some(takes) => sleep(takes).await,
                None => pending().await,
            }
            let passed = SignedDuration::try_from(takes.unwrap_or_default()).unwrap();
            clock.set(clock.now() + passed);
            finds
        };
        let before = Instant::now();
        let clock = Arc::new(self.clock.clone());
        let told = self.readiness.ask(clock, attempt).await;
        (told.map(|failed| failed.id), before.elapsed())
    }

    fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }

    fn later(&self) {
        self.clock.set(self.clock.now() + HOLDS);
    }
}

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_share_one_try_and_its_answer_holds_from_its_end() {
    let place = Place::new();
    let takes = Some(Duration::from_millis(700));
    // The clock goes on by more than an answer holds while the try is under way.
    let hands = async {
        sleep(Duration::from_millis(600)).await;
        place.later();
    };
    let asking = join_all((0..100).map(|_| place.ask(takes, Err(StoreError::Full))));
    let (told, ()) = tokio::join!(asking, hands);
    for (told, took) in told {
        assert_eq!(told, Some("store.full"));
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    assert_eq!(place.ask(takes, Ok(())).await.0, Some("store.full"));
    assert_eq!(place.begun(), 1);
    place.later();
    assert_eq!(place.ask(takes, Ok(())).await.0, None);
    assert_eq!(place.begun(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_try_outlives_whoever_asked_for_it() {
    let place = Place::new();
    let takes = Some(Duration::from_millis(700));
    let hangs_up = timeout(
        Duration::from_millis(100),
        place.ask(takes, Err(StoreError::ReadOnly)),
    );
    assert!(hangs_up.await.is_err());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(place.ask(AT_ONCE, Ok(())).await.0, Some("store.read-only"));
    assert_eq!(place.begun(), 1, "what it found holds");
}

#[tokio::test(start_paused = true)]
async fn a_long_write_turns_no_server_off() {
    let place = Place::new();
    assert_eq!(place.ask(AT_ONCE, Ok(())).await.0, None);
    place.later();
    for _ in 0..10 {
        let (told, took) = place.ask(seconds(25), Ok(())).await;
        assert_eq!(told, None, "as the last try found");
        assert!(took < Duration::from_secs(1), "{took:?}");
        sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(place.begun(), 2, "one is under way");
    sleep(Duration::from_secs(10)).await;
    place.later();
    assert_eq!(
        place.ask(AT_ONCE, Err(StoreError::Full)).await.0,
        Some("store.full"),
        "what is known for sure counts at once"
    );
    place.later();
    let (told, _) = place.ask(seconds(25), Ok(())).await;
    assert_eq!(told, Some("store.full"), "and until a try has ended well");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_turns_it_off_in_the_end_and_holds_one_try() {
    let place = Place::new();
    assert_eq!(place.ask(AT_ONCE, Ok(())).await.0, None);
    place.later();
    let (told, _) = place.ask(seconds(3600), Ok(())).await;
    assert_eq!(told, None);
    sleep(PATIENCE).await;
    for _ in 0..100 {
        place.later();
        let (told, took) = place.ask(None, Ok(())).await;
        assert_eq!(told, Some("store.busy"));
        assert_eq!(took, Duration::ZERO, "nobody waits for it any more");
    }
    assert_eq!(place.begun(), 2);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(place.ask(None, Ok(())).await.0, None, "it answered");
    assert_eq!(place.begun(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_wrote_is_not_ready() {
    let place = Place::new();
    let (told, took) = place.ask(None, Ok(())).await;
    assert_eq!(told, Some("store.busy"));
    assert!(took < Duration::from_secs(1), "{took:?}");
}
