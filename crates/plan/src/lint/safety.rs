//! How sure the tests of what people's safety hangs on must be. That a person opens its waves is kept by the rollout.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;

/// The rate that a canary usually is to notice, in percent: that of the starting plan.
const HALT_USUAL_PERCENT: f64 = 5.0;
/// How often it usually is to notice it, in percent: that of the starting plan.
const POWER_USUAL_PERCENT: u8 = 90;

pub(super) const FMP039: Rule = Rule {
    reason: Reason {
        id: "FMP039",
        why: "what is noticed in one of twenty devices has hurt somebody before it is noticed",
        source: "FD&C Act section 524B",
    },
    severity: Severity::Warn,
    statement: "Where people's safety hangs on a class, a rate below 5 % is noticed, with more than 90 % \
         power; a person opens each of its waves but the first.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut classes = case.plan.classes.iter();
    let relevant = classes.find(|class| class.is_safety_relevant);
    let too_lax = |class| [rate(case, class), power(case, class)];
    let found = relevant.into_iter().flat_map(too_lax);
    found.flatten().collect()
}

fn rate(case: &Case<'_>, class: &Class) -> Option<Broken> {
    let halt = case.plan.health.install.halt;
    (halt >= HALT_USUAL_PERCENT).then(|| {
        let message = format!(
            "People's safety hangs on {}, and no less than {halt:.1} % of failing devices is sure to be noticed.",
            class.id
        );
        let fix = "halt = 2.0, or another rate below 5.0; `mainstay plan size` says what canary that takes";
        Broken::new("health.install.halt", message, fix)
    })
}

fn power(case: &Case<'_>, class: &Class) -> Option<Broken> {
    let power = case.plan.health.install.power;
    (power <= POWER_USUAL_PERCENT).then(|| {
        let missed = 100 - power;
        let message = format!(
            "People's safety hangs on {}, and {missed} of 100 bad releases go unnoticed in the canary.",
            class.id
        );
        let fix = "power = 95, or more; `mainstay plan size` says what canary that takes";
        Broken::new("health.install.power", message, fix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_stands_in_the_starting_plan() {
        let plan = crate::parse(crate::starting_plan()).expect("it passes");
        let install = plan.health.install;
        assert_eq!(
            (install.halt, install.power),
            (HALT_USUAL_PERCENT, POWER_USUAL_PERCENT)
        );
    }
}
