//! A plan's dates: when its tracks release, when nothing is released, until when it promises support.
//!
//! Dates are civil days, the same in every zone; "today" is handed in. Read [`Calendar`] first, then
//! [`ReleaseDate`] for what becomes of a date that falls on a holiday.

mod freeze;
mod lateness;
mod notice;
mod release_date;
mod support;

use jiff::civil::Date;
use serde::Serialize;

use crate::plan::Plan;
use crate::track::{Cadence, Track, TrackName};

pub use freeze::{Freeze, freezes, is_working_day};
pub use lateness::{EARLY_DAYS_MAX, Lateness, lateness};
pub use notice::{NOTICE_MONTHS, Notice, notice_day, notices};
pub use release_date::{Fate, ReleaseDate, release_dates};
pub use support::{SupportDate, SupportEnd, support_dates};

/// The dates of one plan in a span of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// First day of the span.
    pub from: Date,
    /// Last day of the span.
    pub to: Date,
    /// Releases in the span, by day; those left out among them.
    pub releases: Vec<Release>,
    /// Freezes that touch the span, each at its full length.
    pub freezes: Vec<Freeze>,
    /// Ends of support from the span's first day on, however far: customers plan years ahead.
    pub support: Vec<SupportDate>,
    /// Days in the span on which owners are told that support ends.
    pub notices: Vec<Notice>,
    /// Tracks that have no dates.
    pub undated: Vec<Undated>,
}

/// One date of one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The track.
    pub track: TrackName,
    /// Its date.
    pub date: ReleaseDate,
}

/// A track without dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Undated {
    /// The track.
    pub track: TrackName,
    /// Why it has none, as a phrase.
    pub because: &'static str,
}

impl Calendar {
    /// The calendar of `plan` from one day to another, both included.
    #[must_use]
    pub fn of(plan: &Plan, from: Date, to: Date) -> Self {
        let blackouts = &plan.rollout.blackout;
        let mut releases: Vec<_> = plan
            .tracks
            .each()
            .filter_map(|track| Some((track.name, track.cadence?)))
            .flat_map(|(track, cadence)| {
                release_dates(cadence, from, blackouts)
                    .take_while(|date| date.day() <= to)
                    .map(move |date| Release { track, date })
            })
            .collect();
        releases.sort_by_key(|release| (release.date.day(), release.track));
        let mut support = support_dates(&plan.classes);
        support.retain(|date| date.last_day >= from);
        let mut notices = notices(&plan.classes);
        notices.retain(|notice| (from..=to).contains(&notice.day));
        Self {
            from,
            to,
            releases,
            freezes: freezes(blackouts, from, to),
            support,
            notices,
            undated: plan.tracks.each().filter_map(undated).collect(),
        }
    }
}

fn undated(track: &Track) -> Option<Undated> {
    let because = match track.cadence {
        Some(Cadence::Emergency) => {
            "an emergency sets them, and waits for windows and freezes like any other"
        }
        None => "the plan doesn't say how often it runs",
        Some(Cadence::Monthly { .. } | Cadence::Quarterly { .. }) => return None,
    };
    Some(Undated {
        track: track.name,
        because,
    })
}
