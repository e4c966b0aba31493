//! Windows that never come round in time, and what is said of settings that can't be read.

use jiff::civil::{Date, date};
use mainstay_plan::{Finding, FleetFacts, Severity, check};

use crate::examples::THERMOSTAT;
use crate::lint_known::{edited, fleet};
use crate::lint_rows::{BLACKOUT, CANARY, REVERT, WINDOW};
use crate::lint_told::{found, only};

const PATIENCE: &str = "give_up_after = \"72h\"";
const POLL: &str = "poll          = \"2h\"";

/// The thermostat plan with its holidays and these days in blackout, and this patience.
fn frozen(days: &str, patience: &str) -> String {
    let blackout = format!("blackout = [\"us-federal-holidays\", {days}]");
    let plan = edited(THERMOSTAT, BLACKOUT, &blackout);
    edited(&plan, PATIENCE, &format!("give_up_after = \"{patience}\""))
}

fn on(plan: &str, day: Option<Date>) -> Vec<Finding> {
    let facts = FleetFacts {
        as_of: day,
        ..FleetFacts::default()
    };
    check(plan, &facts).findings
}

/// A freeze, a patience, a day, and how bad the only finding is, if there is one.
type Freeze<'a> = (&'a str, &'a str, Option<Date>, Option<Severity>);

#[test]
#[rustfmt::skip]
fn a_freeze_is_held_against_patience_and_against_a_year() {
    let winter = "\"2026-12-01..2027-01-15\"";
    let year = "\"2026-12-01..2027-11-30\"";
    let cases: &[Freeze<'_>] = &[
        (year, "400d", Some(date(2026, 11, 27)), Some(Severity::Error)),
        (year, "400d", None, Some(Severity::Error)),
        // What is left of it is less than a year.
        (year, "400d", Some(date(2027, 1, 15)), None),
        (year, "72h", Some(date(2027, 1, 15)), Some(Severity::Warn)),
        (winter, "72h", Some(date(2026, 11, 27)), Some(Severity::Warn)),
        (winter, "72h", None, Some(Severity::Warn)),
        // More than a year ahead.
        (winter, "72h", Some(date(2025, 11, 27)), None),
        // From 04:00 on the last day of November to 01:00 on the 16th of January; a poll and the jitter more are 46 days.
        (winter, "47d", None, None),
        (winter, "46d", None, Some(Severity::Warn)),
        // The same in pieces.
        ("\"2026-12-01..2026-12-20\", \"2026-12-21..2027-01-15\"", "40d", None, Some(Severity::Warn)),
        ("\"2026-12-01..2026-12-20\", \"2026-12-22..2027-01-15\"", "40d", None, None),
    ];
    for (days, patience, day, expected) in cases {
        let told = on(&frozen(days, patience), *day);
        let severities: Vec<_> = told.iter().map(|one| one.severity).collect();
        assert_eq!(severities, Vec::from_iter(*expected), "{days} {patience} {day:?}: {told:#?}");
        assert!(told.iter().all(|one| one.rule == "FMP042" && !one.fix.is_empty()), "{told:#?}");
    }
}

#[test]
fn a_freeze_is_told_with_its_days_and_a_remedy_that_is_one() {
    let told = only(&frozen("\"2026-12-01..2027-01-15\"", "72h"), &[]);
    assert!(
        told.message
            .starts_with("From 2026-11-30 to 2027-01-16, no window opens in "),
        "{}",
        told.message
    );
    let patience = told.fix.split('"').nth(1).expect("a span of time");
    assert_eq!(
        found(&frozen("\"2026-12-01..2027-01-15\"", patience), &[]),
        []
    );
}

/// On a night that clocks jump over, a window of one night a week stays closed for two weeks.
#[test]
fn a_night_that_the_clocks_skip_is_held_against_patience() {
    let on_sundays = |dst_gap: &str| {
        let weekly = format!("local = \"02:00-04:00\", days = \"Sun\", dst_gap = \"{dst_gap}\"");
        let plan = edited(THERMOSTAT, WINDOW, &weekly);
        let plan = edited(&plan, PATIENCE, "give_up_after = \"9d\"");
        let plan = edited(&plan, BLACKOUT, "");
        edited(&plan, "market      = [\"us\"]", "market = [\"ca\"]")
    };
    let day = Some(date(2026, 11, 27));
    assert_eq!(on(&on_sundays("skip"), None), []);
    let told = on(&on_sundays("skip"), day);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].rule, told[0].severity), ("FMP042", Severity::Warn));
    assert_eq!(on(&on_sundays("shift"), day), []);
}

/// A device hears of its wave at its next poll, and is told then when its window opens: a poll that is longer than a window misses
/// none of them, and one that is longer than the patience misses all.
#[test]
fn a_poll_counts_until_a_device_hears_of_its_wave() {
    assert_eq!(found(THERMOSTAT, &[(POLL, "poll = \"30h\"")]), []);
    let told = only(THERMOSTAT, &[(POLL, "poll = \"51h\"")]);
    assert_eq!((told.rule, told.severity), ("FMP042", Severity::Warn));
    let open = (WINDOW, "local = \"00:00-24:00\"");
    assert_eq!(found(THERMOSTAT, &[open, (POLL, "poll = \"71h\"")]), []);
    let told = only(THERMOSTAT, &[open, (POLL, "poll = \"73h\"")]);
    assert_eq!(told.rule, "FMP042");
}

/// The list names the holidays; that it can't be read is all there is to say.
#[test]
fn what_cant_be_read_isnt_judged() {
    let unread = "blackout = [\"us-federal-holidays\", \"christmas\"]";
    assert_eq!(
        only(THERMOSTAT, &[(BLACKOUT, unread)]).rule,
        "plan.wrong-value"
    );
    let days = WINDOW.replace("daily", "weekdays");
    let patience = (PATIENCE, "give_up_after = \"12h\"");
    assert_eq!(
        only(THERMOSTAT, &[(WINDOW, &days), patience]).rule,
        "plan.wrong-value"
    );
}

/// An edit, and parts of the only finding: of its message, its reason and its remedy.
type Said<'a> = ((&'a str, &'a str), &'a str, &'a str, &'a str);

#[test]
#[rustfmt::skip]
fn wrong_values_are_told_for_what_they_are() {
    let local = |hours: &str| WINDOW.replace("01:00-04:00", hours);
    let (same, early, late) = (local("04:00-04:00"), local("22:00-00:00"), local("24:00-02:00"));
    let many = format!("blackout = [\"us-federal-holidays\"{}]", ", \"2027-05-01\"".repeat(32));
    let cases: &[Said<'_>] = &[
        ((WINDOW, &same), "begins and ends at the same time, \"04:00-04:00\"", "never closes", "\"00:00-24:00\" for a window that never closes"),
        ((WINDOW, &early), "ends at 00:00", "guessed", "\"22:00-24:00\""),
        ((WINDOW, &late), "begins at 24:00", "guessed", "\"00:00-02:00\""),
        (("soak  = \"2h\"", "soak = \"0h\""), "above zero, not \"0h\"", "nothing", "\"1ms\""),
        ((PATIENCE, "give_up_after = \"401d\""), "at most 400 days", "slip of the unit", "\"400d\""),
        ((BLACKOUT, &many), "at most 32, not of 33", "guessed", "keep at most 32"),
        ((BLACKOUT, "blackout = [\"us-federal-holidays\", \"2026-12-01..2028-12-01\"]"), "cover 732 days; 366 are allowed", "can't both be kept", "shorter freezes"),
        ((REVERT, "revert = { boots = 3, confirm_within = \"5h\" }"), "is scored after", "without a visit", "horizon = \"5h\""),
    ];
    for (edit, message, why, fix) in cases {
        let told = only(THERMOSTAT, &[*edit]);
        assert!(told.message.contains(message), "{}", told.message);
        assert!(told.why.contains(why), "{}", told.why);
        assert!(told.fix.contains(fix), "{}", told.fix);
    }
}

#[test]
fn rates_are_told_as_the_plan_writes_them() {
    for (expect, halt, said) in [
        ("0.01", "0.02", "Noticing 0.02 % instead of 0.01 %"),
        ("0.05", "0.2", "Noticing 0.2 % instead of 0.05 %"),
    ] {
        let edits = [
            ("expect  = 1.0", format!("expect = {expect}")),
            ("halt    = 12.0", format!("halt = {halt}")),
        ];
        let edits: Vec<_> = edits.iter().map(|(from, to)| (*from, &to[..])).collect();
        let told = only(THERMOSTAT, &edits);
        assert!(told.message.starts_with(said), "{}", told.message);
    }
}

/// A larger canary is no remedy where there are no more devices; and of none at all there is nothing to judge.
#[test]
fn a_fleet_that_is_too_small_isnt_told_to_take_a_larger_canary() {
    let told = check(THERMOSTAT, &fleet(&[("B", 20)])).findings;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].rule, "FMP030");
    assert!(!told[0].fix.contains("in canary"), "{}", told[0].fix);
    let more = "no release before the fleet of thermo-v2 has 31";
    assert!(told[0].fix.starts_with(more), "{}", told[0].fix);
    assert_eq!(check(THERMOSTAT, &fleet(&[("B", 0)])).findings, []);
    let small = edited(THERMOSTAT, CANARY, "devices = 30");
    assert!(only(&small, &[]).fix.starts_with("devices = 31 in canary"));
}
