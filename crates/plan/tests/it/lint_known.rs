//! Rules that ask for more than a plan says: the devices in the field, the day, the plan in force.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use mainstay_plan::{ClassId, Finding, FleetFacts, InForce, Severity, check, parse};

use crate::examples::THERMOSTAT;
use crate::lint_rows::gated;

/// A rule, how bad it is to break it, a plan, and what is known when it is kept and when it is broken.
struct Known {
    rule: &'static str,
    severity: Severity,
    plan: String,
    keeps: FleetFacts,
    breaks: FleetFacts,
}

fn class(id: &str) -> ClassId {
    ClassId::new(id).expect("a class")
}

/// Devices of the thermostat's class by their hardware.
fn fleet(hardware: &[(&str, u32)]) -> FleetFacts {
    let by_hardware = hardware
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count));
    let devices = hardware.iter().map(|(_, count)| count).sum();
    let thermo = class("thermo-v2");
    FleetFacts {
        devices_by_class: BTreeMap::from([(thermo.clone(), devices)]),
        devices_by_hardware: BTreeMap::from([(thermo, by_hardware.collect())]),
        ..FleetFacts::default()
    }
}

fn as_of(day: Date) -> FleetFacts {
    FleetFacts {
        as_of: Some(day),
        ..FleetFacts::default()
    }
}

fn after(in_force: &str, facts: FleetFacts) -> FleetFacts {
    let plan = parse(in_force).expect("the plan in force is sound");
    FleetFacts {
        in_force: Some(InForce::of(&plan)),
        ..facts
    }
}

fn edited(plan: &str, from: &str, to: &str) -> String {
    assert!(plan.contains(from), "the plan has no {from}");
    plan.replacen(from, to, 1)
}

fn hardware() -> Vec<Known> {
    let more = edited(
        THERMOSTAT,
        "hardware   = [\"B\", \"C\"]",
        "hardware = [\"B\", \"C\", \"D\"]",
    );
    let gone = FleetFacts {
        devices_by_class: BTreeMap::from([(class("thermo-v1"), 3)]),
        ..FleetFacts::default()
    };
    vec![
        Known {
            rule: "FMP001",
            severity: Severity::Error,
            plan: THERMOSTAT.to_owned(),
            keeps: fleet(&[("A", 0), ("B", 30), ("C", 12)]),
            breaks: fleet(&[("A", 1), ("B", 30), ("C", 12)]),
        },
        Known {
            rule: "FMP001",
            severity: Severity::Error,
            plan: more.clone(),
            // A list that was cut while there were devices is made whole again.
            keeps: after(THERMOSTAT, fleet(&[("B", 30), ("D", 12)])),
            breaks: after(THERMOSTAT, fleet(&[("B", 30), ("C", 12)])),
        },
        Known {
            rule: "FMP001",
            severity: Severity::Error,
            plan: more.clone(),
            keeps: after(THERMOSTAT, FleetFacts::default()),
            breaks: after(THERMOSTAT, fleet(&[("B", 31)])),
        },
        Known {
            rule: "FMP001",
            severity: Severity::Warn,
            plan: THERMOSTAT.to_owned(),
            keeps: after(&more, FleetFacts::default()),
            breaks: after(&more, fleet(&[("B", 31)])),
        },
        Known {
            rule: "FMP001",
            severity: Severity::Warn,
            plan: THERMOSTAT.to_owned(),
            keeps: FleetFacts::default(),
            breaks: gone,
        },
    ]
}

fn sizes() -> Vec<Known> {
    let by_site = edited(
        THERMOSTAT,
        "[health.install]",
        "[health.install]\nunit = \"site\"",
    );
    let sites = |sites| FleetFacts {
        sites_by_class: BTreeMap::from([(class("thermo-v2"), sites)]),
        ..fleet(&[("B", 500)])
    };
    vec![
        Known {
            rule: "FMP030",
            severity: Severity::Error,
            plan: THERMOSTAT.to_owned(),
            keeps: fleet(&[("B", 31)]),
            breaks: fleet(&[("B", 30)]),
        },
        Known {
            rule: "FMP030",
            severity: Severity::Error,
            plan: by_site,
            keeps: sites(31),
            breaks: sites(30),
        },
    ]
}

fn gates() -> Vec<Known> {
    let gated = gated();
    let without_c = edited(&gated, "on = [\"B\", \"C\"]", "on = [\"B\"]");
    let unsupported = |hardware: &[(&str, u32)]| FleetFacts {
        as_of: Some(date(2032, 7, 1)),
        ..fleet(hardware)
    };
    let unwaived = edited(&without_c, "until   = 2027-06-30", "until = 2032-12-31");
    vec![
        Known {
            rule: "FMP024",
            severity: Severity::Error,
            plan: unwaived,
            keeps: unsupported(&[("B", 100), ("C", 1)]),
            breaks: unsupported(&[("B", 99), ("C", 1)]),
        },
        Known {
            rule: "FMP026",
            severity: Severity::Warn,
            plan: gated.clone(),
            keeps: after(&gated, FleetFacts::default()),
            breaks: after(
                &edited(&gated, "min = 80", "min = 81"),
                FleetFacts::default(),
            ),
        },
        Known {
            rule: "FMP027",
            severity: Severity::Error,
            plan: gated,
            keeps: as_of(date(2027, 6, 30)),
            breaks: as_of(date(2027, 7, 1)),
        },
    ]
}

fn dates() -> Vec<Known> {
    let overwrite = "install = \"overwrite\"\naccepts_risk = { owner = \"sam@northwind.example\", until = 2027-01-01, reason = \"no second slot\" }";
    let freeze = "blackout = [\"us-federal-holidays\", \"2026-11-23..2026-11-30\"]";
    let disclosure = "[compliance]\ndisclosure = { acknowledge = \"3d\", status = \"14d\", security_txt_until = 2027-06-30 }\n[trust]";
    vec![
        Known {
            rule: "FMP083",
            severity: Severity::Error,
            plan: edited(THERMOSTAT, "[trust]", disclosure),
            keeps: as_of(date(2027, 6, 30)),
            breaks: as_of(date(2027, 7, 1)),
        },
        Known {
            rule: "FMP004",
            severity: Severity::Error,
            plan: edited(THERMOSTAT, "install    = \"dual-bank\"", overwrite),
            keeps: as_of(date(2027, 1, 1)),
            breaks: as_of(date(2027, 1, 2)),
        },
        Known {
            rule: "FMP043",
            severity: Severity::Warn,
            plan: edited(
                THERMOSTAT,
                "blackout      = [\"us-federal-holidays\"]",
                freeze,
            ),
            keeps: as_of(date(2026, 11, 30)),
            breaks: as_of(date(2026, 12, 1)),
        },
    ]
}

fn all() -> Vec<Known> {
    [hardware(), sizes(), gates(), dates()]
        .into_iter()
        .flatten()
        .collect()
}

/// The rules that have a case here.
pub(crate) fn rules() -> Vec<&'static str> {
    all().iter().map(|known| known.rule).collect()
}

fn told(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect()
}

#[test]
fn what_is_known_decides() {
    for known in all() {
        let kept = check(&known.plan, &known.keeps).findings;
        assert_eq!(told(&kept), [], "{}", known.rule);
        let broken = check(&known.plan, &known.breaks).findings;
        assert_eq!(told(&broken), [(known.rule, known.severity)]);
        let unknown = check(&known.plan, &FleetFacts::default()).findings;
        let is_of_the_plan = unknown.iter().any(|finding| finding.rule == "FMP024");
        assert_eq!(unknown.is_empty(), !is_of_the_plan, "{}", known.rule);
    }
}

#[test]
fn a_revision_that_is_dropped_while_it_is_in_the_field_is_told_with_its_number() {
    let cut = edited(
        THERMOSTAT,
        "hardware   = [\"B\", \"C\"]",
        "hardware   = [\"B\"]",
    );
    let findings = check(&cut, &fleet(&[("B", 30), ("C", 12)])).findings;
    let [found] = &findings[..] else {
        panic!("one finding: {findings:?}")
    };
    assert_eq!(found.place.section, "[[class]]");
    assert_eq!(
        found.message,
        "thermo-v2 doesn't list the hardware of all its devices: there are 12 of hardware C."
    );
    assert_eq!(
        found.fix,
        "hardware = [\"B\", \"C\"]; what goes on without them is a new class"
    );
}
