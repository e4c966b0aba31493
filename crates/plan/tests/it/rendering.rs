//! What `mainstay plan check` prints.

use mainstay_plan::{FleetFacts, check, render};

use crate::examples::THERMOSTAT;

#[test]
fn findings_read_like_a_letter() {
    let plan = THERMOSTAT
        .replacen("devices = 40", "devices = 120", 1)
        .replacen("expect  = 1.0 ", "expect  = 0.5 ", 1)
        .replacen("halt    = 12.0", "halt    = 2.0 ", 1)
        .replacen("2032-06-30", "2031-06-30", 1);
    let findings = check(&plan, &FleetFacts::default()).findings;
    let expected = "\
plan.toml: 1 error, 1 warning

warning FMP074  [[class]] line 27
  thermo-v2 is supported for less than 5 years after its last sale.
  why   a shorter promise may be shorter than the law of a market allows (Regulation (EU) 2024/2847 Article 13(8))
  fix   security_until = 2032-06-30, or have the shorter promise reviewed

error FMP030  [health.install] line 81
  Noticing 2.0 % instead of 0.5 % with 90 % power needs 462 devices; the canary of thermo-v2 has 120. Where soft signals are declared, hard failures have four fifths of alpha, 4.0 of 5 %.
  why   a canary too small to show the fault gives comfort and no knowledge (exact binomial test; CrowdStrike 2024)
  fix   devices = 462 in canary, or halt = 5.0 (needs 105), or accept power = 43
";
    assert_eq!(render::text("plan.toml", &findings), expected);
}

#[test]
fn nothing_found_is_said_too() {
    assert_eq!(
        render::text("plan.toml", &[]),
        "plan.toml: 0 errors, 0 warnings\n"
    );
}

#[test]
fn machines_read_the_same_findings() {
    let findings = check("", &FleetFacts::default()).findings;
    let json = serde_json::to_value(&findings[0]).unwrap();
    assert_eq!(json["rule"], "plan.empty");
    assert_eq!(json["severity"], "error");
    assert_eq!(json["place"]["line"], 1);
}
