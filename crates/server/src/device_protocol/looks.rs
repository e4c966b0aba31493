//! How many downloads under way ask at one moment whether they may go on, when each is due, and what became of that. Read [`Looks`].
//!
//! Nobody waits here for a place but those who may not go on without one, and they wait in a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_report::flow::{Downloads, Looked};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::flow::{PLACES_MIN, spread};

/// Looks that ask at one moment: as many as downloads may begin at one moment where the fewest places are left, a quarter of them. A store is read over
/// four connections, in turn; so a poll has sixteen small reads before it at most, four milliseconds of a store that is well. Fewer would be asked about too
/// seldom where a line stands before the store: sixteen that take half a second each are still 32 a second.
pub(super) const LOOKS_MAX: usize = PLACES_MIN / 4;

/// It is asked again this often at least, as long as there are places: that a certificate is revoked or over ends nothing else, so nobody is told of it.
const ANYWAY_MS: u32 = 10_000;

/// And so much earlier at most, each by another part: downloads that began together, as after a restart, don't ask together for ever.
const ANYWAY_SPREAD_MS: u32 = 2_000;

/// After a decision one more download is looked at after so many milliseconds, in no order: 200 a second, which a store that is well bears beside its polls.
const APART_MS: u32 = 5;

/// But all of them have been due after this: a thousand downloads are spread, and what is left of more is put off.
const SPREAD_MAX_MS: u32 = 5_000;

/// Who found no place tries again after this, and as long again by its part: soon enough that a place that gets free is taken.
const PUT_OFF_MS: u32 = 150;

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It goes on.
    LetIn,
    /// It is broken off.
    BrokenOff,
    /// The store said nothing, or not in time.
    Unanswered,
    /// There was no place; it goes on for the moment.
    PutOff,
    /// It went on for too long without an answer, and waits for one.
    Held,
}

impl Became {
    const ALL: [Self; 5] = [
        Self::LetIn,
        Self::BrokenOff,
        Self::Unanswered,
        Self::PutOff,
        Self::Held,
    ];

    /// As monitoring systems are told it.
    fn name(self) -> &'static str {
        match self {
            Self::LetIn => "let-in",
            Self::BrokenOff => "broken-off",
            Self::Unanswered => "unanswered",
            Self::PutOff => "put-off",
            Self::Held => "held",
        }
    }
}

/// The places of one server, and what was counted.
#[derive(Debug)]
pub(crate) struct Looks {
    places: Arc<Semaphore>,
    under_way: AtomicU32,
    became: [AtomicU64; Became::ALL.len()],
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LOOKS_MAX)),
            under_way: AtomicU32::default(),
            became: Default::default(),
        }
    }
}

/// One download, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Looks>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UnderWay {
    /// One more.
    pub fn among(looks: Arc<Looks>) -> Self {
        looks.under_way.fetch_add(1, Ordering::Relaxed);
        Self(looks)
    }

    /// A place for one look, if there is one now. None is while somebody stands in the row.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.places.clone().try_acquire_owned().ok()
    }

    /// A place for one look, as soon as there is one and whoever came before has had theirs.
    /// To be waited for by a task of its own: a turn that comes to who isn't listening would be nobody's.
    pub fn place_in_turn(&self) -> impl Future<Output = OwnedSemaphorePermit> + Send + use<> {
        let turn = self.0.places.clone().acquire_owned();
        async move { turn.await.expect("nobody closes it") }
    }

    /// One more of which that became.
    pub fn count(&self, became: Became) {
        self.0.became[became as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How long after a decision this one is due: at once if it is alone, later by its part among many.
    pub fn after_decision(&self) -> Duration {
        let others = self.0.under_way.load(Ordering::Relaxed).saturating_sub(1);
        let within = others.saturating_mul(APART_MS).min(SPREAD_MAX_MS);
        Duration::from_millis(spread(within).into())
    }
}

impl Looks {
    /// How it stands, for monitoring systems.
    pub fn figures(&self) -> Downloads {
        let looks = Became::ALL.map(|became| Looked {
            became: became.name(),
            times: self.became[became as usize].load(Ordering::Relaxed),
        });
        Downloads {
            under_way: self.under_way.load(Ordering::Relaxed).into(),
            looks: looks.into(),
        }
    }
}

/// How long it is until a download is looked at although nothing is decided.
pub(super) fn anyway() -> Duration {
    Duration::from_millis((ANYWAY_MS - spread(ANYWAY_SPREAD_MS)).into())
}

/// How long it is until one that found no place tries again.
pub(super) fn put_off() -> Duration {
    Duration::from_millis((PUT_OFF_MS + spread(PUT_OFF_MS)).into())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    /// The first and the last of a thousand draws, in milliseconds.
    fn ends(draw: impl Fn() -> Duration) -> (u128, u128) {
        let drawn: Vec<_> = (0..1000).map(|_| draw().as_millis()).collect();
        let ends = drawn.iter().min().zip(drawn.iter().max());
        ends.map(|(least, most)| (*least, *most)).unwrap()
    }

    /// The draws come from one row with those of other tests, so the ends are only nearly reached.
    #[test]
    fn the_more_are_under_way_the_wider_they_are_spread_up_to_some_seconds() {
        let looks = Arc::<Looks>::default();
        for (under_way, within_ms) in [(1, 0), (201, 1000), (1001, 5000), (4000, 5000)] {
            let all: Vec<_> = (0..under_way)
                .map(|_| UnderWay::among(looks.clone()))
                .collect();
            let (least, most) = ends(|| all[0].after_decision());
            assert!(least <= within_ms / 10, "{under_way}: {least}");
            assert!(most <= within_ms && most >= within_ms / 10 * 9, "{most}");
        }
        assert_eq!(looks.figures().under_way, 0);
    }

    #[test]
    fn without_a_decision_it_is_due_within_ten_seconds_each_at_another_moment() {
        let (least, most) = ends(anyway);
        assert!((8_000..8_200).contains(&least), "{least}");
        assert!((9_800..=10_000).contains(&most), "{most}");
        let (least, most) = ends(put_off);
        assert!(least >= 150 && most < 300, "{least} {most}");
    }

    #[tokio::test]
    async fn nobody_overtakes_who_stands_in_the_row() {
        let one = UnderWay::among(Arc::default());
        let mut held: Vec<_> = (0..LOOKS_MAX).map(|_| one.place().unwrap()).collect();
        assert!(one.place().is_none());
        let mut waiting = pin!(one.place_in_turn());
        assert!(waiting.as_mut().now_or_never().is_none());
        held.pop();
        assert!(one.place().is_none(), "it is theirs who waited");
        assert!(waiting.as_mut().now_or_never().is_some());
    }

    #[test]
    fn what_became_of_looks_is_counted() {
        let one = UnderWay::among(Arc::default());
        one.count(Became::PutOff);
        one.count(Became::PutOff);
        one.count(Became::BrokenOff);
        let figures = one.0.figures();
        assert_eq!(figures.under_way, 1);
        let looks = figures.looks.iter().map(|look| (look.became, look.times));
        let expected = [
            ("let-in", 0),
            ("broken-off", 1),
            ("unanswered", 0),
            ("put-off", 2),
            ("held", 0),
        ];
        assert_eq!(looks.collect::<Vec<_>>(), expected);
    }
}
