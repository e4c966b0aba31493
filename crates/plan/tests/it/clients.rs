//! What a class says of devices with other clients: how it is read, kept, judged, and compared with what was in force.

use jiff::SignedDuration;
use mainstay_plan::{
    ClientName, ClientRules, Finding, FleetFacts, InForce, Plan, Severity, VersionWord,
    WithoutWord, check, parse,
};

use crate::examples::THERMOSTAT;
use crate::lint_rows::STRATEGY;

/// The thermostat plan with these lines in its class.
fn with(lines: &str) -> String {
    assert!(THERMOSTAT.contains(STRATEGY));
    THERMOSTAT.replacen(STRATEGY, &format!("{STRATEGY}\n{lines}"), 1)
}

fn rules(lines: &str) -> ClientRules {
    let plan = parse(&with(lines)).expect("it is well-formed");
    plan.classes[0].clients.clone()
}

fn found(lines: &str) -> Vec<Finding> {
    check(&with(lines), &FleetFacts::default()).findings
}

const ALL: &str = "client = \"rauc\"\nversion_attribute = \"sw version\"\nversion_word = \"live\"\n\
                   without_version_word = \"taken-at-its-word after 1h 30m\"\nclient_checks = \"signature\"";

#[test]
fn a_class_says_how_its_devices_are_heard() {
    let expected = ClientRules {
        client: Some(ClientName::Rauc),
        version_attribute: Some("sw version".to_owned()),
        version_word: VersionWord::Live,
        without_version_word: WithoutWord::TakenAtItsWord {
            after: SignedDuration::from_mins(90),
        },
        checks_signature: true,
    };
    assert_eq!(rules(ALL), expected);
    let plain = "version_attribute = \"v\"\nversion_word = \"static\"\n\
                 without_version_word = \"unverified\"\nclient_checks = \"none\"";
    let expected = ClientRules {
        version_attribute: Some("v".to_owned()),
        ..ClientRules::default()
    };
    assert_eq!(rules(plain), expected);
}

/// Plans from before mean what they meant, in the store, too.
#[test]
fn who_says_nothing_has_what_there_was() {
    let plan = parse(THERMOSTAT).expect("it passes");
    assert!(plan.classes[0].clients.is_default());
    let stored = serde_json::to_value(&plan).expect("plain");
    assert!(stored["classes"][0].get("clients").is_none());
    assert_eq!(serde_json::from_value::<Plan>(stored).ok(), Some(plan));
    let plan = parse(&with(ALL)).expect("it passes");
    let stored = serde_json::to_value(&plan).expect("plain");
    let clients = &stored["classes"][0]["clients"];
    assert_eq!(clients["client"], "rauc");
    assert_eq!(clients["version_word"], "live");
    let after = &clients["without_version_word"]["taken-at-its-word"]["after"];
    assert_eq!(after, "PT1H30M");
    assert_eq!(serde_json::from_value::<Plan>(stored).ok(), Some(plan));
}

#[test]
fn every_mistake_is_told_at_once() {
    let lines = "client = \"SWUpdate\"\nversion_attribute = \" \"\nversion_word = \"sometimes\"\n\
                 without_version_word = \"taken-at-its-word\"\nclient_checks = \"all\"";
    let told: Vec<_> = found(lines).into_iter().map(|found| found.rule).collect();
    assert_eq!(told, ["plan.wrong-value"; 5]);
}

#[test]
fn who_is_taken_at_its_word_is_so_after_some_time() {
    for word in [
        "taken-at-its-word",
        "taken-at-its-word after",
        "taken-at-its-word after 0h",
        "taken-at-its-word after 401d",
        "taken-at-its-word in 24h",
    ] {
        let told = found(&format!("without_version_word = \"{word}\""));
        assert_eq!(told.len(), 1, "{word}");
        assert_eq!(told[0].rule, "plan.wrong-value");
        assert_eq!(told[0].fix, "write it like \"taken-at-its-word after 24h\"");
    }
}

#[test]
fn a_word_about_an_attribute_that_nobody_names_is_told() {
    let told = found("version_word = \"live\"");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].rule, "plan.missing");
    assert!(told[0].fix.starts_with("add version_attribute = "));
}

/// Longest name, and one more.
#[test]
fn an_attributes_name_has_a_bound() {
    for (chars, expected) in [(128, 0), (129, 1)] {
        let lines = format!("version_attribute = \"{}\"", "ü".repeat(chars));
        assert_eq!(found(&lines).len(), expected, "{chars}");
    }
}

#[test]
fn a_canary_that_nothing_can_pass_is_told() {
    for (client, severity) in [
        ("swupdate", Severity::Error),
        ("rauc", Severity::Error),
        ("zephyr", Severity::Error),
        ("generic", Severity::Warn),
    ] {
        let told = found(&format!("client = \"{client}\""));
        assert_eq!(told.len(), 1, "{client}");
        assert_eq!((told[0].rule, told[0].severity), ("FMP032", severity));
        assert!(told[0].message.ends_with("Its canary can never pass."));
        assert_eq!(told[0].place.section, "[[class]]");
    }
}

/// With an attribute others may still pass; without one nobody can.
#[test]
fn who_is_believed_too_late_is_scored_before() {
    let late = "without_version_word = \"taken-at-its-word after 24h\"";
    let told = found(late);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].rule, told[0].severity),
        ("FMP032", Severity::Error)
    );
    let told = found(&format!("{late}\nversion_attribute = \"sw_version\""));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].rule, told[0].severity), ("FMP032", Severity::Warn));
}

/// What is found of `next` when `before` is in force.
fn after(before: &str, next: &str) -> Vec<(&'static str, Severity, String)> {
    let in_force = parse(&with(before)).expect("the plan in force is sound");
    let facts = FleetFacts {
        in_force: Some(InForce::of(&in_force)),
        ..FleetFacts::default()
    };
    let found = check(&with(next), &facts).findings;
    let told = found.into_iter();
    told.map(|found| (found.rule, found.severity, found.fix))
        .collect()
}

#[test]
fn to_believe_more_than_before_is_told() {
    let taken = |after: &str| format!("without_version_word = \"taken-at-its-word after {after}\"");
    let loosened = |fix: &str| vec![("plan.loosened", Severity::Warn, fix.to_owned())];
    let signature = "client_checks = \"signature\"";
    let as_before =
        loosened("without_version_word = \"taken-at-its-word after 20m\", unless this is meant");
    let checks = loosened("client_checks = \"signature\", unless they check none any more");
    let unverified = loosened("without_version_word = \"unverified\", unless this is meant");
    for (before, next, expected) in [
        ("", taken("20m"), unverified),
        (&taken("20m")[..], taken("10m"), as_before),
        (&taken("10m"), taken("20m"), vec![]),
        (&taken("10m"), String::new(), vec![]),
        (signature, String::new(), checks),
        ("", signature.to_owned(), vec![]),
        (
            signature,
            "client = \"rauc\"\nversion_attribute = \"v\"".to_owned(),
            vec![],
        ),
    ] {
        assert_eq!(after(before, &next), expected, "{before} -> {next}");
    }
}
