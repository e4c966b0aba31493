//! Reads `window` and `blackout` of `[rollout]`.

use jiff::civil::Time;
use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::reasons::{NO_WINDOW, WRONG_VALUE};
use super::section::Section;
use super::value::{self, Read, Wrong};
use crate::blackout::Blackout;
use crate::days::DaySet;
use crate::limits::BLACKOUTS_MAX;
use crate::lint;
use crate::window::{DstGap, Window};

const GAPS: &[(&str, DstGap)] = &[("skip", DstGap::Skip), ("shift", DstGap::Shift)];

pub(super) fn window(rollout: &Section<'_>) -> Option<Window> {
    let example = "window = { local = \"01:00-04:00\", days = \"daily\", dst_gap = \"skip\" }";
    let section = rollout.required_section("window", example)?;
    let local = section.required("local", "local = \"01:00-04:00\"", hours);
    let days = value::parsed(
        DaySet::parse,
        "days",
        "\"daily\", \"Mon-Thu\" or \"Mon,Wed\"",
    );
    let days = section.or("days", DaySet::DAILY, days);
    let dst_gap = dst_gap(&section, local);
    refuse_zones(&section);
    section.finish();
    let (from, until) = local?;
    Some(Window {
        from,
        until,
        days,
        dst_gap,
    })
}

/// A window that is open all day has no start that clocks could jump over.
fn dst_gap(section: &Section<'_>, local: Option<(Time, Time)>) -> DstGap {
    let midnight = Time::midnight();
    if local == Some((midnight, midnight)) {
        return section.or("dst_gap", DstGap::Skip, value::choice(GAPS));
    }
    let demand = (
        &lint::FMP041.reason,
        "dst_gap = \"skip\" (no update that night) or \"shift\"",
    );
    section.demanded("dst_gap", demand, DstGap::Skip, value::choice(GAPS))
}

/// A zone in the plan would move every customer's night to somebody else's.
fn refuse_zones(section: &Section<'_>) {
    for key in ["zone", "timezone", "time_zone", "tz", "utc", "offset"] {
        let message = format!("`{key}` has no place in a plan.");
        section.refuse(key, &lint::FMP040.reason, message, NO_ZONE.to_owned());
    }
}

const NO_ZONE: &str = "leave the zone out; each device's own IANA zone is used";

fn zone_wrong(value: &Spanned<DeValue<'_>>, says: String) -> Wrong {
    let fix = NO_ZONE.to_owned();
    Wrong {
        at: value.span().start,
        reason: &lint::FMP040.reason,
        says,
        fix,
    }
}

/// `01:00-04:00`; the end may be `24:00`, and may come before the start: then it is the next day's.
fn hours(value: &Spanned<DeValue<'_>>) -> Read<(Time, Time)> {
    let text = value.get_ref().as_str().unwrap_or("").trim();
    if let Some((plain, rest)) = text.split_at_checked(11)
        && parse_hours(plain).is_some()
        && !rest.is_empty()
    {
        let says = format!("names a zone or an offset, {}", value::quoted(rest.trim()));
        return Err(vec![zone_wrong(value, says)]);
    }
    if let Some(wrong) = ends_at_its_start(value, text) {
        return Err(vec![wrong]);
    }
    value::parsed(parse_hours, "two local times", "\"01:00-04:00\"")(value)
}

/// Two times that are one: `04:00-04:00`, and `22:00-00:00`, which means a midnight that one writes otherwise.
fn ends_at_its_start(value: &Spanned<DeValue<'_>>, text: &str) -> Option<Wrong> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (from.trim(), until.trim());
    let (starts, ends) = (clock(from)?, clock(until)?);
    let at = value.span().start;
    let (reason, says, fix) = match (starts, ends) {
        _ if starts % DAY_MINUTES == ends % DAY_MINUTES && parse_hours(text).is_none() => (
            &NO_WINDOW,
            format!("begins and ends at the same time, {}", value::quoted(text)),
            "\"00:00-24:00\" for a window that never closes; or else the time at which it closes"
                .to_owned(),
        ),
        (_, 0) => (
            &WRONG_VALUE,
            format!(
                "ends at 00:00, where its day begins, {}",
                value::quoted(text)
            ),
            format!("write midnight at the end as 24:00: \"{from}-24:00\""),
        ),
        (DAY_MINUTES, _) => (
            &WRONG_VALUE,
            format!(
                "begins at 24:00, where its day ends, {}",
                value::quoted(text)
            ),
            format!("write midnight at the start as 00:00: \"00:00-{until}\""),
        ),
        _ => return None,
    };
    Some(Wrong {
        at,
        reason,
        says,
        fix,
    })
}

const DAY_MINUTES: u16 = 24 * 60;

fn parse_hours(text: &str) -> Option<(Time, Time)> {
    let (from, until) = text.trim().split_once('-')?;
    let (from, until) = (clock(from)?, clock(until)?);
    // Equal times are an empty window or a whole day, and nobody could tell which was meant.
    (from < until || (from > until && until > 0)).then_some(())?;
    Some((time(from)?, time(until % DAY_MINUTES)?))
}

/// Minutes since midnight of `HH:MM`, up to `24:00`.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|c| c.is_ascii_digit());
    (digits(hour) && digits(minute)).then_some(())?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

fn time(minutes: u16) -> Option<Time> {
    let (hour, minute) = (
        i8::try_from(minutes / 60).ok()?,
        i8::try_from(minutes % 60).ok()?,
    );
    Time::new(hour, minute, 0, 0).ok()
}

pub(super) fn blackouts(rollout: &Section<'_>) -> Vec<Blackout> {
    let example = "\"us-federal-holidays\" or \"2026-11-23..2026-11-30\"";
    let blackout = value::parsed(blackout, "holidays or dates", example);
    rollout.or("blackout", Vec::new(), value::list(BLACKOUTS_MAX, blackout))
}

fn blackout(text: &str) -> Option<Blackout> {
    if text == "us-federal-holidays" {
        return Some(Blackout::UsFederalHolidays);
    }
    if text == "us-federal-eves" {
        return Some(Blackout::UsFederalEves);
    }
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (
        amounts::plain_date(from.trim())?,
        amounts::plain_date(to.trim())?,
    );
    (from <= to).then_some(Blackout::Dates { from, to })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time as at};

    use super::*;

    #[test]
    fn hours_of_a_window() {
        let midnight = Time::midnight();
        let cases = [
            ("01:00-04:00", Some((at(1, 0, 0, 0), at(4, 0, 0, 0)))),
            ("22:00-02:00", Some((at(22, 0, 0, 0), at(2, 0, 0, 0)))),
            ("22:00-24:00", Some((at(22, 0, 0, 0), midnight))),
            ("00:00-24:00", Some((midnight, midnight))),
            ("22:00-00:00", None),
            ("00:00-00:00", None),
            ("05:00-05:00", None),
            ("24:00-02:00", None),
            ("24:00-24:00", None),
            ("1:00-4:00", None),
            ("01:60-04:00", None),
            ("25:00-26:00", None),
            ("01:00", None),
            ("-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_hours(text), expected, "{text:?}");
        }
    }

    #[test]
    fn dates_of_a_blackout() {
        let dates = |from, to| Some(Blackout::Dates { from, to });
        let cases = [
            ("us-federal-holidays", Some(Blackout::UsFederalHolidays)),
            ("us-federal-eves", Some(Blackout::UsFederalEves)),
            (
                "2026-11-23..2026-11-30",
                dates(date(2026, 11, 23), date(2026, 11, 30)),
            ),
            ("2026-12-24", dates(date(2026, 12, 24), date(2026, 12, 24))),
            ("2026-11-30..2026-11-23", None),
            ("christmas", None),
            ("..", None),
        ];
        for (text, expected) in cases {
            assert_eq!(blackout(text), expected, "{text:?}");
        }
    }
}
