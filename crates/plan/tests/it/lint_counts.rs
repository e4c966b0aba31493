//! Rules that ask how many there are: devices and sites for a canary, and devices that measure a signal.

use std::collections::BTreeMap;

use mainstay_plan::{FleetFacts, Measuring, Severity};

use crate::examples::THERMOSTAT;
use crate::lint_known::{Known, class, edited, fleet};

pub(crate) fn sizes() -> Vec<Known> {
    let by_site = edited(
        THERMOSTAT,
        "[health.install]",
        "[health.install]\nunit = \"site\"",
    );
    let sites = |sites| FleetFacts {
        sites_by_class: BTreeMap::from([(class("thermo-v2"), sites)]),
        ..fleet(&[("B", 500)])
    };
    let case = |plan: &str, keeps, breaks| Known {
        rule: "FMP030",
        severity: Severity::Error,
        plan: plan.to_owned(),
        keeps,
        breaks,
    };
    let few = FleetFacts {
        devices_by_class: BTreeMap::from([(class("thermo-v2"), 30)]),
        ..sites(31)
    };
    vec![
        case(THERMOSTAT, fleet(&[("B", 31)]), fleet(&[("B", 30)])),
        case(&by_site, sites(31), sites(30)),
        // Nobody said how many sites there are: no more than devices.
        case(&by_site, fleet(&[("B", 31)]), fleet(&[("B", 30)])),
        case(&by_site, sites(31), few),
    ]
}

/// Forty devices, of which so many were heard, and measure their error log and their battery.
fn measuring(heard: u32, error_log: u32, battery: u32) -> FleetFacts {
    let measuring = Measuring {
        heard,
        error_log,
        battery,
    };
    FleetFacts {
        measuring_by_class: BTreeMap::from([(class("thermo-v2"), measuring)]),
        ..fleet(&[("B", 20), ("C", 20)])
    }
}

/// What devices measure beside what the plan judges: both signals, or none.
pub(crate) fn signals() -> Vec<Known> {
    let without = edited(
        THERMOSTAT,
        "[health.error-log]\nworse_by_at_most = \"50 %\"\nhorizon          = \"48h\"\n\n[health.battery]\nworse_by_at_most = \"10 %\"\nhorizon          = \"48h\"\n",
        "",
    );
    let case = |plan: &str, keeps, breaks| Known {
        rule: "FMP037",
        severity: Severity::Warn,
        plan: plan.to_owned(),
        keeps,
        breaks,
    };
    vec![
        case(THERMOSTAT, measuring(40, 30, 40), measuring(40, 29, 40)),
        case(THERMOSTAT, measuring(40, 30, 30), measuring(40, 30, 0)),
        case(THERMOSTAT, measuring(19, 0, 0), measuring(20, 20, 0)),
        case(&without, measuring(40, 29, 29), measuring(40, 29, 30)),
        case(&without, measuring(0, 0, 0), measuring(40, 30, 29)),
    ]
}

/// Devices of these regions.
fn regions(regions: &[(&str, u32)]) -> FleetFacts {
    let by_value = regions
        .iter()
        .map(|(name, devices)| ((*name).to_owned(), *devices));
    let by_value: BTreeMap<_, _> = by_value.collect();
    let mut by_attribute = BTreeMap::new();
    if !by_value.is_empty() {
        by_attribute.insert("region".to_owned(), by_value);
    }
    FleetFacts {
        devices_by_attribute: BTreeMap::from([(class("thermo-v2"), by_attribute)]),
        ..fleet(&[("B", 200), ("C", 200)])
    }
}

/// Minima of the canary beside the kinds of devices that there are.
pub(crate) fn kinds() -> Vec<Known> {
    let plan = edited(
        THERMOSTAT,
        "at_least_per_hardware = 10",
        "at_least_per_hardware = 10, at_least_per = [{ attribute = \"region\", devices = 15 }]",
    );
    let case = |severity, breaks| Known {
        rule: "FMP034",
        severity,
        plan: plan.clone(),
        keeps: regions(&[("east", 100), ("north", 10), ("west", 290)]),
        breaks,
    };
    vec![
        case(Severity::Warn, regions(&[])),
        case(
            Severity::Error,
            regions(&[("east", 100), ("north", 11), ("west", 289)]),
        ),
    ]
}
