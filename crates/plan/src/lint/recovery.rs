//! How a device survives a bad release without anybody's help.

use super::{Broken, Case, Reason, Rule};
use crate::class::{Class, InstallStrategy};
use crate::finding::Severity;

pub(crate) const FMP004: Rule = Rule {
    reason: Reason {
        id: "FMP004",
        why: "an image written over the running one leaves nothing to fall back to",
        source: "NIST SP 800-193 4.4; NIST IR 8425",
    },
    severity: Severity::Error,
    statement: "Every class says how it installs; overwriting needs a named person's acceptance of \
         the risk, with an end.",
    judge: in_place_is_accepted,
};

fn in_place_is_accepted(case: &Case<'_>) -> Vec<Broken> {
    let unaccepted = |(index, class): (usize, &Class)| {
        let needs = class.install == InstallStrategy::Overwrite && class.accepts_risk.is_none();
        needs.then(|| {
            Broken::new(
                format!("class.{index}.install"),
                format!(
                    "{} overwrites the image it runs, and nobody accepted that.",
                    class.id
                ),
                "install = \"dual-bank\", or accepts_risk = { owner = \"sam@company.example\", \
                 until = 2027-06-30, reason = \"...\" }",
            )
        })
    };
    case.plan
        .classes
        .iter()
        .enumerate()
        .filter_map(unaccepted)
        .collect()
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
    let slow =
        |(index, class): (usize, &Class)| {
            let within = class.revert.confirm_within;
            (within > horizon).then(|| {
            let message = format!(
                "{} may take {within:#} to confirm its health, and is scored after {horizon:#}.",
                class.id
            );
            let fix = format!("horizon = \"{}s\" or longer in [health.install]", within.as_secs());
            Broken::new(format!("class.{index}.revert"), message, fix).mild()
        })
        };
    case.plan
        .classes
        .iter()
        .enumerate()
        .filter_map(slow)
        .collect()
}
