//! Stepping stones and prerequisites: how a plan says them, what is told of bad ones, and that stones lead anywhere.

use mainstay_plan::{Class, FleetFacts, VersionNumber, check, parse};
use proptest::prelude::*;

use crate::examples::THERMOSTAT;
use crate::lint_rows::{STRATEGY, THERMO, two_classes};

const PAGE: &str = include_str!("../../../../docs/concepts/order.md");

fn version(text: &str) -> VersionNumber {
    text.parse().expect("three numbers")
}

/// The thermostat's class with these `needs`.
fn class(needs: &str) -> Class {
    let lines = format!("{STRATEGY}\nneeds = [{needs}]");
    let plan = THERMOSTAT.replacen(STRATEGY, &lines, 1);
    parse(&plan).expect("it passes").classes.remove(0)
}

/// Ids, messages and remedies of what is found against the thermostat's plan with these classes.
fn found(classes: &str) -> Vec<(&'static str, String, String)> {
    let plan = THERMOSTAT.replacen(THERMO, classes, 1);
    let findings = check(&plan, &FleetFacts::default()).findings;
    let told = findings.into_iter();
    told.map(|finding| (finding.rule, finding.message, finding.fix))
        .collect()
}

#[test]
fn a_stone_is_asked_for_by_every_release_from_its_own_on() {
    let class = class(
        "{ from = \"4.0.0\", at_least = \"3.2.0\" }, { from = \"3.0.0\", at_least = \"2.0.0\" }",
    );
    for (release, stones) in [
        ("1.9.0", &[][..]),
        ("2.9.9", &[]),
        ("3.0.0", &["2.0.0"]),
        ("3.9.0", &["2.0.0"]),
        ("4.0.0", &["2.0.0", "3.2.0"]),
        ("10.0.0", &["2.0.0", "3.2.0"]),
    ] {
        let told: Vec<_> = class
            .stones_before(version(release))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(told, stones, "{release}");
    }
}

#[test]
fn a_prerequisite_names_a_class_a_version_and_a_share() {
    let all = two_classes!(
        "",
        "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }"
    );
    let most = two_classes!(
        "",
        "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\", share = \"95 %\" }"
    );
    for (classes, percent) in [(all, 100), (most, 95)] {
        let plan = parse(&THERMOSTAT.replacen(THERMO, classes, 1)).expect("it passes");
        let thermo = &plan.classes[1];
        assert!(thermo.stones.is_empty() && thermo.prerequisites_of(version("2.9.9")).is_empty());
        let asked = thermo.prerequisites_of(version("3.0.0"));
        assert_eq!(asked.len(), 1);
        assert_eq!(
            (asked[0].class.as_str(), asked[0].share_percent),
            ("gateway-v1", percent)
        );
        assert_eq!(asked[0].at_least, version("2.0.0"));
    }
}

/// What the page shows is read as it stands.
#[test]
fn the_pages_example_is_one() {
    let block = PAGE
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let (_, needs) = block
        .and_then(|block| block.split_once("needs = ["))
        .expect("an example");
    let needs = format!("{STRATEGY}\nneeds = [{needs}");
    let plan = THERMOSTAT.replacen(STRATEGY, &needs, 1);
    let plan = plan.replacen(THERMO, two_classes!("", ""), 1);
    let plan = plan.replacen("needs = []\nvendor     =", "vendor =", 1);
    let thermo = &parse(&plan).expect("it passes").classes[1];
    assert_eq!(
        (thermo.stones.len(), thermo.prerequisites[0].share_percent),
        (1, 95)
    );
}

#[test]
fn what_is_written_wrongly_is_told() {
    for (needs, rule) in [
        ("{ at_least = \"2.0.0\" }", "plan.missing"),
        ("{ from = \"3.0.0\" }", "plan.missing"),
        (
            "{ from = \"3.0\", at_least = \"2.0.0\" }",
            "plan.wrong-value",
        ),
        (
            "{ from = \"3.0.0\", at_least = \"2.0.0-rc.1\" }",
            "plan.wrong-value",
        ),
        (
            "{ from = \"3.0.0\", at_least = \"2.0.0\", share = \"95 %\" }",
            "plan.unknown-key",
        ),
        (
            "{ from = \"3.0.0\", class = \"Gate\", at_least = \"2.0.0\" }",
            "plan.wrong-value",
        ),
        (
            "{ from = \"3.0.0\", class = \"gate\", at_least = \"2.0.0\", share = \"0 %\" }",
            "plan.wrong-value",
        ),
    ] {
        let lines = format!("{STRATEGY}\nneeds = [{needs}]");
        let findings = parse(&THERMOSTAT.replacen(STRATEGY, &lines, 1)).expect_err(needs);
        assert_eq!(findings[0].rule, rule, "{needs}: {findings:?}");
        assert_eq!(findings[0].place.section, "[[class]]", "{needs}");
    }
}

#[test]
fn each_mistake_is_told_with_the_way_out() {
    let told = found(two_classes!(
        "",
        "{ from = \"3.0.0\", class = \"gatewy-v1\", at_least = \"2.0.0\" }"
    ));
    assert_eq!(
        told[0].1,
        "thermo-v2 waits for gatewy-v1, a class that the plan doesn't have."
    );
    assert_eq!(told[0].2, "one of gateway-v1, or add its [[class]]");
    let told = found(two_classes!(
        "",
        "{ from = \"3.0.0\", at_least = \"3.1.0\" }"
    ));
    assert_eq!(
        told[0].1,
        "thermo-v2 gets 3.0.0 and later only on top of 3.1.0, which is itself one of those."
    );
    assert_eq!(told[0].2, "an `at_least` below 3.0.0");
}

/// A circle is told once, wherever it is entered, and what only leads to one isn't told at all.
#[test]
fn a_circle_is_told_once() {
    let circle = two_classes!(
        "{ from = \"2.0.0\", class = \"thermo-v2\", at_least = \"3.0.0\" }, { from = \"5.0.0\", class = \"thermo-v2\", at_least = \"4.0.0\" }",
        "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }"
    );
    let told = found(circle);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0].1,
        "gateway-v1 2.0.0 waits for thermo-v2 3.0.0, which waits in the end for gateway-v1 2.0.0 again: neither comes first."
    );
}

fn any_version() -> impl Strategy<Value = VersionNumber> {
    (0..4u64, 0..4u64, 0..2u64).prop_map(|(a, b, c)| VersionNumber::new(a, b, c))
}

/// Pairs of which the first is below the second, as every plan that passes has them.
fn any_stones() -> impl Strategy<Value = Vec<(VersionNumber, VersionNumber)>> {
    let pair = (any_version(), any_version()).prop_filter("upwards", |(low, high)| low < high);
    prop::collection::vec(pair, 0..6)
}

proptest! {
    /// From whatever a device runs, to whatever release: the lowest stone that is ahead may always be installed at
    /// once, and after as many steps as there are stones nothing is ahead any more.
    #[test]
    fn stones_lead_everywhere(stones in any_stones(), runs in any_version(), target in any_version()) {
        let list = stones.iter().map(|(low, high)| format!("{{ from = \"{high}\", at_least = \"{low}\" }}"));
        let class = class(&list.collect::<Vec<_>>().join(", "));
        let ahead = |runs: VersionNumber, release| {
            class.stones_before(release).into_iter().find(|stone| *stone > runs)
        };
        let mut runs = runs;
        for _ in 0..stones.len() {
            let Some(stone) = ahead(runs, target) else { break };
            prop_assert!(runs < stone && stone < target);
            prop_assert_eq!(ahead(runs, stone), None, "the stone itself has one ahead");
            runs = stone;
        }
        prop_assert_eq!(ahead(runs, target), None);
    }
}
