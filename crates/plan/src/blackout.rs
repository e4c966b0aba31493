//! Days on which nothing begins. Whole local days, in each device's own zone. Read [`Blackout`] and
//! [`frozen`].

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::holidays;

/// A set of local days without updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blackout {
    /// U.S. federal holidays (5 USC 6103), on the day itself and on the day it is observed.
    UsFederalHolidays,
    /// The days around them: the one before, and those to the next working day after. Not the holidays themselves.
    UsFederalEves,
    /// Every day from the first to the last.
    Dates {
        /// First day.
        from: Date,
        /// Last day, not before the first.
        to: Date,
    },
}

impl Blackout {
    /// What keeps `date` free of updates, in words, if this blackout does.
    pub fn covers(&self, date: Date) -> Option<String> {
        match self {
            Self::UsFederalHolidays => holidays::us_federal(date).map(str::to_owned),
            Self::UsFederalEves => holidays::around_us_federal(date),
            Self::Dates { from, to } => {
                (*from <= date && date <= *to).then(|| format!("{from}..{to}"))
            }
        }
    }
}

/// How many days explicit dates take, each range for itself; holidays come by rule and are few.
pub(crate) fn days_by_date(blackouts: &[Blackout]) -> i64 {
    let days = |blackout: &Blackout| match blackout {
        Blackout::UsFederalHolidays | Blackout::UsFederalEves => 0,
        Blackout::Dates { from, to } => to.duration_since(*from).as_hours() / 24 + 1,
    };
    blackouts.iter().map(days).sum()
}

/// What freezes `date`, in words, if a blackout does: a holiday's name, or `2026-11-23..2026-11-30`.
#[must_use]
pub fn frozen(date: Date, blackouts: &[Blackout]) -> Option<String> {
    blackouts.iter().find_map(|blackout| blackout.covers(date))
}
