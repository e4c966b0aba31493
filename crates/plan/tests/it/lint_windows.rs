//! Windows that never come round in time, and what is said of settings that can't be read.

use jiff::civil::{Date, date};
use mainstay_plan::{Finding, FleetFacts, Severity, check};

use crate::examples::THERMOSTAT;
use crate::lint_known::{edited, fleet};
use crate::lint_rows::{BLACKOUT, CANARY, JITTER, REVERT, WINDOW};
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
        // From 04:00 on the last day of November to 01:00 on the 16th of January; a poll, the jitter and asking late more are still less than 47 days.
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

/// The span that the only finding of `FMP042` advises.
fn advised(plan: &str, day: Option<Date>) -> String {
    let told = of_windows(plan, day);
    assert_eq!(told.len(), 1, "{told:#?}");
    let span = told[0].fix.strip_prefix("give_up_after = \"");
    let span = span.and_then(|rest| rest.split('"').next());
    span.expect("a span of time").to_owned()
}

fn of_windows(plan: &str, day: Option<Date>) -> Vec<Finding> {
    let found = on(plan, day).into_iter();
    found.filter(|one| one.rule == "FMP042").collect()
}

/// The thermostat's plan with windows on four nights a week, and this patience.
fn on_weekdays(patience: &str) -> String {
    let plan = edited(THERMOSTAT, WINDOW, &WINDOW.replace("daily", "Mon-Thu"));
    edited(&plan, PATIENCE, &format!("give_up_after = \"{patience}\""))
}

/// Agents ask late, twice: an emergency counts it, and so must the remedy.
#[test]
fn what_is_advised_is_enough_for_an_emergency() {
    let emergency = "emergency = { deadline = \"90d\", build = \"4h\", gates = \"8h\" }";
    let hotfix = "[track.hotfix]\n";
    let plan = |patience: &str| {
        let plan = edited(&on_weekdays(patience), JITTER, "jitter = \"50m\"");
        edited(&plan, hotfix, &format!("{hotfix}{emergency}\n"))
    };
    let day = Some(date(2026, 11, 27));
    let rules = |patience: &str| -> Vec<_> {
        let found = on(&plan(patience), day).into_iter();
        found.map(|one| one.rule).collect()
    };
    // A holiday after a weekend takes 117 hours; poll, jitter and asking late take a little more than three.
    assert_eq!(rules("120h"), ["FMP053", "FMP042"]);
    for patience in ["96h", "120h"] {
        let advised = advised(&plan(patience), day);
        assert_eq!(rules(&advised), Vec::<&str>::new(), "{advised}");
    }
}

/// The days of the window are told first; the freezes behind them don't come as a second finding when those are mended.
#[test]
fn what_is_advised_for_the_days_is_enough_for_freezes() {
    let plan = on_weekdays("72h");
    let day = Some(date(2026, 11, 27));
    let told = of_windows(&plan, day);
    assert!(
        told[0].message.starts_with("A device's first turn"),
        "{told:#?}"
    );
    assert!(told[0].message.contains("no window opens in "), "{told:#?}");
    let advised = advised(&plan, day);
    assert_eq!(of_windows(&on_weekdays(&advised), day), []);
    // Without a day nobody knows the holidays.
    assert_eq!(self::advised(&plan, None), "4d");
}

/// A window of one night a week in a country, with and without the night on which clocks may jump over it.
fn on_sundays(country: &str, dst_gap: &str) -> String {
    let weekly = format!("local = \"02:00-04:00\", days = \"Sun\", dst_gap = \"{dst_gap}\"");
    let plan = edited(THERMOSTAT, WINDOW, &weekly);
    let plan = edited(&plan, PATIENCE, "give_up_after = \"9d\"");
    let plan = edited(&plan, BLACKOUT, "blackout = []");
    let market = format!("market = [\"{country}\"]");
    edited(&plan, "market      = [\"us\"]", &market)
}

/// On a night that clocks jump over, a window of one night a week stays closed for two weeks.
#[test]
fn a_night_that_the_clocks_skip_is_held_against_patience() {
    let day = Some(date(2026, 11, 27));
    assert_eq!(of_windows(&on_sundays("us", "skip"), None), []);
    let told = of_windows(&on_sundays("us", "skip"), day);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].severity, Severity::Warn);
    assert!(
        told[0].fix.ends_with(", or dst_gap = \"shift\""),
        "{told:#?}"
    );
    assert_eq!(of_windows(&on_sundays("us", "shift"), day), []);
}

/// Nobody knows by which clocks devices go in another country; its freezes are as long everywhere.
#[test]
fn clocks_of_other_countries_arent_guessed() {
    let day = Some(date(2026, 11, 27));
    let japan = on_sundays("jp", "skip");
    assert_eq!(on(&japan, day), []);
    let freeze = "blackout = [\"2027-02-07\"]";
    let told = of_windows(&edited(&japan, "blackout = []", freeze), day);
    assert_eq!(told.len(), 1, "{told:#?}");
    let message = "From 2027-01-31 to 2027-02-14, no window opens: ";
    assert!(told[0].message.starts_with(message), "{}", told[0].message);
    assert!(
        told[0].fix.ends_with("fewer days in blackout"),
        "{}",
        told[0].fix
    );
}

/// A device hears of its wave at its next poll, and is told then when its window opens: a poll that is longer than a window misses
/// none of them, and one that is longer than the patience misses all.
#[test]
fn a_poll_counts_until_a_device_hears_of_its_wave() {
    // Twice it may ask a tenth of the poll late, after a pause of 21 hours and a jitter of 20 minutes.
    assert_eq!(found(THERMOSTAT, &[(POLL, "poll = \"42h\"")]), []);
    let told = only(THERMOSTAT, &[(POLL, "poll = \"43h\"")]);
    assert_eq!((told.rule, told.severity), ("FMP042", Severity::Warn));
    let open = (WINDOW, "local = \"00:00-24:00\"");
    assert_eq!(found(THERMOSTAT, &[open, (POLL, "poll = \"59h\"")]), []);
    let told = only(THERMOSTAT, &[open, (POLL, "poll = \"60h\"")]);
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
