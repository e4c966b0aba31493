//! What a plan makes an emergency wait for, wave by wave. Read [`Waits`], then [`Terms::wave`].

use jiff::{SignedDuration, Timestamp};

use super::nights::{Night, Nights, Place};
use super::path::name;
use super::stuck::{Missed, Stuck};
use crate::plan::Plan;
use crate::track::{Emergency, Track, Wave};
use crate::window::{Closed, WindowState};

/// For so long after its beginning a path is followed. Explicit freezes cover a year at most.
pub(super) const FOLLOWED_DAYS: i64 = 500;

/// A server looks after its rollouts at least once a minute: once to see that a wave has passed, once to open the next.
const LOOKS: SignedDuration = SignedDuration::from_mins(2);

/// So many polls after its horizon a device that says nothing is called silent, and no reading of it is waited for any more. A test
/// of the crate `rollout`, which acts by it, compares the two numbers.
pub const SILENT_POLLS: i32 = 3;

/// The Linux agent asks later than it was told, by up to this share of the wait in percent: a fleet that was switched on together
/// doesn't ask together.
pub const ASKS_LATER_PERCENT: i32 = 10;

/// What stays the same for all beginnings.
pub(super) struct Terms<'p> {
    plan: &'p Plan,
    track: &'p Track,
    emergency: Emergency,
    places: &'p [Place],
    nights: Vec<Nights>,
    /// Until when nights are known.
    known: Timestamp,
}

/// What one wave waits for.
pub(super) struct Waits {
    /// The turn of the last device.
    pub turn: Turn,
    /// The number of its zone.
    place: usize,
    /// When it counts: it was heard of at or after its horizon, having confirmed.
    pub judged: Timestamp,
    /// When the soak after that is over; none in the last wave.
    pub rested: Option<Timestamp>,
    /// When the last pair has been compared; none in the last wave, and where nothing is compared.
    pub compared: Option<Timestamp>,
}

impl Waits {
    /// When the next wave opens, or all is over.
    fn ends(&self) -> Timestamp {
        let next = self.rested.max(self.compared);
        next.map_or(self.judged, |next| next.max(self.judged))
    }
}

/// The last device of a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// When it hears of its wave.
    pub hears: Timestamp,
    /// From when its window is closed, if it waits for one.
    closes: Timestamp,
    /// Until when its window is closed.
    pub waits: Timestamp,
    /// When it begins.
    pub begins: Timestamp,
}

impl<'p> Terms<'p> {
    /// The terms of `plan`, for beginnings from `from` to `to`.
    pub fn of(
        plan: &'p Plan,
        places: &'p [Place],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, Stuck> {
        let stated = |track: &'p Track| Some((track, track.emergency?));
        let stated = plan.tracks.hotfix.as_ref().and_then(stated);
        let (track, emergency) = stated.ok_or(Stuck::NotStated)?;
        let known = later(to, SignedDuration::from_hours(FOLLOWED_DAYS * 24));
        let nights = |place| Nights::between(&plan.rollout, place, from, known);
        Ok(Self {
            plan,
            track,
            emergency,
            nights: places.iter().map(nights).collect(),
            places,
            known,
        })
    }

    /// What the plan states.
    pub fn emergency(&self) -> Emergency {
        self.emergency
    }

    /// The waves, in order.
    pub fn waves(&self) -> &'p [Wave] {
        &self.track.waves
    }

    /// When the path from `starts` ends.
    pub fn ends(&self, starts: Timestamp) -> Result<Timestamp, Stuck> {
        let Emergency { build, gates, .. } = self.emergency;
        let mut now = later(later(starts, build), gates);
        for wave in 0..self.waves().len() {
            let waits = self.wave(wave, now);
            now = waits.map_err(|missed| missed.from(starts))?.ends();
        }
        Ok(now)
    }

    /// What the wave of this number waits for, if it opens at `opened`.
    pub fn wave(&self, number: usize, opened: Timestamp) -> Result<Waits, Missed> {
        let (turn, place) = self.slowest(number, opened)?;
        let judged = self.judged(turn.begins);
        let is_last = number + 1 >= self.waves().len();
        let compared = comparison(self.plan).filter(|_| !is_last);
        Ok(Waits {
            turn,
            place,
            judged,
            rested: (!is_last).then(|| later(judged, self.track.soak)),
            compared: compared.map(|takes| later(later(turn.begins, takes), LOOKS)),
        })
    }

    /// When the last device that began at `begins` counts.
    fn judged(&self, begins: Timestamp) -> Timestamp {
        let confirms = self.plan.classes.iter();
        let confirms = confirms.map(|class| class.revert.confirm_within).max();
        let horizon = self.plan.health.install.horizon;
        let horizon = horizon.max(confirms.unwrap_or_default());
        later(later(later(begins, horizon), self.poll()), LOOKS)
    }

    /// By how much a device asks later than it was told, at most. It is told to wait for a poll, or for its turn if that comes sooner.
    fn late(&self) -> SignedDuration {
        let percent = self.plan.rollout.poll.saturating_mul(ASKS_LATER_PERCENT);
        percent / 100
    }

    /// From one question of a device to its next, at most.
    fn poll(&self) -> SignedDuration {
        self.plan.rollout.poll.saturating_add(self.late())
    }

    /// The last turn of all zones in a wave that opens at `opened`, and the number of its zone.
    fn slowest(&self, wave: usize, opened: Timestamp) -> Result<(Turn, usize), Missed> {
        let mut slowest: Option<(Turn, usize)> = None;
        for (place, nights) in self.nights.iter().enumerate() {
            let given_up = later(opened, self.plan.rollout.give_up_after);
            let turn = self.turn(nights, opened);
            let is_reached = match turn {
                Some(turn) => turn.begins < given_up,
                None if given_up >= self.known => return Err(Missed::Unknown),
                None => false,
            };
            let Some(turn) = turn.filter(|_| is_reached) else {
                return Err(self.given_up(wave, place, opened));
            };
            if slowest.is_none_or(|(other, _)| other.begins <= turn.begins) {
                slowest = Some((turn, place));
            }
        }
        slowest.ok_or(Missed::Nowhere)
    }

    fn given_up(&self, wave: usize, place: usize, opened: Timestamp) -> Missed {
        let zone = self.places.get(place).map(|place| place.zone.clone());
        let wave = self.waves().get(wave).copied().map(name);
        Missed::GivenUp {
            wave: wave.unwrap_or_default(),
            zone: zone.unwrap_or_default(),
            opened,
            given_up: later(opened, self.plan.rollout.give_up_after),
        }
    }

    /// The last turn of one zone's devices: one hears of the wave at its next poll, and comes at its own time in the window that is
    /// open then, or in the next. One that asks late may find the window closed again, and comes in the one after.
    fn turn(&self, nights: &Nights, opened: Timestamp) -> Option<Turn> {
        let hears = later(opened, self.poll());
        let night = nights.at(hears)?;
        let turn = self.in_night(night, opened, hears);
        if turn.begins < night.until {
            return Some(turn);
        }
        let next = nights.at(night.until)?;
        // A window that never closes doesn't begin anew at midnight.
        if self.plan.rollout.window.never_closes() && next.since <= turn.begins {
            return Some(turn);
        }
        let turn = self.in_night(next, opened, hears);
        // Who comes too late once more isn't counted: see `left_out.rs`.
        let begins = turn.begins.min(next.until.max(turn.waits));
        Some(Turn {
            closes: night.until.max(hears),
            begins,
            ..turn
        })
    }

    /// The last turn in this night, whether it is still open then or not.
    fn in_night(&self, night: Night, opened: Timestamp, hears: Timestamp) -> Turn {
        let rules = &self.plan.rollout;
        let Night { since, until } = night;
        let waits = hears.max(since);
        let since = match rules.window.never_closes() {
            true => opened,
            false => since.max(opened),
        };
        let spread = rules.jitter.min(until.duration_since(since));
        let comes = later(since, spread).max(waits);
        // Who is told at once that it may begin waits for nothing, and so doesn't come late.
        let begins = match comes == hears {
            true => hears,
            false => later(comes, self.late()),
        };
        Turn {
            hears,
            closes: hears,
            waits,
            begins,
        }
    }

    /// Why the window of the slowest zone is closed.
    pub fn closed(&self, waits: &Waits) -> String {
        let Some(place) = self.places.get(waits.place) else {
            return String::new();
        };
        let because = match place.state(&self.plan.rollout, waits.turn.closes) {
            WindowState::Open { .. } => return String::new(),
            WindowState::Opens { because, .. } => because,
        };
        let because = match because {
            Closed::OutsideHours => String::new(),
            Closed::Day => ", not open on that day".to_owned(),
            Closed::Blackout(name) => format!(", {name}"),
            Closed::ClockChange => ", skipped where clocks jump".to_owned(),
        };
        format!("the window in {}{because}", place.zone)
    }
}

/// From the beginning of a device to the comparison with the one held back for it, at most; none where nothing is compared. Each soft
/// signal is read at its own horizon, and silence is listened for at that of the installation; both are waited for until the device
/// would be called silent.
#[must_use]
pub fn comparison(plan: &Plan) -> Option<SignedDuration> {
    let signals = plan.health.soft.iter().map(|signal| signal.horizon);
    let horizon = signals.max()?.max(plan.health.install.horizon);
    let silence = plan.rollout.poll.saturating_mul(SILENT_POLLS);
    Some(horizon.saturating_add(silence))
}

/// `span` after `at`; the end of time if there is no such instant.
pub(super) fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
