//! When owners are told that support ends. Read [`notices`].

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use crate::class::Class;
use crate::names::ClassId;

/// So many months before security support ends owners are told of it; nought is the last day itself. A year for who has to budget for
/// a successor, and then often enough for who missed it.
pub const NOTICE_MONTHS: [u8; 5] = [12, 6, 3, 1, 0];

/// A day on which owners of a class are told that its security support ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The class.
    pub class: ClassId,
    /// The day; where the month is too short for it, that month's last.
    pub day: Date,
    /// Months from there to the end: one of [`NOTICE_MONTHS`].
    pub months: u8,
    /// The last day of security updates.
    pub last_day: Date,
    /// What owners move to afterwards, when the plan says.
    pub then: Option<String>,
}

impl Notice {
    /// What is told, as a phrase: `owners of thermo-v2 are told: security updates end on 2032-06-30, in 12 months`.
    #[must_use]
    pub fn phrase(&self) -> String {
        let Self {
            class, last_day, ..
        } = self;
        let when = match self.months {
            0 => "today".to_owned(),
            1 => format!("on {last_day}, in a month"),
            months => format!("on {last_day}, in {months} months"),
        };
        format!("owners of {class} are told: security updates end {when}")
    }
}

/// All notices that the classes' promises ask for, by day.
#[must_use]
pub fn notices(classes: &[Class]) -> Vec<Notice> {
    let mut notices: Vec<_> = classes.iter().flat_map(of_class).collect();
    notices.sort_by(|a, b| (a.day, &a.class).cmp(&(b.day, &b.class)));
    notices
}

fn of_class(class: &Class) -> impl Iterator<Item = Notice> {
    let support = class.support.iter();
    support.flat_map(move |support| {
        let last_day = support.security_until;
        NOTICE_MONTHS.into_iter().map(move |months| Notice {
            class: class.id.clone(),
            day: notice_day(last_day, months),
            months,
            last_day,
            then: support.then.clone(),
        })
    })
}

/// The day so many months before `last_day`; the calendar's first for what no calendar holds.
#[must_use]
pub fn notice_day(last_day: Date, months: u8) -> Date {
    last_day.saturating_sub(i64::from(months).months())
}
