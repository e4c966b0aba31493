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

/// What freezes `date`, in words, if a blackout does: a holiday's name, or `2026-11-23..2026-11-30`.
#[must_use]
pub fn frozen(date: Date, blackouts: &[Blackout]) -> Option<String> {
    blackouts.iter().find_map(|blackout| blackout.covers(date))
}
