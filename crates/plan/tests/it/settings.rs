//! What the settings that rules ask about look like, and what is said when they are written wrongly.

use mainstay_plan::{Credentials, FleetFacts, check, parse};

use crate::examples::{MINIMAL, THERMOSTAT};
use crate::lint_rows::gated;

/// The rules, the lines' texts, of all findings after one edit.
fn found(plan: &str, from: &str, to: &str) -> Vec<(&'static str, String)> {
    assert!(plan.contains(from), "the plan has no {from}");
    let plan = plan.replacen(from, to, 1);
    let findings = check(&plan, &FleetFacts::default()).findings;
    let section = |finding: &mainstay_plan::Finding| finding.place.section.clone();
    findings
        .iter()
        .map(|finding| (finding.rule, section(finding)))
        .collect()
}

#[test]
fn a_waiver_is_nothing_without_its_parts() {
    let gated = gated();
    for line in [
        "owner   = \"sam@northwind.example\"",
        "reason  = \"the long run takes two days\"",
        "instead = \"it runs after the release, and a failure halts the rollout\"",
        "until   = 2027-06-30",
    ] {
        let told = found(&gated, line, "");
        let waiver = |rule| (rule, "[[waiver]]".to_owned());
        // What it would waive isn't known to be missing.
        assert_eq!(told, [waiver("FMP027")], "{line}");
    }
}

#[test]
fn a_waiver_for_another_track_waives_nothing() {
    let told = found(&gated(), "track   = \"hotfix\"", "track = \"feature\"");
    let hotfix = ("FMP023", "[track.hotfix]".to_owned());
    assert_eq!(told, [hotfix, ("FMP027", "[[waiver]]".to_owned())]);
}

#[test]
fn gates_and_waivers_are_kept_as_they_stand() {
    let plan = parse(&gated()).expect("it is well-formed");
    assert_eq!(plan.gates.len(), 5);
    assert_eq!(
        plan.gate("coverage").and_then(|gate| gate.min_percent),
        Some(80)
    );
    assert_eq!(plan.gate("hil").expect("declared").on, ["B", "C"]);
    assert_eq!(plan.waivers.len(), 1);
    assert_eq!(plan.waivers[0].owner.as_str(), "sam@northwind.example");
    let plain = parse(MINIMAL).expect("it passes");
    assert!(plain.gates.is_empty() && plain.waivers.is_empty());
}

#[test]
fn settings_in_the_wrong_gate_are_unknown_there() {
    let unknown = ("plan.unknown-key", "[gate.unit]".to_owned());
    for (from, to) in [
        (
            "unit        = { expires = \"30d\" }",
            "unit = { expires = \"30d\", min = 80 }",
        ),
        (
            "unit        = { expires = \"30d\" }",
            "unit = { expires = \"30d\", on = [\"B\"] }",
        ),
    ] {
        assert_eq!(
            found(&gated(), from, to),
            std::slice::from_ref(&unknown),
            "{to}"
        );
    }
}

#[test]
fn a_pack_that_nobody_knows_is_told_the_nearest() {
    let packs = "[compliance]\npacks = [\"us-ca-sb372\"]\n[trust]";
    let findings = parse(&THERMOSTAT.replacen("[trust]", packs, 1)).expect_err("unknown");
    assert_eq!(findings[0].rule, "plan.wrong-value");
    assert_eq!(findings[0].fix, "did you mean \"us-ca-sb327\"?");
}

#[test]
fn what_a_class_says_of_itself_is_read() {
    let strategy = "install    = \"dual-bank\"";
    let more = format!(
        "{strategy}\nslot = \"512 KiB\"\nusage_cycle = \"2h\"\ncredentials = \"first-use\"\n\
         upstream = [{{ name = \"kernel\", until = 2033-01-01 }}]"
    );
    let plan = parse(&THERMOSTAT.replacen(strategy, &more, 1)).expect("it passes");
    let class = &plan.classes[0];
    assert_eq!(class.slot_bytes, Some(512 << 10));
    assert_eq!(class.credentials, Some(Credentials::FirstUse));
    assert_eq!(class.upstream[0].name, "kernel");
}

/// Each clock is held to its own bound; times are within it.
#[test]
fn clocks_for_reports_are_held_to_the_law() {
    let sold = THERMOSTAT.replacen("market      = [\"us\"]", "market = [\"fr\"]", 1);
    let clocks = |early: &str, note: &str, last: &str| {
        format!(
            "[compliance]\nreport = {{ early_warning = \"{early}\", notification = \"{note}\", \
             final = \"{last}\" }}\n[trust]"
        )
    };
    let late = ("FMP087", "[compliance]".to_owned());
    for (clocks, expected) in [
        (clocks("24h", "72h", "14d"), vec![]),
        (clocks("25h", "72h", "14d"), vec![late.clone()]),
        (clocks("24h", "73h", "15d"), vec![late.clone(), late]),
    ] {
        assert_eq!(found(&sold, "[trust]", &clocks), expected, "{clocks}");
    }
}

/// A second algorithm that lasts is enough, and which one it is doesn't matter.
#[test]
fn long_support_asks_for_signatures_that_last() {
    let long = THERMOSTAT.replacen("2032-06-30", "2040-06-30", 1);
    let algorithms = "algorithms        = [\"esp256\"]";
    for (named, expected) in [
        ("\"esp256\", \"esp384\", \"ed25519\"", 1),
        ("\"esp256\", \"ml-dsa-65\"", 0),
        ("\"ml-dsa-87\"", 0),
    ] {
        let told = found(&long, algorithms, &format!("algorithms = [{named}]"));
        assert_eq!(told.len(), expected, "{named}: {told:?}");
    }
}

#[test]
fn minima_of_a_canary_are_of_attributes_that_can_be_declared_each_once() {
    let least = "at_least_per_hardware = 10";
    let with = |minima: &str| format!("{least}, at_least_per = [{minima}]");
    let region = "{ attribute = \"region\", devices = 5 }";
    let plan = parse(&THERMOSTAT.replacen(least, &with(region), 1)).expect("it passes");
    let minimum = &plan.rollout.canary.at_least_per[0];
    assert_eq!((minimum.attribute.as_str(), minimum.devices), ("region", 5));
    for (minima, rule) in [
        ("{ attribute = \"7th\", devices = 5 }", "plan.wrong-value"),
        (
            "{ attribute = \"region\", devices = 0 }",
            "plan.wrong-value",
        ),
        ("{ attribute = \"region\" }", "plan.missing"),
        (&format!("{region}, {region}"), "plan.named-twice"),
    ] {
        let told = found(THERMOSTAT, least, &with(minima));
        assert_eq!(told[0].0, rule, "{minima}");
    }
}
