//! Reads `[health.*]`.

use jiff::SignedDuration;

use super::amounts;
use super::section::Section;
use super::value;
use crate::health::{HardFailure, Health, SignalName, SoftSignal, Tripwire, Unit};

const EXAMPLE: &str =
    "[health.install] with expect, halt, alpha, power and horizon: how sure a decision must be";
const UNITS: [(&str, Unit); 2] = [("device", Unit::Device), ("site", Unit::Site)];
/// Two days show a battery's drain.
const SOFT_HORIZON: SignedDuration = SignedDuration::from_hours(48);
/// Most failures a tripwire may wait for.
const TRIPWIRE_MAX: u32 = 10_000;

pub(super) fn health(root: &Section<'_>) -> Option<Health> {
    let section = root.required_section("health", EXAMPLE)?;
    let install = section
        .required_section("install", EXAMPLE)
        .and_then(|test| hard(&test));
    let tripwire = tripwire(&section);
    let soft = SignalName::ALL
        .into_iter()
        .filter_map(|name| soft(&section, name))
        .collect();
    section.finish();
    Some(Health {
        install: install?,
        tripwire,
        soft,
    })
}

fn hard(section: &Section<'_>) -> Option<HardFailure> {
    let expect = section.required("expect", "expect = 0.5", amounts::rate);
    let halt = section.required("halt", "halt = 5.0", amounts::rate);
    let alpha = section.required("alpha", "alpha = 5", value::count(1..=50));
    let power = section.required("power", "power = 90", value::count(1..=99));
    let horizon = section.required("horizon", "horizon = \"30m\"", amounts::span);
    let unit = section.or("unit", Unit::Device, value::choice(&UNITS));
    section.finish();
    let (expect, halt, alpha, power) = (expect?, halt?, alpha?, power?);
    Some(HardFailure {
        expect,
        halt,
        alpha,
        power,
        horizon: horizon?,
        unit,
    })
}

fn tripwire(health: &Section<'_>) -> Tripwire {
    let default = Tripwire {
        bricks: 1,
        failures_in_one_stratum: 4,
    };
    let Some(section) = health.section("tripwire") else {
        return default;
    };
    let count = || value::count(1..=TRIPWIRE_MAX);
    let bricks = section.or("bricks", default.bricks, count());
    let stratum = default.failures_in_one_stratum;
    let failures_in_one_stratum = section.or("failures_in_one_stratum", stratum, count());
    section.finish();
    Tripwire {
        bricks,
        failures_in_one_stratum,
    }
}

fn soft(health: &Section<'_>, name: SignalName) -> Option<SoftSignal> {
    let section = health.section(name.id())?;
    let margin = amounts::percent(1..=1000);
    let margin = section.required("worse_by_at_most", "worse_by_at_most = \"10 %\"", margin);
    let horizon = section.or("horizon", SOFT_HORIZON, amounts::span);
    section.finish();
    Some(SoftSignal {
        name,
        worse_by_at_most: margin?,
        horizon,
    })
}
