//! The longest way of an emergency: in time or not, and by whose waits.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_plan::emergency::{Path, Place, Stage, assumed_places, longest, path};
use mainstay_plan::{FleetFacts, Plan, check, parse};

use crate::examples::THERMOSTAT;

const HOTFIX: &str = "[track.hotfix]\n";
const WINDOW: &str = "local = \"01:00-04:00\", days = \"daily\", dst_gap = \"skip\"";

/// The thermostat's plan with an emergency that must be over within `deadline`, edited.
fn text(deadline: &str, edits: &[(&str, &str)]) -> String {
    let emergency = format!(
        "{HOTFIX}emergency = {{ deadline = \"{deadline}\", build = \"4h\", gates = \"8h\" }}\n"
    );
    let plan = THERMOSTAT.replacen(HOTFIX, &emergency, 1);
    edits.iter().fold(plan, |plan, (from, to)| {
        assert!(plan.contains(from), "the plan has no {from}");
        plan.replacen(from, to, 1)
    })
}

fn plan(deadline: &str, edits: &[(&str, &str)]) -> Plan {
    parse(&text(deadline, edits)).expect("a plan")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn places(zones: &[&str]) -> Vec<Place> {
    zones
        .iter()
        .map(|zone| Place::named(zone).expect("a zone"))
        .collect()
}

fn whats(path: &Path, stage: Stage) -> Vec<&str> {
    let of_it = path.steps.iter().filter(|step| step.stage == stage);
    of_it.map(|step| step.what.as_str()).collect()
}

const ALWAYS: &[(&str, &str)] = &[
    (WINDOW, "local = \"00:00-24:00\""),
    ("blackout      = [\"us-federal-holidays\"]", "blackout = []"),
];

/// A night a wave, and a long weekend among them, are more than three days. Where windows are open at any hour and no holiday keeps
/// them shut, three days are enough.
#[test]
fn one_plan_keeps_three_days_and_one_does_not() {
    let from = at("2027-01-01T00:00:00Z");
    let slow = plan("3d", &[]);
    let missed = longest(&slow, &assumed_places(&slow), from).expect("a path");
    assert!(!missed.is_in_time(), "{missed:?}");
    let quick = plan("3d", ALWAYS);
    let kept = longest(&quick, &assumed_places(&quick), from).expect("a path");
    assert!(kept.is_in_time(), "{kept:?}");
    assert_eq!(whats(&kept, Stage::Window), Vec::<&str>::new());
}

/// The deadline is kept to the minute.
#[test]
fn as_much_as_it_takes_is_enough() {
    let from = at("2027-01-01T00:00:00Z");
    let minutes = {
        let plan = plan("3d", &[]);
        let path = longest(&plan, &assumed_places(&plan), from).expect("a path");
        (path.takes_s + 59) / 60
    };
    for (minutes, is_in_time) in [(minutes, true), (minutes - 1, false)] {
        let plan = plan(&format!("{minutes}m"), &[]);
        let path = longest(&plan, &assumed_places(&plan), from).expect("a path");
        assert_eq!(path.is_in_time(), is_in_time, "{minutes}");
    }
}

#[test]
fn thanksgiving_is_waited_for_in_the_zone_where_it_ends_last() {
    let plan = plan("3d", &[]);
    let places = places(&["Pacific/Guam", "America/New_York", "Pacific/Honolulu"]);
    // Ready on Wednesday evening: by Thursday's night it is a holiday.
    let path = path(&plan, &places, at("2027-11-24T14:00:00Z")).expect("a path");
    let windows = whats(&path, Stage::Window);
    assert_eq!(
        windows[0],
        "canary: the window in Pacific/Honolulu, Thanksgiving Day"
    );
    let step = path.steps.iter().find(|step| step.stage == Stage::Window);
    // 01:00 on Friday in Honolulu.
    let opens = step.map(|step| step.until);
    assert_eq!(opens, Some(at("2027-11-26T11:00:00Z")));
}

#[test]
fn the_night_that_has_no_such_hour_is_waited_for() {
    let night = [
        (WINDOW, "local = \"02:15-02:45\", dst_gap = \"skip\""),
        ("jitter        = \"20m\"", "jitter = \"10m\""),
    ];
    let plan = plan("9d", &night);
    // New York's clocks jump over it on 14 March; Phoenix' never do.
    let wait = |zone| {
        let path = path(&plan, &places(&[zone]), at("2027-03-13T12:00:00Z")).expect("a path");
        whats(&path, Stage::Window)[0].to_owned()
    };
    let skipped = "canary: the window in America/New_York, skipped where clocks jump";
    assert_eq!(wait("America/New_York"), skipped);
    assert_eq!(
        wait("America/Phoenix"),
        "canary: the window in America/Phoenix"
    );
}

/// Steps follow each other; no beginning of four weeks around a holiday and a change of clocks takes longer than the longest.
#[test]
fn nothing_takes_longer_than_the_longest() {
    let plan = plan("9d", &[]);
    let places = places(&["America/New_York", "Pacific/Guam"]);
    let from = at("2027-11-01T00:00:00Z");
    let worst = longest(&plan, &places, from).expect("a path");
    let mut seen = SignedDuration::ZERO;
    for minutes in (0..4 * 7 * 24 * 60).step_by(331) {
        let starts = from + SignedDuration::from_mins(minutes);
        let path = path(&plan, &places, starts).expect("a path");
        let mut now = starts;
        for step in &path.steps {
            assert_eq!(step.from, now);
            now = step.until;
        }
        assert_eq!(now, path.ends);
        let takes = path.ends.duration_since(starts);
        assert!(takes.as_secs() <= worst.takes_s, "{starts}: {path:?}");
        seen = seen.max(takes);
    }
    // Its own beginning is one of a holiday's, and isn't far from what a sample of them shows.
    let weekday = worst
        .starts
        .to_zoned_datetime(TimeZone::UTC)
        .strftime("%a")
        .to_string();
    assert!(
        worst.takes_s - seen.as_secs() < 26 * 3600,
        "{weekday} {worst:?}"
    );
}

#[test]
fn what_an_emergency_takes_is_the_hotfix_tracks_and_whole() {
    let found = |plan: &str| {
        let findings = check(plan, &FleetFacts::default()).findings;
        findings
            .iter()
            .map(|finding| (finding.rule, finding.place.section.clone()))
            .collect::<Vec<_>>()
    };
    let plan = text("3d", &[]);
    assert_eq!(
        found(&plan),
        [],
        "without a day nothing is known of holidays"
    );
    let told = found(&plan.replacen(", gates = \"8h\"", "", 1));
    assert_eq!(told[0].0, "plan.missing", "{told:?}");
    let emergency =
        "[track.feature]\nemergency = { deadline = \"3d\", build = \"4h\", gates = \"8h\" }\n";
    let told = found(&THERMOSTAT.replacen("[track.feature]\n", emergency, 1));
    assert_eq!(told[0].0, "plan.contradiction", "{told:?}");
    let none = parse(THERMOSTAT).expect("a plan");
    let from = at("2027-01-01T00:00:00Z");
    assert_eq!(longest(&none, &assumed_places(&none), from), None);
}
