//! The plans people start from are read as they are meant.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mainstay_plan::{
    Cadence, ClassId, ClientName, ClientRules, FleetFacts, Plan, PlanDigest, TrackName,
    VersionWord, Wave, WithoutWord, check, parse,
};

pub(crate) const THERMOSTAT: &str = include_str!("../../../../plans/thermostat.toml");
pub(crate) const MINIMAL: &str = include_str!("../../../../plans/minimal.toml");
pub(crate) const SWUPDATE: &str = include_str!("../../../../plans/swupdate.toml");

#[test]
fn example_plans_pass_without_a_word() {
    let unknown = FleetFacts::default();
    for plan in [
        THERMOSTAT,
        MINIMAL,
        SWUPDATE,
        mainstay_plan::starting_plan(),
    ] {
        let checked = check(plan, &unknown);
        assert_eq!(checked.findings, []);
        assert_eq!(checked.plan.as_ref(), parse(plan).ok().as_ref());
    }
}

#[test]
fn the_thermostat_plan_says_what_it_says() {
    let plan = parse(THERMOSTAT).unwrap();
    let class = plan.class(&ClassId::new("thermo-v2").unwrap()).unwrap();
    let name = class.group_name(plan.environment);
    assert_eq!(name, "northwind.example/production/thermo-v2/B+C");
    let track = plan.tracks.get(TrackName::Maintenance).unwrap();
    assert_eq!(
        track.waves,
        [Wave::Canary, Wave::Percent(10), Wave::Percent(100)]
    );
    assert_eq!(track.soak, SignedDuration::from_hours(2));
    let hotfix = plan.tracks.get(TrackName::Hotfix).unwrap();
    assert_eq!(hotfix.cadence, Some(Cadence::Emergency));
    assert_eq!(plan.rollout.limits.bytes_per_second, 50_000_000);
    assert_eq!(plan.hard_test().canary_needed(), Some(31));
    assert_eq!(plan.health.soft.len(), 3);
    assert_eq!(plan.digest, PlanDigest::of(THERMOSTAT.as_bytes()));
}

#[test]
fn the_plan_for_swupdate_says_how_its_gateways_are_heard() {
    let plan = parse(SWUPDATE).unwrap();
    let expected = ClientRules {
        client: Some(ClientName::Swupdate),
        version_attribute: Some("sw_version".to_owned()),
        version_word: VersionWord::Live,
        without_version_word: WithoutWord::Unverified,
        checks_signature: true,
    };
    assert_eq!(plan.classes[0].clients, expected);
    // Without the attribute nothing could make a gateway count.
    let mute = SWUPDATE.replacen("version_attribute = ", "# ", 1).replacen(
        "version_word      = ",
        "# ",
        1,
    );
    let checked = check(&mute, &FleetFacts::default());
    let found: Vec<_> = checked.findings.iter().map(|found| found.rule).collect();
    assert_eq!(found, ["FMP032"]);
    assert!(!checked.passes());
    // What the comment offers in its place is possible.
    let believing = mute.replacen("= \"unverified\"", "= \"taken-at-its-word after 4h\"", 1);
    assert_eq!(check(&believing, &FleetFacts::default()).findings, []);
}

#[test]
fn a_plan_survives_being_stored() {
    let plan = parse(THERMOSTAT).unwrap();
    let stored = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
}

#[test]
fn one_changed_byte_is_another_revision() {
    let changed = format!("{THERMOSTAT}\n");
    assert_ne!(
        parse(THERMOSTAT).unwrap().digest,
        parse(&changed).unwrap().digest
    );
}

#[test]
fn spans_of_seconds_are_allowed() {
    let quick = THERMOSTAT
        .replace("soak  = \"2h\"", "soak  = \"2s\"")
        .replace("horizon = \"30m\"", "horizon = \"500ms\"")
        .replace("jitter        = \"20m\"", "jitter        = \"1ms\"");
    let checked = check(&quick, &FleetFacts::default());
    assert!(checked.passes());
    let rules: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(
        rules,
        ["FMP005"],
        "a warning only: devices are judged before they may have reverted"
    );
}

#[test]
fn a_known_fleet_too_small_for_the_canary_is_an_error() {
    let class = ClassId::new("thermo-v2").unwrap();
    for (devices, expected) in [(31, true), (30, false)] {
        let devices_by_class = BTreeMap::from([(class.clone(), devices)]);
        let facts = FleetFacts {
            devices_by_class,
            ..FleetFacts::default()
        };
        let checked = check(THERMOSTAT, &facts);
        assert_eq!(checked.passes(), expected, "{devices}");
    }
}

#[test]
fn sites_may_count_in_the_place_of_devices() {
    let unit = |words: &str| {
        let text =
            THERMOSTAT.replacen("[health.install]", &format!("[health.install]\n{words}"), 1);
        let plan = parse(&text).map_err(|findings| findings[0].rule)?;
        Ok::<_, &str>(plan.health.install.unit)
    };
    assert_eq!(unit(""), Ok(mainstay_plan::Unit::Device));
    assert_eq!(unit("unit = \"site\""), Ok(mainstay_plan::Unit::Site));
    assert_eq!(unit("unit = \"house\""), Err("plan.wrong-value"));
}

#[test]
fn a_soft_signal_says_how_much_worse_a_release_may_be() {
    let battery = |words: &str| {
        let text = format!(
            "{}\n[health.battery]\n{words}",
            mainstay_plan::starting_plan()
        );
        let plan = parse(&text).map_err(|findings| findings[0].rule)?;
        Ok::<_, &str>(plan.health.soft)
    };
    let expected = mainstay_plan::SoftSignal {
        name: mainstay_plan::SignalName::Battery,
        worse_by_at_most: 15,
        horizon: SignedDuration::from_hours(48),
    };
    assert_eq!(battery("worse_by_at_most = \"15 %\""), Ok(vec![expected]));
    assert_eq!(battery("horizon = \"48h\""), Err("plan.missing"));
    for words in [
        "worse_by_at_most = \"0 %\"",
        "worse_by_at_most = 0.1",
        "worse_by_at_most = \"10 %\"\nhorizon = \"0h\"",
    ] {
        assert_eq!(battery(words), Err("plan.wrong-value"), "{words}");
    }
    let misspelt = battery("worse_by_at_most = \"10 %\"\n[health.batery]");
    assert_eq!(misspelt, Err("plan.unknown-key"));
}
