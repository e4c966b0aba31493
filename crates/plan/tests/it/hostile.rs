//! Files that are broken or ill-meant: each gets a clear answer, and none gets a panic.

use std::path::{Path, PathBuf};

use mainstay_plan::{FleetFacts, PLAN_BYTES_MAX, check, parse};
use proptest::prelude::*;

use crate::examples::THERMOSTAT;

/// Folder, findings' ids, and the line of the first.
const CASES: &[(&str, &[&str], u32)] = &[
    ("blackout-forever", &["FMP043", "plan.contradiction"], 68),
    ("class-twice", &["plan.named-twice"], 30),
    ("comments-only", &["plan.empty"], 1),
    ("empty", &["plan.empty"], 1),
    ("endless-duration", &["plan.wrong-value"], 71),
    ("garbage", &["plan.syntax"], 1),
    ("key-twice", &["plan.syntax"], 13),
    ("misspelt-key", &["FMP045", "plan.unknown-key"], 63),
    ("misspelt-section", &["plan.unknown-key"], 86),
    ("month-without-day", &["plan.wrong-value"], 27),
    ("negative-soak", &["plan.wrong-value"], 51),
    ("nested-too-deep", &["plan.syntax"], 1),
    ("no-canary-size", &["plan.missing"], 63),
    ("person-in-two-duties", &["FMP081"], 41),
    ("rates-upside-down", &["plan.contradiction"], 81),
    ("secret-in-comment", &["FMP090"], 106),
    ("terminal-escape", &["plan.wrong-value"], 12),
    ("two-vendors", &["plan.contradiction"], 31),
    ("unclosed-string", &["plan.syntax"], 11),
    ("window-after-giving-up", &["FMP042"], 72),
    ("zone-in-window", &["FMP040"], 67),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hostile/plan")
}

fn fixture(name: &str) -> String {
    let path = folder().join(name).join("plan.toml");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_defect_is_named_and_placed() {
    for (name, ids, line) in CASES {
        let findings = check(&fixture(name), &FleetFacts::default()).findings;
        let found: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(found, *ids, "{name}");
        assert_eq!(findings[0].place.line, *line, "{name}");
        assert!(
            findings.iter().all(|finding| !finding.fix.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn every_folder_is_a_case() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let listed = CASES.iter().any(|case| case.0 == name) || name == "many-unknown-keys";
        assert!(listed, "{name}");
    }
}

#[test]
fn a_flood_of_mistakes_is_cut_short_and_counted() {
    let findings = check(&fixture("many-unknown-keys"), &FleetFacts::default()).findings;
    assert_eq!(findings.len(), mainstay_plan::limits::FINDINGS_MAX);
    let last = findings.last().unwrap();
    assert_eq!(last.rule, "plan.too-many-findings");
    assert_eq!(last.message, "There are 801 more findings, not shown.");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let comment = "#".repeat(PLAN_BYTES_MAX - THERMOSTAT.len());
    assert!(parse(&format!("{THERMOSTAT}{comment}")).is_ok());
    let findings = parse(&format!("{THERMOSTAT}{comment}#")).unwrap_err();
    assert_eq!(findings[0].rule, "plan.too-large");
}

#[test]
fn a_misspelt_setting_is_told_its_name() {
    let findings = parse(&fixture("misspelt-key")).unwrap_err();
    assert_eq!(findings[1].fix, "did you mean `jitter`?");
}

#[test]
fn findings_never_carry_control_characters() {
    let findings = parse(&fixture("terminal-escape")).unwrap_err();
    assert!(
        !findings[0].message.chars().any(char::is_control),
        "{}",
        findings[0].message
    );
}

proptest! {
    /// Whatever is cut out of a plan, or put into it, it is read or refused with findings.
    #[test]
    fn a_damaged_plan_is_read_or_explained(
        from in 0..THERMOSTAT.len(),
        length in 0..200usize,
        put in "[ -~\n\u{0}-\u{1f}é]{0,20}",
    ) {
        let start = THERMOSTAT.floor_char_boundary(from);
        let end = THERMOSTAT.floor_char_boundary((from + length).min(THERMOSTAT.len()));
        let text = format!("{}{put}{}", &THERMOSTAT[..start], &THERMOSTAT[end..]);
        let checked = check(&text, &FleetFacts::default());
        prop_assert_eq!(checked.plan.is_some(), parse(&text).is_ok());
        prop_assert!(checked.plan.is_some() || !checked.passes());
        let lines = u32::try_from(text.lines().count() + 1).unwrap();
        prop_assert!(checked.findings.iter().all(|finding| finding.place.line <= lines));
    }

    #[test]
    fn any_text_is_read_or_explained(text in "\\PC{0,300}") {
        prop_assert!(parse(&text).is_err_and(|findings| !findings.is_empty()));
    }
}
