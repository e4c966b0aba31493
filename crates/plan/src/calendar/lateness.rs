//! Whether a track keeps its cadence. Read [`lateness`].

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::release_date::release_dates;
use crate::blackout::Blackout;
use crate::track::{Cadence, TrackName};

/// A release this many days before a date is that date's: who is ready a few days early has kept it.
/// Where two dates lie 28 days apart, this lets one that comes three weeks late keep the next date too.
pub const EARLY_DAYS_MAX: i32 = 7;

/// How a track stands, as of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Lateness {
    /// The track has no dates that it could miss.
    NoDates,
    /// Its next release is due today or later.
    OnTime {
        /// The day on which it is due.
        due: Date,
        /// Days until then; 0 is today.
        in_days: u32,
    },
    /// A date has passed without a release.
    Late {
        /// The first such date.
        due: Date,
        /// Days since then; at least 1.
        days: u32,
        /// Later dates that have passed as well.
        missed_since: u32,
    },
}

/// How a track with this cadence stands `today` if its last release was on the day `last`.
///
/// A release keeps every date up to [`EARLY_DAYS_MAX`] days after it; the first date after those is
/// the one that is due. Frozen dates are due when they moved to, and those left out never.
#[must_use]
pub fn lateness(cadence: Cadence, last: Date, today: Date, blackouts: &[Blackout]) -> Lateness {
    let Ok(open) = last.checked_add((EARLY_DAYS_MAX + 1).days()) else {
        return Lateness::NoDates;
    };
    let mut dates = release_dates(cadence, open, blackouts).filter_map(|date| date.due());
    match dates.next() {
        None => Lateness::NoDates,
        Some(due) if due >= today => Lateness::OnTime {
            due,
            in_days: days(today, due),
        },
        Some(due) => Lateness::Late {
            due,
            days: days(due, today),
            missed_since: count(dates.take_while(|date| *date < today)),
        },
    }
}

impl Lateness {
    /// The same as a sentence.
    #[must_use]
    pub fn sentence(&self, track: TrackName) -> String {
        match *self {
            Self::NoDates => format!("{track} has no dates that it could miss."),
            Self::OnTime { in_days: 0, due } => format!("{track} is due today, {due}."),
            Self::OnTime { due, in_days } => {
                format!("{track} is on time: due on {due}, in {}.", span(in_days))
            }
            Self::Late {
                due,
                days,
                missed_since,
            } => {
                let more = match missed_since {
                    0 => String::new(),
                    1 => ", and one more date has passed since".to_owned(),
                    more => format!(", and {more} more dates have passed since"),
                };
                format!("{track} was due on {due} and is {} late{more}.", span(days))
            }
        }
    }
}

fn span(days: u32) -> String {
    match days {
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

/// Days from one day to another that isn't before it.
fn days(from: Date, to: Date) -> u32 {
    let hours = to.duration_since(from).as_hours();
    u32::try_from(hours / 24).unwrap_or(0)
}

fn count(dates: impl Iterator<Item = Date>) -> u32 {
    u32::try_from(dates.count()).unwrap_or(u32::MAX)
}
