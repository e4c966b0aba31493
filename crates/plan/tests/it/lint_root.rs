//! Rules that compare a plan with the root that devices hold.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use mainstay_plan::{FleetFacts, RoleFacts, RootFacts, Severity, SignatureAlgorithm, check};

use crate::examples::THERMOSTAT;
use crate::lint_known::{Known, edited};

fn role(holders: &[&str]) -> RoleFacts {
    let holders: BTreeSet<_> = holders.iter().map(|holder| (*holder).to_owned()).collect();
    RoleFacts {
        threshold: 1,
        algorithms: vec![SignatureAlgorithm::Esp256],
        holders,
    }
}

/// A root that says what the thermostats' plan says, made and ending on these days.
fn root(issued: Date, expires: Date) -> RootFacts {
    RootFacts {
        version: 3,
        vendor: "northwind.example".to_owned(),
        environment: "production".to_owned(),
        issued,
        expires,
        build: role(&["ana@northwind.example", "li@northwind.example"]),
        release: role(&["sam@northwind.example"]),
        operations: role(&[]),
    }
}

fn good() -> RootFacts {
    root(date(2026, 1, 1), date(2031, 1, 1))
}

fn knowing(root: RootFacts) -> FleetFacts {
    FleetFacts {
        root: Some(root),
        ..FleetFacts::default()
    }
}

/// What is known on a day, with a root that was made and ends on these.
fn on(today: Date, issued: Date, expires: Date) -> FleetFacts {
    FleetFacts {
        as_of: Some(today),
        ..knowing(root(issued, expires))
    }
}

fn broken(rule: &'static str, severity: Severity, plan: &str, root: RootFacts) -> Known {
    Known {
        rule,
        severity,
        plan: plan.to_owned(),
        keeps: knowing(good()),
        breaks: knowing(root),
    }
}

/// Whose it is, who holds its keys, how many must sign, in what.
fn words() -> Vec<Known> {
    let (error, warn) = (Severity::Error, Severity::Warn);
    let mut eve = good();
    eve.build.holders.insert("eve@northwind.example".to_owned());
    let mut bench = good();
    bench.environment = "staging".to_owned();
    let mut other = good();
    other.vendor = "southwind.example".to_owned();
    let two = edited(THERMOSTAT, "release_threshold = 1", "release_threshold = 2");
    let mut takes_two = good();
    takes_two.release.threshold = 2;
    let algorithms = "algorithms        = [\"esp256\"]";
    let lasting = edited(
        THERMOSTAT,
        algorithms,
        "algorithms = [\"esp256\", \"ml-dsa-65\"]",
    );
    let mut lasts = good();
    lasts.build.algorithms.push(SignatureAlgorithm::MlDsa65);
    let half = lasts.clone();
    lasts.release.algorithms.push(SignatureAlgorithm::MlDsa65);
    let after = |keeps, known: Known| Known {
        keeps: knowing(keeps),
        ..known
    };
    vec![
        broken("FMP010", warn, THERMOSTAT, eve),
        broken("FMP014", error, THERMOSTAT, bench),
        broken("FMP014", error, THERMOSTAT, other),
        after(takes_two, broken("FMP013", warn, &two, good())),
        after(lasts, broken("FMP016", warn, &lasting, half)),
    ]
}

/// When the next one is due.
fn days() -> Vec<Known> {
    let due = |keeps, breaks| Known {
        rule: "FMP011",
        severity: Severity::Warn,
        plan: THERMOSTAT.to_owned(),
        keeps,
        breaks,
    };
    let (made, ends) = (date(2026, 1, 1), date(2031, 1, 1));
    // The feature track comes round twice in 196 days.
    let last = date(2026, 7, 16);
    vec![
        due(
            on(date(2026, 1, 1), date(2025, 12, 1), last),
            on(date(2026, 1, 2), date(2025, 12, 1), last),
        ),
        due(
            on(date(2027, 1, 1), made, ends),
            on(date(2027, 1, 2), made, ends),
        ),
        due(
            on(made, made, ends),
            on(date(2026, 7, 16), date(2026, 7, 1), last),
        ),
    ]
}

pub(crate) fn all() -> Vec<Known> {
    words().into_iter().chain(days()).collect()
}

#[test]
fn what_a_root_lacks_is_told_with_its_number() {
    let mut lax = good();
    lax.build.holders.insert("eve@northwind.example".to_owned());
    lax.build.algorithms.clear();
    lax.release.algorithms.clear();
    let told = check(THERMOSTAT, &knowing(lax)).findings;
    let told: Vec<_> = told.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "eve@northwind.example holds a key of role build in root 3, and isn't in [role.engineer].",
            "The plan names esp256, and root 3 doesn't demand it of roles build and release: devices take releases without it.",
        ]
    );
}

/// Addresses are told apart as mail does it: not by capitals.
#[test]
fn a_holder_is_known_whatever_the_capitals() {
    let plan = edited(
        THERMOSTAT,
        "\"ana@northwind.example\"",
        "\"Ana@Northwind.example\"",
    );
    assert_eq!(check(&plan, &knowing(good())).findings, []);
}
