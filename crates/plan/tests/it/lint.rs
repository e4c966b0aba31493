//! Each rule, with a plan that just keeps it and one that just breaks it.

use mainstay_plan::lint::RULES;
use mainstay_plan::{FleetFacts, Severity, check};

use crate::examples::THERMOSTAT;
use crate::lint_known;
use crate::lint_rows::{
    BOOTLOADER, CANARY, FEATURE, GATED_ROWS, KIM, ROWS, SAFE_ROWS, gated, safe,
};

/// The ids of all findings against a plan after one edit, each with a reason, a source and a remedy.
fn findings(plan: &str, edit: (&str, &str)) -> Vec<&'static str> {
    assert!(plan.contains(edit.0), "the plan has no {}", edit.0);
    let plan = plan.replacen(edit.0, edit.1, 1);
    let findings = check(&plan, &FleetFacts::default()).findings;
    for finding in &findings {
        let place = &finding.place;
        assert!(!place.section.is_empty() && place.line > 1, "{finding:?}");
        assert!(
            !finding.fix.is_empty() && finding.message.ends_with('.'),
            "{finding:?}"
        );
    }
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn every_rule_lets_a_good_plan_pass_and_finds_a_bad_one() {
    let (gated, safe) = (gated(), safe());
    let plain = ROWS.iter().map(|row| (THERMOSTAT, row));
    let with_gates = GATED_ROWS.iter().map(|row| (&gated[..], row));
    let safe = SAFE_ROWS.iter().map(|row| (&safe[..], row));
    for (plan, (rule, keeps, breaks)) in plain.chain(with_gates).chain(safe) {
        assert_eq!(
            findings(plan, *keeps),
            Vec::<&str>::new(),
            "{rule}: {}",
            keeps.1
        );
        assert_eq!(findings(plan, *breaks), [*rule], "{rule}: {}", breaks.1);
    }
}

#[test]
fn no_rule_is_without_a_row() {
    let rows = ROWS.iter().chain(GATED_ROWS).chain(SAFE_ROWS);
    let rows: Vec<_> = rows.map(|row| row.0).collect();
    let known = lint_known::facts();
    let rules: Vec<_> = RULES.iter().map(|rule| rule.reason.id).collect();
    for id in &rules {
        assert!(rows.contains(id) || known.contains_key(id), "{id}");
    }
    for id in known.into_keys() {
        assert!(rules.contains(&id), "{id}");
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
