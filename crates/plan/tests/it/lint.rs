//! Each rule, with a plan that just keeps it and one that just breaks it.

use mainstay_plan::lint::RULES;
use mainstay_plan::{FleetFacts, Severity, check};

use crate::examples::THERMOSTAT;

/// A rule, an edit (what to find, what to put there) that keeps it, and one that breaks it.
type Row = (
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
);

const BOOTLOADER: &str = "bootloader = \">=1.4.0\"";
const STRATEGY: &str = "install    = \"dual-bank\"";
const REVERT: &str = "revert     = { boots = 3, confirm_within = \"10m\" }";
const SUPPORT: &str =
    "support    = { sold_until = 2027-06-30, security_until = 2032-06-30, then = \"thermo-v3\" }";
const KIM: &str = "people   = [\"kim@northwind.example\"]";
const SAM: &str = "people   = [\"sam@northwind.example\"]";
const JOE: &str = "deputies = [\"joe@northwind.example\"]";
const FEATURE: &str = "waves = [\"canary\", \"10 %\", \"50 %\", \"100 %\"]";
const CANARY: &str = "devices = 40";
const WINDOW: &str = "local = \"01:00-04:00\", days = \"daily\", dst_gap = \"skip\"";
const LIMIT: &str = "limit         = { downloads = 100, bytes_per_second = \"50 MB\" }";
const JITTER: &str = "jitter        = \"20m\"";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("FMP001", (BOOTLOADER, "bootloader = \">=0.0.1\""), (BOOTLOADER, "bootloader = \">=0.0.0\"")),
    ("FMP001", (BOOTLOADER, BOOTLOADER), (BOOTLOADER, "")),
    ("FMP001", ("hardware   = [\"B\", \"C\"]", "hardware = [\"B\"]"), ("hardware   = [\"B\", \"C\"]", "")),
    ("FMP004", (STRATEGY, "install = \"overwrite\"\naccepts_risk = { owner = \"sam@northwind.example\", until = 2027-01-01, reason = \"no second slot\" }"), (STRATEGY, "install = \"overwrite\"")),
    ("FMP004", (STRATEGY, "install = \"swap\""), (STRATEGY, "")),
    ("FMP005", (REVERT, "revert = { boots = 1, confirm_within = \"30m\" }"), (REVERT, "revert = { boots = 1, confirm_within = \"31m\" }")),
    ("FMP005", (REVERT, REVERT), (REVERT, "")),
    ("FMP013", (SAM, "people = [\"ana2@northwind.example\"]"), (SAM, "people = [\"ANA@northwind.example\"]")),
    ("FMP013", ("release_threshold = 1", "release_threshold = 2"), ("release_threshold = 1", "release_threshold = 3")),
    ("FMP022", (FEATURE, "waves = [\"canary\", \"10 %\", \"100 %\"]"), (FEATURE, "waves = [\"10 %\", \"50 %\", \"100 %\"]")),
    ("FMP030", (CANARY, "devices = 31"), (CANARY, "devices = 30")),
    ("FMP040", (WINDOW, "local = \"22:00-02:00\", dst_gap = \"skip\""), (WINDOW, "local = \"22:00-02:00 +03:00\", dst_gap = \"skip\"")),
    ("FMP040", (WINDOW, WINDOW), (WINDOW, "local = \"01:00-04:00\", dst_gap = \"skip\", zone = \"EST\"")),
    ("FMP041", (WINDOW, "local = \"00:00-24:00\""), (WINDOW, "local = \"00:00-23:59\"")),
    ("FMP045", (JITTER, "jitter = \"179m\""), (JITTER, "jitter = \"180m\"")),
    ("FMP045", (JITTER, "jitter = \"1ms\""), (JITTER, "")),
    ("FMP045", (LIMIT, "limit = { downloads = 1000, bytes_per_second = \"1 MB\" }"), (LIMIT, "limit = { downloads = 1001, bytes_per_second = \"1 MB\" }")),
    ("FMP045", (LIMIT, LIMIT), (LIMIT, "")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"5 %\", \"50 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"4 %\", \"50 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"10 %\", \"11 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"10 %\", \"10 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"10 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"11 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, FEATURE), (FEATURE, "waves = [\"canary\", \"10 %\", \"99 %\"]")),
    ("FMP046", (FEATURE, FEATURE), (FEATURE, "waves = [\"canary\", \"canary\", \"10 %\", \"100 %\"]")),
    ("FMP070", (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-30, life_until = 2032-06-30 }"), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-30, life_until = 2032-06-29 }")),
    ("FMP070", (SUPPORT, SUPPORT), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2027-06-29 }")),
    ("FMP070", (SUPPORT, SUPPORT), (SUPPORT, "")),
    ("FMP074", (SUPPORT, "support = { sold_until = 2024-02-29, security_until = 2029-02-28 }"), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-29 }")),
    ("FMP080", (JOE, "deputies = [\"mo@northwind.example\"]"), (JOE, "")),
    ("FMP081", (KIM, "people = [\"mo@northwind.example\"]"), (KIM, "people = [\"li@northwind.example\"]")),
    ("FMP081", (KIM, KIM), (KIM, "people = [\"noor@northwind.example\"]")),
];

/// The ids of all findings against the thermostat plan after one edit.
fn findings(edit: (&str, &str)) -> Vec<&'static str> {
    assert!(THERMOSTAT.contains(edit.0), "the plan has no {}", edit.0);
    let plan = THERMOSTAT.replacen(edit.0, edit.1, 1);
    check(&plan, &FleetFacts::default())
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn every_rule_lets_a_good_plan_pass_and_finds_a_bad_one() {
    for (rule, keeps, breaks) in ROWS {
        assert_eq!(findings(*keeps), Vec::<&str>::new(), "{rule}: {}", keeps.1);
        assert_eq!(findings(*breaks), [*rule], "{rule}: {}", breaks.1);
    }
}

#[test]
fn no_rule_is_without_a_row() {
    for rule in RULES {
        assert!(
            ROWS.iter().any(|row| row.0 == rule.reason.id),
            "{}",
            rule.reason.id
        );
    }
}

#[test]
fn rules_have_an_id_of_their_own_a_reason_and_a_source() {
    assert!(RULES.is_sorted_by(|a, b| a.reason.id < b.reason.id));
    for rule in RULES {
        let reason = &rule.reason;
        assert!(
            !reason.why.is_empty() && !reason.why.ends_with('.'),
            "{}",
            reason.id
        );
        assert!(
            !reason.source.is_empty() && rule.statement.ends_with('.'),
            "{}",
            reason.id
        );
    }
}

#[test]
fn every_mistake_is_reported_at_once_and_by_line() {
    let plan = THERMOSTAT
        .replace(BOOTLOADER, "bootloader = \"1.4\"")
        .replace(KIM, "people = [\"ana@northwind.example\"]")
        .replace(FEATURE, "waves = [\"50 %\", \"10 %\"]")
        .replace("[trust]", "[trust]\nalgorithm = \"esp256\"");
    let checked = check(&plan, &FleetFacts::default());
    let ids: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect();
    let expected = [
        "plan.wrong-value",
        "FMP081",
        "FMP022",
        "FMP046",
        "FMP046",
        "FMP046",
        "plan.unknown-key",
    ];
    assert_eq!(ids, expected);
    assert!(
        checked
            .findings
            .is_sorted_by_key(|finding| finding.place.line)
    );
    assert!(checked.plan.is_none() && !checked.passes());
}

#[test]
fn a_lint_error_stands_beside_the_plan_and_a_warning_lets_it_pass() {
    let small = THERMOSTAT.replacen(CANARY, "devices = 30", 1);
    let checked = check(&small, &FleetFacts::default());
    assert!(checked.plan.is_some() && !checked.passes());
    let short = THERMOSTAT.replacen("2032-06-30", "2032-06-29", 1);
    let checked = check(&short, &FleetFacts::default());
    assert_eq!(checked.findings[0].severity, Severity::Warn);
    assert!(checked.passes());
}
