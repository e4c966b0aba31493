//! When a window is open in one zone, for as long as a search may look. Read [`Place`].

use jiff::Timestamp;
use jiff::tz::TimeZone;

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

    /// Whether a device here may begin at `now`.
    pub(super) fn state(&self, rules: &RolloutRules, now: Timestamp) -> WindowState {
        rules.window.state(now, &self.clock, &rules.blackout)
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
