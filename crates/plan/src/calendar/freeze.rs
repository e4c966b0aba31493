//! Days on which nothing is released. Read [`freezes`].

use std::iter;

use jiff::civil::{Date, Weekday};
use serde::Serialize;

use crate::blackout::{Blackout, frozen};
use crate::limits::FREEZE_DAYS_MAX;

/// A stretch of frozen days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// The holidays and dates that make it, each once, in the order in which they begin.
    pub names: Vec<String>,
}

/// Whether `date` is a Monday to Friday that isn't frozen.
#[must_use]
pub fn is_working_day(date: Date, blackouts: &[Blackout]) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    !weekend && frozen(date, blackouts).is_none()
}

/// The freezes that touch the days from `from` to `to`. Neighbouring frozen days make one, also
/// where it began before `from` or ends after `to`, for up to [`FREEZE_DAYS_MAX`] days beyond.
#[must_use]
pub fn freezes(blackouts: &[Blackout], from: Date, to: Date) -> Vec<Freeze> {
    let is_frozen = |day: &Date| frozen(*day, blackouts).is_some();
    let before = days_before(from)
        .take(FREEZE_DAYS_MAX)
        .take_while(is_frozen);
    let first = before.last().unwrap_or(from);
    let within = iter::once(first)
        .chain(days_after(first))
        .take_while(|day| *day <= to);
    let after = days_after(to).take(FREEZE_DAYS_MAX).take_while(is_frozen);
    let touched = |freeze: &Freeze| freeze.from <= to && freeze.to >= from;
    let mut freezes = Vec::new();
    for day in within.chain(after) {
        add(&mut freezes, day, blackouts);
    }
    freezes.retain(touched);
    freezes
}

/// Adds a day to the last freeze, or begins another, if the day is frozen.
fn add(freezes: &mut Vec<Freeze>, day: Date, blackouts: &[Blackout]) {
    let names = blackouts.iter().filter_map(|blackout| blackout.covers(day));
    for name in names {
        match freezes.last_mut() {
            Some(last) if last.to == day || last.to.tomorrow().ok() == Some(day) => {
                last.to = day;
                if !last.names.contains(&name) {
                    last.names.push(name);
                }
            }
            _ => freezes.push(Freeze {
                from: day,
                to: day,
                names: vec![name],
            }),
        }
    }
}

/// Every day after `date`, to the end of the calendar.
pub(super) fn days_after(date: Date) -> impl Iterator<Item = Date> {
    iter::successors(date.tomorrow().ok(), |day| day.tomorrow().ok())
}

/// Every day before `date`, the latest first.
fn days_before(date: Date) -> impl Iterator<Item = Date> {
    iter::successors(date.yesterday().ok(), |day| day.yesterday().ok())
}
