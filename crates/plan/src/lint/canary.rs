//! Whether the canary can see the fault it is there for.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;
use crate::health::{HardTest, Unit};
use crate::plan::Plan;
use crate::rollout_rules::Minimum;
use crate::sizing;

pub(super) const FMP030: Rule = Rule {
    reason: Reason {
        id: "FMP030",
        why: "a canary too small to show the fault gives comfort and no knowledge",
        source: "exact binomial test; CrowdStrike 2024",
    },
    severity: Severity::Error,
    statement: "The canary is large enough to notice the declared failure rate with the declared \
         certainty, in every class.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let test = case.plan.hard_test();
    if test.expect >= test.halt {
        return Vec::new(); // Found while reading; there is no test to size.
    }
    let devices = case.plan.rollout.canary.devices;
    let needed = test.canary_needed();
    if needed.is_none_or(|needed| needed > devices) {
        let larger = needed.map(|needed| format!("devices = {needed} in canary"));
        let message = too_small(case.plan, needed, devices, &whose(case));
        let ways = ways_out(test, devices, larger);
        return vec![Broken::new("health.install.halt", message, ways)];
    }
    case.of_classes(|_, class| fleet_too_small(case, class, needed?))
}

/// No canary of a fleet that small is large enough, whatever its size in the plan. Of no devices at all nothing is said: they are still to come.
fn fleet_too_small(case: &Case<'_>, class: &Class, needed: u32) -> Option<Broken> {
    let count = counted(case, class).filter(|count| *count > 0)?;
    (needed > count).then(|| {
        let whose = format!("the fleet of {}", class.id);
        let message = too_small(case.plan, Some(needed), count, &whose);
        let more = format!("no release before {whose} has {needed}");
        let ways = ways_out(case.plan.hard_test(), count, Some(more));
        Broken::new("health.install.halt", message, ways)
    })
}

/// How many of what the test counts there are, as far as it is known: sites are never more than devices.
fn counted(case: &Case<'_>, class: &Class) -> Option<u32> {
    let devices = case.facts.devices_by_class.get(&class.id);
    let sites = case.facts.sites_by_class.get(&class.id);
    match case.plan.health.install.unit {
        Unit::Device => devices.copied(),
        Unit::Site => devices.into_iter().chain(sites).min().copied(),
    }
}

fn whose(case: &Case<'_>) -> String {
    match &case.plan.classes[..] {
        [class] => format!("the canary of {}", class.id),
        _ => "the canary".to_owned(),
    }
}

/// What the test needs and what there is. Rates stand as in the plan: rounded, two of them may look alike.
fn too_small(plan: &Plan, needed: Option<u32>, devices: u32, whose: &str) -> String {
    let HardTest {
        expect,
        halt,
        power,
        ..
    } = plan.hard_test();
    let units = match plan.health.install.unit {
        Unit::Device => "devices",
        Unit::Site => "sites",
    };
    format!(
        "Noticing {halt:?} % instead of {expect:?} % with {power} % power needs {} {units}; \
         {whose} has {devices}.{}",
        count(needed),
        share(plan, needed)
    )
}

fn count(needed: Option<u32>) -> String {
    match needed {
        Some(needed) => needed.to_string(),
        None => format!("more than {}", sizing::DEVICES_MAX),
    }
}

/// That the test doesn't have all of alpha, and what it would need if it had, as a further sentence; nothing if it has.
fn share(plan: &Plan, needed: Option<u32>) -> String {
    let (test, whole) = (plan.hard_test(), plan.health.install.whole());
    if test.alpha >= whole.alpha {
        return String::new();
    }
    let with_all = match whole.canary_needed() {
        same if same == needed => String::new(),
        fewer => format!("; all of it would need {}", count(fewer)),
    };
    format!(
        " Where soft signals are declared, hard failures have four fifths of alpha, {:.1} of {} %{with_all}.",
        test.alpha, whole.alpha
    )
}

/// More devices, a larger fault, or less certainty: whichever of them exist.
fn ways_out(test: HardTest, devices: u32, larger: Option<String>) -> String {
    let coarser = visible_to(test, devices)
        .map(|(halt, needed)| format!("halt = {halt:.1} (needs {needed})"));
    let less_sure = power_left(test, devices).map(|power| format!("accept power = {power}"));
    let ways: Vec<_> = [larger, coarser, less_sure].into_iter().flatten().collect();
    if ways.is_empty() {
        "take a larger canary".to_owned()
    } else {
        ways.join(", or ")
    }
}

/// Rates that people name, in percent.
const ROUND_RATES: [f64; 16] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 75.0, 90.0,
];

/// The smallest round rate that so many devices can notice, with the number it needs.
fn visible_to(test: HardTest, devices: u32) -> Option<(f64, u32)> {
    ROUND_RATES
        .into_iter()
        .filter(|halt| *halt > test.halt)
        .find_map(|halt| {
            let needed = HardTest { halt, ..test }.canary_needed()?;
            (needed <= devices).then_some((halt, needed))
        })
}

/// The power that so many devices leave, in whole percent, if it is more than the false-halt rate.
fn power_left(test: HardTest, devices: u32) -> Option<u8> {
    let (p0, p1) = (test.expect / 100.0, test.halt / 100.0);
    let left = sizing::power_of(devices, p0, p1, test.alpha / 100.0);
    // A power of no more than alpha is none; alpha is at most 50.
    (test.alpha as u8 + 1..test.power)
        .rev()
        .find(|power| f64::from(*power) / 100.0 <= left)
}

pub(super) const FMP034: Rule = Rule {
    reason: Reason {
        id: "FMP034",
        why: "a random sample forgets the rare revision, and that is the one that fails",
        source: "HP 2023",
    },
    severity: Severity::Error,
    statement: "The canary holds devices of every hardware revision, and of every value of the attributes \
         that it names, which devices have.",
    judge: strata,
};

fn strata(case: &Case<'_>) -> Vec<Broken> {
    let canary = &case.plan.rollout.canary;
    let least = canary.at_least_per_hardware;
    let mut broken = case.of_classes(|_, class| (least == 0).then(|| thin(class))?);
    for minimum in &canary.at_least_per {
        broken.extend(case.of_classes(|_, class| unlike(case, class, minimum)));
    }
    broken
}

/// Whether devices have the attribute, and whether the canary has room for all its values.
fn unlike(case: &Case<'_>, class: &Class, minimum: &Minimum) -> Option<Broken> {
    let Minimum { attribute, devices } = minimum;
    let (room, path) = (
        case.plan.rollout.canary.devices,
        "rollout.canary.at_least_per",
    );
    let known = case.facts.devices_by_attribute.get(&class.id)?;
    let Some(values) = known.get(attribute) else {
        let message = format!("No device of {} is declared with a {attribute}.", class.id);
        let fix = format!("mainstay device set ID --attribute {attribute}=VALUE, for each device");
        return Some(Broken::new(path, message, fix).mild());
    };
    let needed: u64 = values
        .values()
        .map(|have| u64::from(*have.min(devices)))
        .sum();
    (needed > u64::from(room)).then(|| {
        let message = format!(
            "{devices} devices of each {attribute} of {} are {needed}, and the canary has {room}.",
            class.id
        );
        let fix = format!("devices = {needed} in canary, or a smaller minimum");
        Broken::new(path, message, fix)
    })
}

fn thin(class: &Class) -> Option<Broken> {
    let revisions = class.hardware.len();
    (revisions >= 2).then(|| {
        let message = format!(
            "The canary may leave out any of the {revisions} hardware revisions of {}.",
            class.id
        );
        let fix = "at_least_per_hardware = 1 or more";
        Broken::new("rollout.canary.at_least_per_hardware", message, fix)
    })
}
