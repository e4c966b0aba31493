//! How a device survives a bad release without anybody's help.

use super::{Broken, Case, Reason, Rule};
use crate::class::{Class, InstallStrategy};
use crate::finding::Severity;
use crate::read::written;

pub(crate) const FMP004: Rule = Rule {
    reason: Reason {
        id: "FMP004",
        why: "an image written over the running one leaves nothing to fall back to",
        source: "NIST SP 800-193 4.4; NIST IR 8425",
    },
    severity: Severity::Error,
    statement: "Every class says how it installs; overwriting needs a named person's acceptance of \
         the risk, with an end that hasn't come.",
    judge: in_place_is_accepted,
};

fn in_place_is_accepted(case: &Case<'_>) -> Vec<Broken> {
    case.of_classes(|index, class| {
        let is_in_place = class.install == InstallStrategy::Overwrite;
        is_in_place.then(|| unaccepted(case, index, class))?
    })
}

fn unaccepted(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let Some(risk) = &class.accepts_risk else {
        let message = format!(
            "{} overwrites the image it runs, and nobody accepted that.",
            class.id
        );
        let fix = "install = \"dual-bank\", or accepts_risk = { owner = \"sam@company.example\", \
                   until = 2027-06-30, reason = \"...\" }";
        return Some(Broken::new(format!("class.{index}.install"), message, fix));
    };
    case.is_over(risk.until).then(|| {
        let message = format!(
            "{} overwrites the image it runs; {} accepted that until {}.",
            class.id, risk.owner, risk.until
        );
        let fix = "decide anew, and set until to a day ahead";
        Broken::new(format!("class.{index}.accepts_risk.until"), message, fix)
    })
}

pub(crate) const FMP005: Rule = Rule {
    reason: Reason {
        id: "FMP005",
        why: "devices that can't start the new image must come back without a visit",
        source: "Rivian 2023; NIST SP 800-193 4.4",
    },
    severity: Severity::Error,
    statement: "Every class says when a device reverts by itself: after how many boots, and within \
         which time it must have confirmed its health.",
    judge: reverts_before_it_is_scored,
};

/// A missing condition is found while reading. One that is slower than the verdict counts devices
/// as healthy that are about to revert.
fn reverts_before_it_is_scored(case: &Case<'_>) -> Vec<Broken> {
    let horizon = case.plan.health.install.horizon;
    case.of_classes(|index, class| {
        let within = class.revert.confirm_within;
        (within > horizon).then(|| {
            let message = format!(
                "{} may take {within:#} to confirm its health, and is scored after {horizon:#}.",
                class.id
            );
            let horizon = written(within);
            let fix = format!("horizon = \"{horizon}\" or longer in [health.install]");
            Broken::new(format!("class.{index}.revert"), message, fix).mild()
        })
    })
}
