//! How much is worked on at one moment, for whom first, and who asks too often.
//!
//! Three questions, each with a file that answers it without a clock:
//!
//! | question | answered by |
//! |---|---|
//! | may this request be worked on now, or is it sent away at once? | [`Rank`], and the places that [`Load`] leaves |
//! | does the server get through what it has? | [`Load`]: how long check-ins take that are looked at |
//! | does this device, or somebody at this address, ask too often? | [`Limiter`], by [`bucket`] |
//!
//! What is answered from memory passes the first alone: a refusal would cost as much as the answer. Read [`Flow`].

mod bucket;
mod buckets;
mod limiter;
mod load;
mod rank;
mod spread;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_report::flow::{Downloads, FlowFigures, Shed};
use tokio::time::Instant;

pub use bucket::{PER_SECOND_MAX, Rate};
pub(crate) use limiter::Limiter;
pub use limiter::Limits;
pub(crate) use load::{LOOKED_EVERY, Looking};
pub use load::{PLACES_MAX, PLACES_MIN};
pub(crate) use rank::Rank;
pub(crate) use spread::spread;

use load::Load;
use rank::PEOPLE_MIN;

/// Who is sent away comes back after this many seconds at least: what was at work then is done by then, many times over.
const RETRY_S_MIN: u32 = 30;

/// And within so many seconds more, if all places are there; where only a part is, in as many times as long: the fleet that comes back is as
/// large as the one that came.
const RETRY_S_SPREAD: u32 = 30;

/// But not in more than so many times as long: nobody is left alone for longer than some minutes.
const SPREADS_MAX: usize = 8;

/// Everything that is worked on.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    load: Arc<Load>,
    /// Those that have one of the places for all.
    at_work: AtomicUsize,
    /// And those that have one of [`PEOPLE_MIN`], beside them.
    people: AtomicUsize,
    shed: [AtomicU64; Rank::ALL.len()],
}

/// A place for one request, until it is dropped; of a brake none that others lack.
#[derive(Debug)]
pub(crate) struct Place<'f>(Option<&'f AtomicUsize>);

impl<'f> Place<'f> {
    /// One of `all`, of which `taken` are; none if there are no more.
    fn of(taken: &'f AtomicUsize, all: usize) -> Option<Self> {
        let before = taken.fetch_add(1, Ordering::Relaxed);
        let place = Self(Some(taken));
        (before < all).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.0 {
            taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Flow {
    /// A place for a request of this rank; none if those that it may have are taken. A few counters are touched for it, and no lock. Those of the first
    /// rank aren't counted: anybody can feign one, and would take the places of check-ins with it.
    pub fn enter(&self, rank: Rank) -> Option<Place<'_>> {
        if rank == Rank::First {
            return Some(Place(None));
        }
        let place = Place::of(&self.at_work, rank.places(self.load.places()));
        let place = place.or_else(|| match rank {
            Rank::Person => Place::of(&self.people, PEOPLE_MIN),
            _ => None,
        });
        if place.is_none() {
            self.shed[rank as usize].fetch_add(1, Ordering::Relaxed);
        }
        place
    }

    /// To be held while a check-in is looked at that came at `began`, and is known to be a device's.
    pub fn looking(&self, began: Instant) -> Looking {
        Looking::began(&self.load, began)
    }

    /// Judges how it goes; `late` is by how much whoever calls this was woken too late.
    pub fn look(&self, late: Duration) {
        self.load.look(late);
    }

    /// Whether the server has more to do than it is comfortable with: devices are told to come a little later, each by another part.
    pub fn is_strained(&self) -> bool {
        self.load.places() < PLACES_MAX
    }

    /// When somebody who is sent away now comes back, in seconds: each at another moment.
    pub fn retry_after_s(&self) -> u32 {
        let times = (PLACES_MAX / self.load.places().max(1)).clamp(1, SPREADS_MAX);
        let times = u32::try_from(times).unwrap_or(1);
        RETRY_S_MIN + spread(RETRY_S_SPREAD * times)
    }

    /// How it stands, for monitoring systems.
    pub fn figures(
        &self,
        limiter: &Limiter,
        line_share_ppm: u32,
        downloads: Downloads,
    ) -> FlowFigures {
        let shed = Rank::ALL.map(|rank| Shed {
            rank: rank.name(),
            requests: self.shed[rank as usize].load(Ordering::Relaxed),
        });
        let at_work = self.at_work.load(Ordering::Relaxed) + self.people.load(Ordering::Relaxed);
        FlowFigures {
            at_work: at_work as u64,
            places: self.load.places() as u64,
            shed: shed.into(),
            limited_devices: limiter.refused_devices(),
            limited_addresses: limiter.refused_addresses(),
            line_share_ppm,
            downloads,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_matters_least_is_sent_away_first_and_brakes_never() {
        let flow = Flow::default();
        let mut held = Vec::new();
        for (rank, more) in [
            (Rank::Download, PLACES_MAX / 4),
            (Rank::Person, PLACES_MAX / 4 + PEOPLE_MIN),
            (Rank::Report, PLACES_MAX / 4),
            (Rank::CheckIn, PLACES_MAX / 4),
        ] {
            for _ in 0..more {
                held.push(flow.enter(rank).expect("there is room"));
            }
            assert!(flow.enter(rank).is_none(), "{rank:?}");
        }
        assert_eq!(held.len(), PLACES_MAX + PEOPLE_MIN);
        let brakes: Vec<_> = (0..100).map(|_| flow.enter(Rank::First)).collect();
        assert!(brakes.iter().all(Option::is_some));
        assert_eq!(figures(&flow).at_work, held.len() as u64);
        drop((held, brakes));
        let figures = figures(&flow);
        assert_eq!(figures.at_work, 0);
        assert!(flow.enter(Rank::Download).is_some());
        let shed: Vec<_> = figures.shed.iter().map(|shed| shed.requests).collect();
        assert_eq!(shed, [0, 1, 1, 1, 1]);
    }

    fn figures(flow: &Flow) -> FlowFigures {
        let limiter = Limiter::new(Limits::default());
        flow.figures(&limiter, 1_000_000, Downloads::default())
    }

    /// Check-ins that find a place, of more than there are places.
    fn check_ins(flow: &Flow) -> Vec<Place<'_>> {
        let asked = (0..=PLACES_MAX).map(|_| flow.enter(Rank::CheckIn));
        asked.flatten().collect()
    }

    /// However many devices are at work; and they take nothing from the devices by it.
    #[test]
    fn a_few_people_are_let_in_whatever_the_devices_do() {
        let flow = Flow::default();
        let devices = check_ins(&flow);
        assert_eq!(devices.len(), PLACES_MAX);
        let asked = (0..2 * PEOPLE_MIN).map(|_| flow.enter(Rank::Person));
        let mut people: Vec<_> = asked.flatten().collect();
        assert_eq!(people.len(), PEOPLE_MIN);
        assert!(flow.enter(Rank::Download).is_none());
        drop(people.pop());
        people.extend(flow.enter(Rank::Person));
        assert_eq!(people.len(), PEOPLE_MIN);
        drop(devices);
        assert_eq!(
            check_ins(&flow).len(),
            PLACES_MAX,
            "the people are still there"
        );
    }

    /// Whoever sends what looks like a brake keeps no device out by it.
    #[test]
    fn feigned_brakes_take_nobodys_place() {
        let flow = Flow::default();
        let brakes: Vec<_> = (0..2 * PLACES_MAX)
            .map(|_| flow.enter(Rank::First))
            .collect();
        assert!(brakes.iter().all(Option::is_some));
        assert!(flow.enter(Rank::CheckIn).is_some() && flow.enter(Rank::Download).is_some());
    }

    #[test]
    fn who_is_sent_away_comes_back_at_another_moment_than_all_others() {
        let flow = Flow::default();
        let mut told: Vec<_> = (0..30).map(|_| flow.retry_after_s()).collect();
        assert!(told.iter().all(|after_s| (30..60).contains(after_s)));
        told.sort_unstable();
        told.dedup();
        // Other tests draw from the same row, so that a few moments may come twice.
        assert!(told.len() > 15, "{told:?}");
        for _ in 0..100 {
            flow.look(Duration::from_secs(9));
        }
        assert!(flow.is_strained());
        let longest = (0..1000).map(|_| flow.retry_after_s()).max();
        assert!(longest.is_some_and(|longest| (200..270).contains(&longest)));
    }
}
