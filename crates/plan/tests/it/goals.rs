//! What a plan promises in figures is read as it is meant, and what can't be meant is told.

use jiff::SignedDuration;
use mainstay_plan::{FleetFacts, Goals, Plan, Share, TrackName, check, parse};

use crate::examples::{MINIMAL, THERMOSTAT};
use crate::lint_rows::TRUST;

const PAGE: &str = include_str!("../../../../docs/reference/service-levels.md");
const ALL: &str = r#"
[service_levels]
active_within = "14d"

[track.maintenance.goals]
p50_within       = "36h"
p90_within       = "4d"
p99_within       = "10d"
failures_at_most = "2 %"
reverts_at_most  = "0.5 %"
halted_within    = "2h"
recovered_within = "12h"
dates_kept       = "90 %"

[risk.scheduled]
track      = "maintenance"
fix_within = "40d"

[risk.exploited]
track      = "maintenance"
fix_within = "4d"
deadline   = "14d"

[trust]"#;

fn with(goals: &str) -> String {
    THERMOSTAT.replacen(TRUST, goals, 1)
}

fn plan() -> Plan {
    let checked = check(&with(ALL), &FleetFacts::default());
    assert_eq!(checked.findings, []);
    checked.plan.expect("nothing was found")
}

#[test]
fn goals_are_kept_as_they_stand() {
    let (plan, hours) = (plan(), SignedDuration::from_hours);
    let share = |hundredths| Share::new(hundredths);
    let track = plan.tracks.get(TrackName::Maintenance).expect("declared");
    let expected = Goals {
        p50_within: Some(hours(36)),
        p90_within: Some(hours(96)),
        p99_within: Some(hours(240)),
        failures_at_most: share(200),
        reverts_at_most: share(50),
        halted_within: Some(hours(2)),
        recovered_within: Some(hours(12)),
        dates_kept: share(9_000),
    };
    assert_eq!(track.goals, expected);
    assert_eq!(plan.service_levels.active_within, Some(hours(14 * 24)));
    let tiers: Vec<_> = plan
        .risk_tiers
        .iter()
        .map(|tier| (tier.name.as_str(), tier.fix_within, tier.deadline))
        .collect();
    let expected = [
        ("exploited", hours(96), Some(hours(14 * 24))),
        ("scheduled", hours(960), None),
    ];
    assert_eq!(tiers, expected, "by name");
}

#[test]
fn a_plan_need_promise_nothing() {
    let plan = parse(MINIMAL).expect("it passes");
    assert_eq!(plan.service_levels, mainstay_plan::ServiceLevels::default());
    assert!(plan.risk_tiers.is_empty());
    assert!(
        plan.tracks
            .each()
            .all(|track| track.goals == Goals::default())
    );
}

#[test]
fn a_plan_with_goals_survives_being_stored() {
    let plan = plan();
    let stored = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&stored).expect("a plan"), plan);
}

/// What replaces what, and which rule says so where.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("\"36h\"", "\"97h\"", "plan.contradiction", "[track.maintenance]"),
    ("\"10d\"", "\"95h\"", "plan.contradiction", "[track.maintenance]"),
    ("\"2 %\"", "\"0 %\"", "plan.wrong-value", "[track.maintenance]"),
    ("\"2 %\"", "2", "plan.wrong-value", "[track.maintenance]"),
    ("p90_within ", "p95_within ", "plan.unknown-key", "[track.maintenance]"),
    ("maintenance.goals", "hotfix.goals", "plan.contradiction", "[track.hotfix]"),
    ("[risk.scheduled]", "[risk.Scheduled]", "plan.wrong-value", "[risk.Scheduled]"),
    ("fix_within = \"40d\"", "", "FMP050", "[risk.scheduled]"),
    ("track      = \"maintenance\"", "", "plan.missing", "[risk.scheduled]"),
    ("track      = \"maintenance\"", "track = \"fast\"", "plan.wrong-value", "[risk.scheduled]"),
    ("\"14d\"", "\"two weeks\"", "plan.wrong-value", "[service_levels]"),
    ("active_within", "active_for", "plan.unknown-key", "[service_levels]"),
];

#[test]
fn what_cannot_be_meant_is_told_at_its_place() {
    for (from, to, rule, section) in MISTAKES {
        let text = ALL.replacen(from, to, 1);
        assert_ne!(text, ALL, "{from}");
        let found = check(&with(&text), &FleetFacts::default()).findings;
        let told = found
            .iter()
            .any(|one| (one.rule, &*one.place.section) == (*rule, *section));
        assert!(told, "{to}: {found:?}");
    }
}

/// A track that the plan lost takes the deadlines of its fixes along.
#[test]
fn a_kind_of_risk_needs_its_track() {
    let text = with(ALL).replacen(
        "[risk.scheduled]\ntrack      = \"maintenance\"",
        "[risk.scheduled]\ntrack = \"feature\"",
        1,
    );
    let cut = text.find("[track.feature]").expect("declared");
    let end = text.find("[track.hotfix]").expect("declared");
    let text = format!("{}{}", &text[..cut], &text[end..]);
    let found = check(&text, &FleetFacts::default()).findings;
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.rule, one.fix.as_str()))
        .collect();
    assert_eq!(told, [("FMP050", "add [track.feature]")]);
}

/// All of the reachable fleet can't have a release before 99 % of the active one has.
#[test]
fn goals_stand_beside_the_promise_of_the_whole_fleet() {
    let all = |fleet: &str| {
        let track = "[track.maintenance]";
        with(ALL).replacen(track, &format!("{track}\nfleet_within = \"{fleet}\""), 1)
    };
    assert!(parse(&all("10d")).is_ok());
    let found = parse(&all("239h")).expect_err("shorter than p99_within");
    assert_eq!(found[0].rule, "plan.contradiction");
    assert_eq!(
        found[0].message,
        "fleet_within (239h) is shorter than p99_within (240h)."
    );
}

/// The example of the reference, in a plan that has the tracks already.
#[test]
fn the_example_of_the_reference_passes_without_a_word() {
    const FLEET: &str = "[track.maintenance]\nfleet_within = \"30d\"";
    let block = PAGE.split("```toml\n").nth(1).expect("an example");
    let block = block.split("```").next().expect("it ends");
    assert!(block.contains(FLEET), "{block}");
    let with_fleet = THERMOSTAT.replacen("[track.maintenance]", FLEET, 1);
    let text = format!("{with_fleet}\n{}", block.replacen(FLEET, "", 1));
    assert_eq!(check(&text, &FleetFacts::default()).findings, []);
}
