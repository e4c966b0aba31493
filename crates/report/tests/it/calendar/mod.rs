//! A plan's dates as a calendar file, to the byte.

use std::collections::BTreeSet;

use jiff::civil::Date;
use mainstay_plan::{Calendar, Plan, parse};
use mainstay_report::PlanCalendar;

const THERMOSTAT: &str = include_str!("../../../../../plans/thermostat.toml");

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn exported(plan: &Plan, from: &str, to: &str) -> String {
    let calendar = Calendar::of(plan, day(from), day(to));
    let made = "2026-11-26T13:37:00Z".parse().expect("a moment");
    let document = PlanCalendar {
        plan,
        calendar: &calendar,
        made,
    };
    let text = document.to_icalendar();
    assert_eq!(text.matches("BEGIN:VEVENT\r\n").count(), document.len());
    text
}

/// From 30 June to 13 July 2027. The ids were reckoned by another implementation of UUID version 5.
const SUMMER: &str = "\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mainstay//Plan calendar//EN
CALSCALE:GREGORIAN
NAME:Northwind thermostats
X-WR-CALNAME:Northwind thermostats
BEGIN:VEVENT
UID:f0040b87-f860-5bbd-80c2-db9a66530fef
DTSTAMP:20261126T133700Z
SEQUENCE:29928337
DTSTART;VALUE=DATE:20270706
DTEND;VALUE=DATE:20270707
SUMMARY:Northwind thermostats: feature release
DESCRIPTION:Every quarter on the first Monday of its first month\\; moved fr
\x20om 2027-07-05 because of Independence Day
CATEGORIES:RELEASE
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:05f3267b-72f0-518c-83eb-0c97cf27d5fd
DTSTAMP:20261126T133700Z
SEQUENCE:29928337
DTSTART;VALUE=DATE:20270713
DTEND;VALUE=DATE:20270714
SUMMARY:Northwind thermostats: maintenance release
DESCRIPTION:Every month on the second Tuesday
CATEGORIES:RELEASE
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:07d9b979-02aa-5d44-81c9-4d2201ce9a0e
DTSTAMP:20261126T133700Z
SEQUENCE:29928337
DTSTART;VALUE=DATE:20270704
DTEND;VALUE=DATE:20270706
SUMMARY:Northwind thermostats: no updates (Independence Day)
DESCRIPTION:No device begins a release on these days\\, by its own clock\\; t
\x20he way back after a halt doesn't wait
CATEGORIES:FREEZE
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:efe5d386-8395-59c3-8163-c6cf9d26e069
DTSTAMP:20261126T133700Z
SEQUENCE:29928337
DTSTART;VALUE=DATE:20270630
DTEND;VALUE=DATE:20270701
SUMMARY:Northwind thermostats: last day on which thermo-v2 is sold
DESCRIPTION:Afterwards: thermo-v3
CATEGORIES:SUPPORT
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:98971f89-8d60-5f4b-b7e6-bfc74737b9c9
DTSTAMP:20261126T133700Z
SEQUENCE:29928337
DTSTART;VALUE=DATE:20320630
DTEND;VALUE=DATE:20320701
SUMMARY:Northwind thermostats: last day of security updates for thermo-v2
DESCRIPTION:Afterwards: thermo-v3
CATEGORIES:SUPPORT
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
";

/// The ids of a file's entries, each with its line DTSTART.
fn ids(text: &str) -> BTreeSet<(&str, &str)> {
    let value = |line: &'static str| text.lines().filter_map(move |l| l.strip_prefix(line));
    value("UID:").zip(value("DTSTART;VALUE=DATE:")).collect()
}

#[test]
fn two_weeks_of_a_summer() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let text = exported(&plan, "2027-06-30", "2027-07-13");
    assert_eq!(text, SUMMER.replace('\n', "\r\n"));
}

#[test]
fn a_later_file_is_a_later_revision_of_each_entry() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let made = |text: &str| text.parse().expect("a moment");
    let calendar = Calendar::of(&plan, day("2027-06-30"), day("2027-07-13"));
    let revision = |made| {
        let plan = &plan;
        let calendar = &calendar;
        let text = PlanCalendar {
            plan,
            calendar,
            made,
        }
        .to_icalendar();
        let lines: BTreeSet<u32> = text
            .lines()
            .filter_map(|line| line.strip_prefix("SEQUENCE:")?.parse().ok())
            .collect();
        assert_eq!(lines.len(), 1, "{text}");
        lines.first().copied()
    };
    let first = revision(made("2026-11-26T13:37:00Z"));
    assert!(revision(made("2026-11-26T13:38:00Z")) > first);
    assert!(revision(made("6000-01-01T00:00:00Z")) < Some(u32::MAX / 2));
}

#[test]
fn an_entry_keeps_its_id_when_its_date_moves() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let text = exported(&plan, "2027-10-01", "2027-11-30");
    let frozen = THERMOSTAT.replace(
        "blackout      = [\"us-federal-holidays\"]",
        "blackout      = [\"us-federal-holidays\", \"2027-11-08..2027-11-09\"]",
    );
    let frozen = parse(&frozen).expect("a plan");
    let moved = exported(&frozen, "2027-10-01", "2027-11-30");
    let (before, after) = (ids(&text), ids(&moved));
    let left: Vec<_> = before.difference(&after).collect();
    let [(id, "20271109")] = left[..] else {
        panic!("only the second Tuesday of November goes, {left:?}");
    };
    assert!(after.contains(&(*id, "20271110")), "{after:?}");
}

#[test]
fn an_entry_keeps_its_id_wherever_the_span_begins() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let text = exported(&plan, "2027-01-01", "2027-12-31");
    let later = exported(&plan, "2027-07-05", "2028-06-30");
    let (early, late) = (ids(&text), ids(&later));
    // From Independence Day's freeze, which began on the 4th, to the year's last: six maintenance and two
    // feature releases, seven freezes, and the end of security support.
    assert_eq!(early.intersection(&late).count(), 16);
    let starts: BTreeSet<_> = early.union(&late).map(|(id, _)| id).collect();
    assert_eq!(starts.len(), early.union(&late).count(), "ids repeat");
}

#[test]
fn plans_do_not_share_ids() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let text = exported(&plan, "2027-01-01", "2027-12-31");
    let own: BTreeSet<_> = ids(&text).into_iter().map(|(id, _)| id).collect();
    for (from, to) in [
        ("\"production\"", "\"staging\""),
        ("Northwind thermostats", "Northwind thermostats 2"),
        ("\"northwind.example\"", "\"southwind.example\""),
    ] {
        let other = parse(&THERMOSTAT.replacen(from, to, 1)).expect("a plan");
        let text = exported(&other, "2027-01-01", "2027-12-31");
        let shared = ids(&text).into_iter().filter(|(id, _)| own.contains(id));
        assert_eq!(shared.count(), 0, "{to}");
    }
}

#[test]
fn a_release_that_is_left_out_is_cancelled() {
    let frozen = THERMOSTAT.replace(
        "blackout      = [\"us-federal-holidays\"]",
        "blackout      = [\"2027-11-01..2027-12-31\"]",
    );
    let plan = parse(&frozen).expect("a plan");
    let text = exported(&plan, "2027-11-01", "2027-11-30").replace("\r\n ", "");
    let (_, release) = text
        .split_once("CATEGORIES:RELEASE\r\n")
        .expect("a release");
    assert!(release.starts_with("STATUS:CANCELLED\r\n"), "{text}");
    assert_eq!(text.matches("CATEGORIES:RELEASE").count(), 1, "{text}");
    assert!(
        text.contains("left out because of 2027-11-01..2027-12-31"),
        "{text}"
    );
}

#[test]
fn what_a_plan_says_cannot_break_the_file() {
    let name = "A; B, C\\D\r\nEND:VCALENDAR ünïcödé ünïcödé ünïcödé ünïcödé ünïcödé";
    let mut plan = parse(THERMOSTAT).expect("a plan");
    plan.name = name.to_owned();
    let text = exported(&plan, "2027-01-01", "2027-12-31");
    assert_eq!(text.matches("\r\nEND:VCALENDAR\r\n").count(), 1);
    assert!(text.split_terminator("\r\n").all(|line| line.len() <= 75));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    let title = "A\\; B\\, C\\\\D\\nEND:VCALENDAR ünïcödé";
    assert!(text.replace("\r\n ", "").contains(title), "{text}");
}

#[test]
fn notices_are_entries_that_keep_their_ids() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let text = exported(&plan, "2032-05-30", "2032-06-30");
    assert_eq!(text.matches("CATEGORIES:NOTICE").count(), 2, "{text}");
    let told = "security updates end on 2032-06-30\\, in a month";
    assert!(text.replace("\r\n ", "").contains(told), "{text}");
    let later = THERMOSTAT.replacen("2032-06-30", "2032-07-31", 1);
    let later = parse(&later).expect("a plan");
    let moved = exported(&later, "2032-05-30", "2032-07-31");
    let (before, after) = (ids(&text), ids(&moved));
    let day = |all: &BTreeSet<(&str, &str)>, id: &str| {
        let mut all = all.iter().filter(|(one, _)| *one == id);
        all.next().map(|(_, day)| (*day).to_owned())
    };
    let ends = before.iter().filter(|(_, day)| *day == "20320530");
    let [(id, _)] = ends.collect::<Vec<_>>()[..] else {
        panic!("one entry on that day, {before:?}")
    };
    assert_eq!(day(&after, id).as_deref(), Some("20320630"));
}
