//! Whether a track kept its dates. [`PERIOD_DAYS`] says how far back that is asked.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mainstay_plan::calendar::{EARLY_DAYS_MAX, release_dates};
use mainstay_plan::{Blackout, Share, Track};

use super::level::{Figure, Found, Goal, Measure, Standing};

/// Dates further back are forgotten: a year, and a date on either side.
pub const PERIOD_DAYS: i32 = 400;
/// So many missed dates are named.
const NAMED_MAX: usize = 3;

/// How many of the dates that have passed since the first of `starts` were kept by a rollout that started on the date, or
/// up to [`EARLY_DAYS_MAX`] days before it (UTC); none if the track has no dates.
pub(super) fn kept(
    track: &Track,
    blackouts: &[Blackout],
    starts: &[Timestamp],
    now: Timestamp,
) -> Option<Found> {
    let cadence = track.cadence?;
    let today = day(now);
    let days: Vec<_> = starts.iter().map(|start| day(*start)).collect();
    let first = days.iter().min().copied();
    release_dates(cadence, today, blackouts).next()?;
    let goal = track.goals.dates_kept;
    let Some(first) = first else {
        let because = "Nothing was released yet.".to_owned();
        return Some(found(None, goal, Standing::Unsaid, because));
    };
    let from = today
        .checked_sub(PERIOD_DAYS.days())
        .map_or(first, |from| from.max(first));
    let due: Vec<_> = release_dates(cadence, from, blackouts)
        .filter_map(|date| date.due())
        .take_while(|due| *due <= today)
        .filter(|due| *due < today || is_kept(*due, &days))
        .collect();
    let missed: Vec<_> = due.iter().filter(|due| !is_kept(**due, &days)).collect();
    let (of, lost) = (due.len() as u64, missed.len() as u64);
    if of == 0 {
        let because = format!("No date has passed since the first release, on {first}.");
        return Some(found(None, goal, Standing::Unsaid, because));
    }
    let because = sentence(of - lost, of, from, &missed, goal);
    let figure = Figure::Share {
        part: of - lost,
        of,
    };
    let standing = goal.map_or(Standing::NoGoal, |goal| stands(of - lost, of, goal));
    Some(found(Some(figure), goal, standing, because))
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn is_kept(due: Date, days: &[Date]) -> bool {
    let earliest = due.checked_sub(EARLY_DAYS_MAX.days()).unwrap_or(Date::MIN);
    days.iter().any(|day| (earliest..=due).contains(day))
}

fn stands(part: u64, of: u64, goal: Share) -> Standing {
    if part * u64::from(Share::WHOLE) >= of * u64::from(goal.hundredths()) {
        Standing::Met
    } else {
        Standing::Missed
    }
}

fn found(
    figure: Option<Figure>,
    goal: Option<Share>,
    standing: Standing,
    because: String,
) -> Found {
    Found {
        measure: Measure::DatesKept,
        figure,
        goal: goal.map(|hundredths| Goal::AtLeast { hundredths }),
        standing: match goal {
            None => Standing::NoGoal,
            Some(_) => standing,
        },
        because,
    }
}

fn sentence(part: u64, of: u64, from: Date, missed: &[&Date], goal: Option<Share>) -> String {
    let mut told = format!("{part} of {of} dates since {from} were kept");
    let newest: Vec<_> = missed
        .iter()
        .rev()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    if !newest.is_empty() {
        told.push_str(&format!(", not {}", newest.join(", ")));
    }
    if missed.len() > NAMED_MAX {
        told.push_str(&format!(" and {} before", missed.len() - NAMED_MAX));
    }
    if let Some(goal) = goal {
        told.push_str(&format!("; promised are at least {goal}"));
    }
    told + "."
}
