//! Rules that ask for more than a plan says: the devices in the field, the day, the plan in force.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use mainstay_plan::{ClassId, Finding, FleetFacts, InForce, Severity, VersionNumber, check, parse};

use crate::examples::THERMOSTAT;
use crate::lint_counts;
use crate::lint_root;
use crate::lint_rows::{BLACKOUT, THERMO, gated, two_classes};

/// A rule, how bad it is to break it, a plan, and what is known when it is kept and when it is broken.
pub(crate) struct Known {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) plan: String,
    pub(crate) keeps: FleetFacts,
    pub(crate) breaks: FleetFacts,
}

pub(crate) fn class(id: &str) -> ClassId {
    ClassId::new(id).expect("a class")
}

/// Devices of the thermostat's class by their hardware.
pub(crate) fn fleet(hardware: &[(&str, u32)]) -> FleetFacts {
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

pub(crate) fn edited(plan: &str, from: &str, to: &str) -> String {
    assert!(plan.contains(from), "the plan has no {from}");
    plan.replacen(from, to, 1)
}

/// Thermostats and as many gateways, with the versions that are known of each.
fn two_kinds(gateways: u32, thermo: &[&str], gateway: &[&str]) -> FleetFacts {
    let mut facts = fleet(&[("B", 30), ("C", 12)]);
    if gateways > 0 {
        facts.devices_by_class.insert(class("gateway-v1"), gateways);
    }
    for (id, versions) in [("thermo-v2", thermo), ("gateway-v1", gateway)] {
        let version = |text: &&str| text.parse::<VersionNumber>().expect("three numbers");
        let known = versions.iter().map(version).collect();
        facts.versions_by_class.insert(class(id), known);
    }
    facts
}

/// Stepping stones and prerequisites, and the versions that there are.
fn ways() -> Vec<Known> {
    let stone = two_classes!("", "{ from = \"3.0.0\", at_least = \"2.0.0\" }");
    let other = two_classes!(
        "",
        "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }"
    );
    let case = |severity, needs: &str, keeps, breaks| Known {
        rule: "FMP002",
        severity,
        plan: edited(THERMOSTAT, THERMO, needs),
        keeps,
        breaks,
    };
    let warn = Severity::Warn;
    let (known, thermo) = (
        |thermo: &[&str]| two_kinds(50, thermo, &["1.0.0"]),
        &["1.4.0"][..],
    );
    let gateway = |gateway: &[&str]| two_kinds(50, thermo, gateway);
    let late = known(&["1.4.0", "1.9.9", "3.0.0"]);
    vec![
        case(
            warn,
            stone,
            known(&["1.4.0", "2.0.0"]),
            known(&["1.4.0", "1.9.9"]),
        ),
        case(warn, stone, known(&["2.9.9", "3.0.0"]), late),
        case(warn, other, gateway(&["2.0.0"]), gateway(&["1.9.9"])),
        case(
            warn,
            other,
            gateway(&["2.1.0"]),
            two_kinds(0, thermo, &["2.1.0"]),
        ),
    ]
}

const HARDWARE: &str = "hardware   = [\"B\", \"C\"]";

/// Lists of hardware, and the devices that they have to fit.
fn hardware() -> Vec<Known> {
    let more = edited(THERMOSTAT, HARDWARE, "hardware = [\"B\", \"C\", \"D\"]");
    let less = edited(THERMOSTAT, HARDWARE, "hardware = [\"B\"]");
    let case = |severity, plan: &str, keeps, breaks| Known {
        rule: "FMP001",
        severity,
        plan: plan.to_owned(),
        keeps,
        breaks,
    };
    let (error, warn) = (Severity::Error, Severity::Warn);
    let both = || fleet(&[("A", 0), ("B", 30), ("C", 12)]);
    let with_d = || fleet(&[("B", 30), ("C", 12), ("D", 1)]);
    let of_b = || fleet(&[("B", 31)]);
    let (none, of) = (FleetFacts::default, after);
    vec![
        case(error, THERMOSTAT, both(), with_d()),
        case(error, &less, of(&less, of_b()), of(THERMOSTAT, both())),
        // What was listed before is listed again; what never was is a class of its own.
        case(
            warn,
            THERMOSTAT,
            of(THERMOSTAT, both()),
            of(THERMOSTAT, with_d()),
        ),
        case(warn, &more, of(&more, with_d()), of(THERMOSTAT, with_d())),
        case(error, &more, of(THERMOSTAT, none()), of(THERMOSTAT, both())),
        case(error, &more, of(THERMOSTAT, none()), of(THERMOSTAT, of_b())),
        case(warn, THERMOSTAT, of(&more, none()), of(&more, of_b())),
    ]
}

/// What else is in the name by which devices know their class, and whether there is one.
fn names() -> Vec<Known> {
    let vendor = edited(THERMOSTAT, "\"northwind.example\"", "\"southwind.example\"");
    let bench = edited(THERMOSTAT, "\"production\"", "\"staging\"");
    let gone = FleetFacts {
        devices_by_class: BTreeMap::from([(class("thermo-v1"), 3)]),
        ..FleetFacts::default()
    };
    let in_the_field = || fleet(&[("B", 31)]);
    let renamed = |plan: String| Known {
        rule: "FMP001",
        severity: Severity::Error,
        keeps: after(THERMOSTAT, FleetFacts::default()),
        breaks: after(THERMOSTAT, in_the_field()),
        plan,
    };
    let orphaned = Known {
        rule: "FMP001",
        severity: Severity::Warn,
        plan: THERMOSTAT.to_owned(),
        keeps: FleetFacts::default(),
        breaks: gone,
    };
    vec![renamed(vendor), renamed(bench), orphaned]
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
            rule: "FMP026",
            severity: Severity::Warn,
            plan: THERMOSTAT.to_owned(),
            keeps: after(THERMOSTAT, FleetFacts::default()),
            breaks: after(&gated, FleetFacts::default()),
        },
        Known {
            rule: "FMP027",
            severity: Severity::Warn,
            plan: gated.clone(),
            keeps: as_of(date(2026, 6, 30)),
            breaks: as_of(date(2026, 6, 29)),
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
    // A freeze counts as soon as an emergency that begins within a year meets it.
    let next_year = "blackout = [\"us-federal-holidays\", \"2027-11-20..2027-11-30\"]";
    let emergency = "waves = [\"canary\", \"10 %\", \"100 %\"]         # shorter, but the canary is never skipped\nemergency = { deadline = \"14d\", build = \"4h\", gates = \"8h\" }";
    let hotfix = "waves = [\"canary\", \"10 %\", \"100 %\"]         # shorter, but the canary is never skipped";
    // Freezes of more than a day or two are longer than the plan's own patience, which FMP042 tells.
    let patient = edited(
        THERMOSTAT,
        "give_up_after = \"72h\"",
        "give_up_after = \"14d\"",
    );
    let hurried = edited(&patient, hotfix, emergency);
    let longer = edited(
        THERMOSTAT,
        "security_until = 2032-06-30",
        "security_until = 2033-06-30",
    );
    let cut = |today| after(&longer, as_of(today));
    vec![
        Known {
            rule: "FMP053",
            severity: Severity::Error,
            plan: edited(&hurried, BLACKOUT, next_year),
            keeps: as_of(date(2026, 11, 1)),
            breaks: as_of(date(2026, 12, 1)),
        },
        Known {
            rule: "FMP072",
            severity: Severity::Error,
            plan: THERMOSTAT.to_owned(),
            keeps: cut(date(2031, 6, 30)),
            breaks: cut(date(2031, 7, 1)),
        },
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
            plan: edited(&patient, BLACKOUT, freeze),
            keeps: as_of(date(2026, 11, 30)),
            breaks: as_of(date(2026, 12, 1)),
        },
    ]
}

/// Holidays with the days around them, of which only the year says how long they are.
fn eves() -> Vec<Known> {
    let eves = "blackout = [\"us-federal-holidays\", \"us-federal-eves\"]";
    vec![Known {
        rule: "FMP042",
        severity: Severity::Warn,
        plan: edited(THERMOSTAT, BLACKOUT, eves),
        keeps: FleetFacts::default(),
        breaks: as_of(date(2026, 11, 30)),
    }]
}

fn all() -> Vec<Known> {
    let of_the_fleet = [
        hardware(),
        ways(),
        names(),
        lint_counts::sizes(),
        lint_counts::signals(),
        lint_counts::kinds(),
        gates(),
        dates(),
        eves(),
    ];
    of_the_fleet
        .into_iter()
        .flatten()
        .chain(lint_root::all())
        .collect()
}

/// The rules that have a case here, each with what has to be known for it, as the page calls it.
pub(crate) fn facts() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut by_rule: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for known in all() {
        let facts = known.breaks;
        let kinds = [
            ("fleet", !facts.devices_by_class.is_empty()),
            ("day", facts.as_of.is_some()),
            ("plan in force", facts.in_force.is_some()),
            ("root", facts.root.is_some()),
        ];
        let asked = kinds.into_iter().filter(|(_, is_known)| *is_known);
        let of_rule = by_rule.entry(known.rule).or_default();
        of_rule.extend(asked.map(|(kind, _)| kind));
    }
    by_rule
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
    let cut = edited(THERMOSTAT, HARDWARE, "hardware   = [\"B\"]");
    let facts = after(THERMOSTAT, fleet(&[("B", 30), ("C", 12)]));
    let findings = check(&cut, &facts).findings;
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

/// To list it would rename the class for all the others: the remedy must not be the harm.
#[test]
fn a_revision_that_was_never_listed_is_not_to_be_added_to_its_sisters() {
    let facts = after(THERMOSTAT, fleet(&[("B", 30), ("C", 12), ("D", 1)]));
    let findings = check(THERMOSTAT, &facts).findings;
    let [found] = &findings[..] else {
        panic!("one finding: {findings:?}")
    };
    assert!(
        found.fix.starts_with("a [[class]] of their own"),
        "{found:?}"
    );
    let alone = check(THERMOSTAT, &fleet(&[("B", 30), ("C", 12), ("D", 1)])).findings;
    assert!(
        alone[0].fix.contains("if the plan in force lists them"),
        "{alone:?}"
    );
}
