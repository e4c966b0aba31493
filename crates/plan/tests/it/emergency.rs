//! The longest way of an emergency: in time or not, and by whose waits.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use mainstay_plan::emergency::{
    Path, Place, Stage, Stuck, Uncounted, assumed_places, longest, not_counted, path,
};
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

/// Each of the three soft signals is read after half a day instead of two.
const SOONER: [(&str, &str); 3] = [("horizon          = \"48h\"", "horizon = \"12h\""); 3];

/// A night a wave, and a long weekend among them, are more than three days. So are two comparisons that take two days each, though
/// windows are open at any hour. Where these take half a day, three days are enough.
#[test]
fn one_plan_keeps_three_days_and_two_do_not() {
    let from = at("2027-01-01T00:00:00Z");
    let all = |edits: &[(&str, &str)]| {
        let plan = plan("3d", edits);
        longest(&plan, &assumed_places(&plan), from).expect("a path")
    };
    let slow = all(&[]);
    assert!(!slow.is_in_time(), "{slow:?}");
    let compared = all(ALWAYS);
    assert!(compared.slack_s < -40 * 3600, "{compared:?}");
    assert_eq!(whats(&compared, Stage::Window), Vec::<&str>::new());
    let kept = all(&[ALWAYS, &SOONER].concat());
    assert!(kept.is_in_time(), "{kept:?}");
    assert_eq!(whats(&kept, Stage::Comparison).len(), 2);
}

fn ended(path: &Path, stage: Stage) -> Timestamp {
    let step = path.steps.iter().find(|step| step.stage == stage);
    step.expect("such a step").until
}

/// The slowest signal, and three polls in which a device may be read late; nothing is compared in the last wave.
#[test]
fn the_next_wave_waits_for_soft_signals() {
    let plan = plan("9d", ALWAYS);
    let path = path(&plan, &places(&["Etc/UTC"]), at("2027-06-07T00:00:00Z")).expect("a path");
    let begins = ended(&path, Stage::Poll);
    let compared = ended(&path, Stage::Comparison);
    let (hours, looks) = (48 + 3 * 2, 2);
    let takes = SignedDuration::from_mins(hours * 60 + looks);
    assert_eq!(compared.duration_since(begins), takes);
    let rested = ended(&path, Stage::Soak);
    assert!(rested < compared, "the soak runs beside it");
    let what = "compared with devices held back";
    let whats = whats(&path, Stage::Comparison);
    assert_eq!(
        whats,
        [format!("canary: {what}"), format!("wave to 10 %: {what}")]
    );
}

/// Agents ask up to a tenth later than they were told: until they hear of their wave, and at their turn.
#[test]
fn polls_are_counted_as_late_as_agents_make_them() {
    let plan = plan("9d", &[]);
    let starts = at("2027-06-07T00:00:00Z");
    let path = path(&plan, &places(&["America/New_York"]), starts).expect("a path");
    let opened = ended(&path, Stage::Build) + SignedDuration::from_hours(8);
    let hears = ended(&path, Stage::Poll).duration_since(opened);
    assert_eq!(hears, SignedDuration::from_mins(132), "2 h and a tenth");
    let spread = ended(&path, Stage::Spread).duration_since(ended(&path, Stage::Window));
    assert_eq!(spread, SignedDuration::from_mins(20 + 12));
}

/// Whose turn is at the end of the window and who asks a little after it comes in the night that follows.
#[test]
fn who_asks_after_the_window_comes_in_the_next() {
    let plan = plan("9d", &[("poll          = \"2h\"", "poll = \"10m\"")]);
    let of = |starts: &str| {
        let starts = at(starts);
        path(&plan, &places(&["Etc/UTC"]), starts).expect("a path")
    };
    // Twelve hours later the canary opens, at 03:30 and at 03:45.
    let in_time = of("2027-06-07T15:30:00Z");
    let late = of("2027-06-07T15:45:00Z");
    let closed = "canary: the window in Etc/UTC";
    assert_ne!(whats(&in_time, Stage::Window)[0], closed);
    assert_eq!(whats(&late, Stage::Window)[0], closed);
    assert_eq!(ended(&late, Stage::Window), at("2027-06-09T01:00:00Z"));
}

const FREEZE: (&str, &str) = (
    "blackout      = [\"us-federal-holidays\"]",
    "blackout = [\"2026-11-23..2026-11-30\"]",
);
const WEEK: (&str, &str) = ("give_up_after = \"72h\"", "give_up_after = \"7d\"");

/// A freeze over a week of nights: who is given up after that week is left without the fix.
#[test]
fn who_is_given_up_before_a_window_opens_has_no_path() {
    let nights = (
        WINDOW,
        "local = \"01:00-04:00\", days = \"Mon-Thu\", dst_gap = \"skip\"",
    );
    let starts = at("2026-11-19T13:00:00Z");
    let denver = places(&["America/Denver"]);
    let week = plan("30d", &[nights, FREEZE, WEEK]);
    let stuck = path(&week, &denver, starts).expect_err("no path");
    let opened = at("2026-11-20T01:00:00Z");
    let expected = Stuck::GivenUp {
        starts,
        wave: "canary".to_owned(),
        zone: "America/Denver".to_owned(),
        opened,
        given_up: opened + SignedDuration::from_hours(7 * 24),
    };
    assert_eq!(stuck, expected);
    let worst = longest(&week, &denver, at("2026-11-01T00:00:00Z"));
    assert!(matches!(worst, Err(Stuck::GivenUp { .. })), "{worst:?}");
    let patient = ("give_up_after = \"72h\"", "give_up_after = \"14d\"");
    let patient = plan("30d", &[nights, FREEZE, patient]);
    let path = path(&patient, &denver, starts).expect("a path");
    assert_eq!(ended(&path, Stage::Window), at("2026-12-01T08:00:00Z"));
}

/// What the command refuses, the rule finds.
#[test]
fn a_path_without_an_end_keeps_no_deadline() {
    let today = FleetFacts {
        as_of: Some(civil::date(2026, 11, 1)),
        ..FleetFacts::default()
    };
    let nights = (
        WINDOW,
        "local = \"01:00-04:00\", days = \"Mon-Thu\", dst_gap = \"skip\"",
    );
    let found = |edits: &[(&str, &str)]| {
        let findings = check(&text("400d", edits), &today).findings;
        let found = findings.into_iter().filter(|found| found.rule == "FMP053");
        found.map(|found| found.message).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), Vec::<String>::new());
    let given_up = found(&[nights, FREEZE, WEEK]).join("");
    assert!(given_up.contains("are given up at 2026-11-"), "{given_up}");
    let long = ("soak  = \"1h\"", "soak = \"300d\"");
    let endless = found(&[long]).join("");
    assert!(endless.contains("isn't over after 500 days"), "{endless}");
    assert!(
        endless.contains("Not counted: a person, who is asked"),
        "{endless}"
    );
    let cure = "open windows on more days, freeze fewer, or shorten soak and horizons";
    let findings = check(&text("400d", &[long]), &today).findings;
    assert!(
        findings.iter().any(|found| found.fix == cure),
        "{findings:#?}"
    );
}

#[test]
fn what_is_not_counted_is_said_where_it_may_come() {
    let waits = |edits: &[(&str, &str)]| {
        let waits = not_counted(&plan("3d", edits)).into_iter();
        waits.map(|wait| (wait.wait, wait.what)).collect::<Vec<_>>()
    };
    let kinds = |edits: &[(&str, &str)]| -> Vec<_> {
        waits(edits).into_iter().map(|(wait, _)| wait).collect()
    };
    let every = [Uncounted::ClassBusy, Uncounted::Schedule];
    let compared = [&every[..], &[Uncounted::Question]].concat();
    assert_eq!(kinds(&[]), compared);
    let class = "install    = \"dual-bank\"";
    let with = |line: &str| format!("{class}\n{line}\n");
    let safety = with("safety = \"relevant\"");
    let stones = with("needs = [{ from = \"3.0.0\", at_least = \"2.0.0\" }]");
    assert!(kinds(&[(class, &safety)]).contains(&Uncounted::Promotion));
    assert!(kinds(&[(class, &stones)]).contains(&Uncounted::Needs));
    let long = ("jitter        = \"20m\"", "jitter = \"170m\"");
    assert!(kinds(&[long]).contains(&Uncounted::WindowEnd));
    assert!(!kinds(&[long, (WINDOW, "local = \"00:00-24:00\"")]).contains(&Uncounted::WindowEnd));
    let hotfix = "waves = [\"canary\", \"10 %\", \"100 %\"]         #";
    let share = waits(&[(hotfix, "waves = [\"canary\", \"10 %\"] #")]);
    let outside = (
        Uncounted::Outside,
        "devices outside the hotfix track's waves, which end at 10 %".to_owned(),
    );
    assert!(share.contains(&outside), "{share:?}");
    // In one wave nothing is compared, and nobody opens another.
    let one = kinds(&[(hotfix, "waves = [\"100 %\"] #"), (class, &safety)]);
    assert_eq!(one, every);
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

/// Steps follow each other; no beginning of eight weeks, with holidays and a change of clocks, takes longer than the longest.
#[test]
fn nothing_takes_longer_than_the_longest() {
    let plan = plan("9d", &[]);
    let places = places(&["America/New_York", "Pacific/Guam"]);
    let from = at("2027-11-01T00:00:00Z");
    let worst = longest(&plan, &places, from).expect("a path");
    let mut seen = SignedDuration::ZERO;
    for minutes in (0..8 * 7 * 24 * 60).step_by(662) {
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
    let path = longest(&none, &assumed_places(&none), from);
    assert_eq!(path, Err(Stuck::NotStated));
}
