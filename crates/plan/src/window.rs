//! When a device may begin an update, by its own clock. Read [`Window::state`] first.
//!
//! A window is a stretch of local time that starts on certain days. It never opens outside its
//! hours, whatever the clocks do that night.

use std::ops::Range;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::blackout::{Blackout, frozen};
use crate::days::{DaySet, WEEKDAYS};

/// The hours in which a device may begin. `until` not after `from` means the next day; both at
/// midnight means always (`00:00-24:00`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First local time.
    pub from: Time,
    /// Local time at which it closes; not part of it.
    pub until: Time,
    /// Local days on which it starts.
    pub days: DaySet,
    /// What happens on the night its start doesn't exist.
    pub dst_gap: DstGap,
}

/// What a window does when clocks jump over its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DstGap {
    /// It doesn't open that night.
    Skip,
    /// It opens when the clocks have jumped.
    Shift,
}

/// Whether a device may begin now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowState {
    /// It may, up to (not including) `until`. A window that is always open says the local midnights
    /// around now, at the later of which it is open again.
    Open {
        /// When it opened.
        since: Timestamp,
        /// When the window closes.
        until: Timestamp,
    },
    /// It may not yet.
    Opens {
        /// The first instant at which it may.
        at: Timestamp,
        /// Why it may not now.
        because: Closed,
    },
}

/// Why a window is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closed {
    /// It is outside the window's hours.
    OutsideHours,
    /// The next night isn't one of the window's days.
    Day,
    /// The next night is blacked out, by this holiday or these dates.
    Blackout(String),
    /// The next night has no such hour: the clocks jump over it.
    ClockChange,
}

/// Nights looked at before giving up: the explicit blackouts of a plan cover at most 366 days, so
/// that a window on one day of the week opens within two years even if they take its every turn.
const NIGHTS_MAX: u32 = 1_000;

impl Window {
    /// Whether a device in `zone` may begin at `now`, and if not, when and why not now.
    ///
    /// A window belongs to the local date on which it starts; that date must be one of its days and
    /// free of blackouts, and a window that runs into a blackout ends at its midnight. On the night
    /// clocks go back, a window opens once: a time that comes twice means its first coming, but for
    /// a start from which clocks would go back to before it while the window is open (`01:30-04:00`):
    /// that one means its second.
    ///
    /// `Opens { at }` is an instant at which the window is open. Only if blackouts hide every one of
    /// the next 1,000 nights, which no plan that [`crate::parse`] accepts can do, is it merely the
    /// moment to ask again.
    #[must_use]
    pub fn state(&self, now: Timestamp, zone: &TimeZone, blackouts: &[Blackout]) -> WindowState {
        let today = zone.to_datetime(now).date();
        let mut date = today.yesterday().unwrap_or(today);
        let mut because = None;
        for _ in 0..NIGHTS_MAX {
            match self.night(date, zone, blackouts) {
                Ok(Range { start, end }) if (start..end).contains(&now) => {
                    return WindowState::Open {
                        since: start,
                        until: end,
                    };
                }
                Ok(night) if night.start > now => {
                    let because = because.unwrap_or(Closed::OutsideHours);
                    return WindowState::Opens {
                        at: night.start,
                        because,
                    };
                }
                Err(closed) if self.is_ahead(date, today, now, zone) => {
                    because.get_or_insert(closed);
                }
                _ => {}
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        let at = find(date, Time::midnight(), zone).instant();
        WindowState::Opens {
            at,
            because: because.unwrap_or(Closed::OutsideHours),
        }
    }

    /// Whether the window is open at every hour of its days.
    #[must_use]
    pub fn is_whole_day(&self) -> bool {
        self.from == Time::midnight() && self.until == Time::midnight()
    }

    /// Whether it is open at every hour of every day, but for blackouts.
    #[must_use]
    pub fn never_closes(&self) -> bool {
        self.is_whole_day() && self.days == DaySet::DAILY
    }

    /// How long it is open on a night without a change of clocks, in minutes.
    #[must_use]
    pub fn minutes(&self) -> u32 {
        let minute = |time: Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
        let open = (minute(self.until) - minute(self.from)).rem_euclid(24 * 60);
        if open == 0 {
            24 * 60
        } else {
            open.unsigned_abs()
        }
    }

    /// How long it stays closed at most, but for blackouts and changes of clocks.
    #[must_use]
    pub fn longest_pause(&self) -> SignedDuration {
        let after = |index: usize| {
            let is_open = |days: &usize| self.days.contains(WEEKDAYS[(index + days) % 7].0);
            let next = (1..=7).find(is_open).unwrap_or(7);
            let minutes = i64::try_from(next).unwrap_or(7) * 24 * 60 - i64::from(self.minutes());
            SignedDuration::from_mins(minutes.max(0))
        };
        let open = (0..7).filter(|index| self.days.contains(WEEKDAYS[*index].0));
        open.map(after).max().unwrap_or_default()
    }

    /// The stretch in which it is open on the night that starts on `date`, or why it isn't.
    fn night(
        &self,
        date: Date,
        zone: &TimeZone,
        blackouts: &[Blackout],
    ) -> Result<Range<Timestamp>, Closed> {
        if !self.days.contains(date.weekday()) {
            return Err(Closed::Day);
        }
        if let Some(name) = frozen(date, blackouts) {
            return Err(Closed::Blackout(name));
        }
        let mut hours = self.hours(date, zone).ok_or(Closed::ClockChange)?;
        if let Ok(next) = date.tomorrow()
            && frozen(next, blackouts).is_some()
        {
            hours.end = hours.end.min(find(next, Time::midnight(), zone).instant());
        }
        Ok(hours)
    }

    /// The hours of the night that starts on `date`, whatever day it is; nothing when the clocks
    /// jump over them.
    fn hours(&self, date: Date, zone: &TimeZone) -> Option<Range<Timestamp>> {
        let last = if self.until > self.from {
            date
        } else {
            date.tomorrow().ok()?
        };
        let end = find(last, self.until, zone).instant();
        let start = match find(date, self.from, zone) {
            Found::At(start) => start,
            Found::Twice { first, .. } if self.is_whole_day() => first,
            Found::Twice {
                back, again: start, ..
            } if back < start.min(end) => start,
            Found::Twice { first, .. } => first,
            Found::AfterGap(start) if self.is_whole_day() || self.dst_gap == DstGap::Shift => start,
            Found::AfterGap(_) => return None,
        };
        (start < end).then_some(start..end)
    }

    /// Whether the night of `date`, were it allowed, would still be open or come after `now`.
    fn is_ahead(&self, date: Date, today: Date, now: Timestamp, zone: &TimeZone) -> bool {
        match self.hours(date, zone) {
            Some(hours) => hours.end > now,
            None => date >= today,
        }
    }
}

/// When local clocks show a time, or jump over it.
enum Found {
    At(Timestamp),
    /// They show it at `first`, go back at `back`, and show it `again`; at `back` itself if it is
    /// the time that they go back to.
    Twice {
        first: Timestamp,
        back: Timestamp,
        again: Timestamp,
    },
    AfterGap(Timestamp),
}

impl Found {
    /// The first such instant.
    fn instant(self) -> Timestamp {
        match self {
            Self::At(instant) | Self::AfterGap(instant) | Self::Twice { first: instant, .. } => {
                instant
            }
        }
    }
}

/// Finds `time` on `date` in `zone`; a time that doesn't come at all is found at the end of its gap.
fn find(date: Date, time: Time, zone: &TimeZone) -> Found {
    let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let read_by = |offset: Offset| offset.to_timestamp(ambiguous.datetime());
    let change_after = |instant| {
        let change = zone.following(instant).next();
        change.map_or(instant, |change| change.timestamp())
    };
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            Found::At(read_by(offset).unwrap_or(Timestamp::MAX))
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = read_by(before).unwrap_or(Timestamp::MAX);
            Found::Twice {
                first,
                back: change_after(first),
                again: read_by(after).unwrap_or(Timestamp::MAX),
            }
        }
        // Read by the clocks after the jump, a time in the gap lies before the jump itself.
        AmbiguousOffset::Gap { after, .. } => {
            Found::AfterGap(change_after(read_by(after).unwrap_or(Timestamp::MAX)))
        }
    }
}
