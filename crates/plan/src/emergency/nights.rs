//! When a window is open in one zone, for as long as a search may look. Read [`Place`].

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::rollout_rules::RolloutRules;
use crate::window::WindowState;

/// A zone in which devices stand.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its IANA name.
    pub zone: String,
    clock: TimeZone,
}

impl Place {
    /// The zone of this name; none if there is no such zone.
    #[must_use]
    pub fn named(zone: &str) -> Option<Self> {
        let clock = TimeZone::get(zone).ok()?;
        let zone = zone.to_owned();
        Some(Self { zone, clock })
    }

    /// The longest stretch without an open window here, of those that begin at `from` or later and before `to`; the first of several
    /// that are as long, and none where a window never closes.
    pub(crate) fn longest_pause(
        &self,
        rules: &RolloutRules,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Pause> {
        let (mut longest, mut now) = (None::<Pause>, from);
        while now < to {
            now = match self.state(rules, now) {
                WindowState::Open { until, .. } => until,
                WindowState::Opens { at, .. } => {
                    let pause = Pause {
                        since: now,
                        until: at,
                    };
                    longest = longest.filter(|one| one.length() >= pause.length());
                    longest = longest.or(Some(pause));
                    at
                }
            };
        }
        longest
    }

    /// The date here at `now`.
    pub(crate) fn date(&self, now: Timestamp) -> Date {
        self.clock.to_datetime(now).date()
    }

    /// Whether a device here may begin at `now`.
    pub(super) fn state(&self, rules: &RolloutRules, now: Timestamp) -> WindowState {
        rules.window.state(now, &self.clock, &rules.blackout)
    }
}

/// A stretch in which no window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub since: Timestamp,
    /// When the next window opens.
    pub until: Timestamp,
}

impl Pause {
    /// How long it is.
    pub fn length(self) -> SignedDuration {
        self.until.duration_since(self.since)
    }
}

/// A stretch in which a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Night {
    pub since: Timestamp,
    pub until: Timestamp,
}

/// The nights of one zone, in their order.
#[derive(Debug)]
pub(super) struct Nights(Vec<Night>);

impl Nights {
    /// Those that end after `from` and begin before `to`.
    pub fn between(rules: &RolloutRules, place: &Place, from: Timestamp, to: Timestamp) -> Self {
        let (mut nights, mut now) = (Vec::new(), from);
        while now < to {
            now = match place.state(rules, now) {
                WindowState::Open { since, until } => {
                    nights.push(Night { since, until });
                    until
                }
                WindowState::Opens { at, .. } => at,
            };
        }
        Self(nights)
    }

    /// The night that is open at `now`, or else the next one; none if it lies beyond all that are known.
    pub fn at(&self, now: Timestamp) -> Option<Night> {
        let next = self.0.partition_point(|night| night.until <= now);
        self.0.get(next).copied()
    }
}
