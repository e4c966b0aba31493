//! Settings that are fine alone and impossible together. Read [`check`].

use super::reader::Reader;
use super::reasons::{CONTRADICTION, TWICE};
use crate::blackout::days_by_date;
use crate::limits::BLACKOUT_DAYS_MAX;
use crate::plan::Plan;

pub(super) fn check(plan: &Plan, reader: &Reader) {
    class_ids_differ(plan, reader);
    one_vendor(plan, reader);
    rates_in_order(plan, reader);
    alpha_below_power(plan, reader);
    canary_holds_its_strata(plan, reader);
    minima_differ(plan, reader);
    blackouts_leave_days(plan, reader);
}

fn class_ids_differ(plan: &Plan, reader: &Reader) {
    for (index, class) in plan.classes.iter().enumerate() {
        if plan.classes[..index]
            .iter()
            .any(|earlier| earlier.id == class.id)
        {
            let message = format!("The class {} is declared twice.", class.id);
            let fix = "give each class an id of its own".to_owned();
            reader.report(&TWICE, &format!("class.{index}.id"), message, fix);
        }
    }
}

fn one_vendor(plan: &Plan, reader: &Reader) {
    for (index, class) in plan.classes.iter().enumerate() {
        if class.vendor != plan.vendor {
            let message = format!(
                "The vendor {} isn't {}, as in the first class.",
                class.vendor, plan.vendor
            );
            let fix = "use one vendor in a plan, or write a plan for each".to_owned();
            reader.report(
                &CONTRADICTION,
                &format!("class.{index}.vendor"),
                message,
                fix,
            );
        }
    }
}

fn rates_in_order(plan: &Plan, reader: &Reader) {
    let install = &plan.health.install;
    if install.expect >= install.halt {
        let (expect, halt) = (install.expect, install.halt);
        let message = format!("`halt` ({halt}) isn't above `expect` ({expect}).");
        let fix = "expect what a good release does, and halt well above it".to_owned();
        reader.report(&CONTRADICTION, "health.install.halt", message, fix);
    }
}

fn alpha_below_power(plan: &Plan, reader: &Reader) {
    let install = &plan.health.install;
    if install.alpha >= install.power {
        let message = "A good release would be halted as readily as a bad one.".to_owned();
        let fix = "alpha = 5 and power = 90 are usual".to_owned();
        reader.report(&CONTRADICTION, "health.install.power", message, fix);
    }
}

fn canary_holds_its_strata(plan: &Plan, reader: &Reader) {
    let canary = &plan.rollout.canary;
    for class in &plan.classes {
        let revisions = u64::try_from(class.hardware.len()).unwrap_or(u64::MAX);
        let needed = revisions.saturating_mul(u64::from(canary.at_least_per_hardware));
        if needed > u64::from(canary.devices) {
            let (each, devices) = (canary.at_least_per_hardware, canary.devices);
            let message = format!(
                "{each} devices of each of {revisions} hardware revisions of {} are more than the \
                 canary's {devices}.",
                class.id
            );
            let fix = format!("devices = {needed} in canary, or a smaller at_least_per_hardware");
            reader.report(&CONTRADICTION, "rollout.canary", message, fix);
        }
    }
}

fn minima_differ(plan: &Plan, reader: &Reader) {
    let minima = &plan.rollout.canary.at_least_per;
    for (index, minimum) in minima.iter().enumerate() {
        let name = &minimum.attribute;
        if minima[..index].iter().any(|one| one.attribute == *name) {
            let message = format!("`at_least_per` names {name} twice.");
            let fix = "give each attribute one minimum".to_owned();
            reader.report(&TWICE, "rollout.canary.at_least_per", message, fix);
        }
    }
}

fn blackouts_leave_days(plan: &Plan, reader: &Reader) {
    let days = days_by_date(&plan.rollout.blackout);
    if days > BLACKOUT_DAYS_MAX {
        let message = format!("The blackouts cover {days} days; {BLACKOUT_DAYS_MAX} are allowed.");
        let fix =
            "shorter freezes or fewer of them; those of a later year can come in a later plan"
                .to_owned();
        reader.report(&CONTRADICTION, "rollout.blackout", message, fix);
    }
}
