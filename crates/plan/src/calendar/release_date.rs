//! The days on which a track releases: what its cadence declares, and what becomes of a day that is
//! frozen. Read [`release_dates`].

use jiff::civil::{Date, Weekday};
use serde::Serialize;

use super::freeze::{days_after, is_working_day};
use crate::blackout::{Blackout, frozen};
use crate::track::Cadence;

/// One date of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseDate {
    /// The day that the cadence says.
    pub declared: Date,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a declared date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The release is due on it.
    Stands,
    /// It is frozen, and the release is due on the next free working day.
    Moved {
        /// That day.
        to: Date,
        /// What froze the declared day.
        because: String,
    },
    /// It is frozen until the track's next date, whose release takes its place.
    LeftOut {
        /// What froze the declared day.
        because: String,
    },
}

impl ReleaseDate {
    /// The day on which the release is due; none if it is left out.
    #[must_use]
    pub fn due(&self) -> Option<Date> {
        match self.fate {
            Fate::Stands => Some(self.declared),
            Fate::Moved { to, .. } => Some(to),
            Fate::LeftOut { .. } => None,
        }
    }

    /// The day under which a calendar shows it: when it is due, or would have been.
    #[must_use]
    pub fn day(&self) -> Date {
        self.due().unwrap_or(self.declared)
    }

    /// What differs from the plan's cadence, as a phrase: `moved from 2027-11-11 because of Veterans Day`.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let declared = self.declared;
        match &self.fate {
            Fate::Stands => None,
            Fate::Moved { because, .. } => {
                Some(format!("moved from {declared} because of {because}"))
            }
            Fate::LeftOut { because } => Some(format!(
                "left out because of {because}: the next date comes before a free working day does"
            )),
        }
    }
}

/// The dates of a track with this cadence whose [day](ReleaseDate::day) is `from` or later, in
/// order, to the end of the calendar. An emergency has none.
///
/// A frozen date moves to the next working day that isn't frozen: later, because a release is fixed,
/// tested and approved towards its date and would be short of days if that came early; to a working
/// day, because the canary asks people to be there. A date stays as declared on any day that isn't
/// frozen, weekends included: the plan's author chose it.
pub fn release_dates(
    cadence: Cadence,
    from: Date,
    blackouts: &[Blackout],
) -> impl Iterator<Item = ReleaseDate> {
    let dates = declared(cadence, from);
    let nexts = dates.clone().skip(1).map(Some).chain([None]);
    dates
        .zip(nexts)
        .map(|(declared, next)| ReleaseDate {
            declared,
            fate: fate(declared, next, blackouts),
        })
        .skip_while(move |date| date.day() < from)
}

fn fate(declared: Date, next: Option<Date>, blackouts: &[Blackout]) -> Fate {
    let Some(because) = frozen(declared, blackouts) else {
        return Fate::Stands;
    };
    let mut free = days_after(declared)
        .take_while(|day| next.is_none_or(|next| *day < next))
        .filter(|day| is_working_day(*day, blackouts));
    match free.next() {
        Some(to) => Fate::Moved { to, because },
        None => Fate::LeftOut { because },
    }
}

/// The last month that there is, counted from January of the year 0.
const MONTH_MAX: i32 = 9_999 * 12 + 11;

/// The declared dates, beginning one period before `near`: a date never moves past its next.
fn declared(cadence: Cadence, near: Date) -> impl Iterator<Item = Date> + Clone {
    let rule = match cadence {
        Cadence::Monthly { nth, weekday } => Some((1, nth, weekday)),
        Cadence::Quarterly { nth, weekday } => Some((3, nth, weekday)),
        Cadence::Emergency => None,
    };
    let month = i32::from(near.year()) * 12 + i32::from(near.month()) - 1;
    rule.into_iter()
        .flat_map(move |(months, nth, weekday): (i32, _, _)| {
            let first = month.div_euclid(months) - 1;
            (first..=MONTH_MAX / months)
                .filter_map(move |period| nth_weekday(period * months, nth, weekday))
        })
}

/// The nth such weekday of a month counted from January of the year 0.
fn nth_weekday(month: i32, nth: i8, weekday: Weekday) -> Option<Date> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    first.nth_weekday_of_month(nth, weekday).ok()
}
