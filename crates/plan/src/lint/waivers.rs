//! Going without a gate for a while.

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;
use crate::gate::Waiver;

pub(crate) const FMP027: Rule = Rule {
    reason: Reason {
        id: "FMP027",
        why: "an exception without an owner and an end is the new rule",
        source: "NIST SP 800-40r4 3.5.5",
    },
    severity: Severity::Error,
    statement: "A waiver has an owner who builds nothing, a reason, something done in the gate's \
         place, and an end that hasn't come.",
    judge,
};

/// What it lacks is found while reading.
fn judge(case: &Case<'_>) -> Vec<Broken> {
    let waivers = case.plan.waivers.iter().enumerate();
    waivers
        .flat_map(|(index, waiver)| of(case, index, waiver))
        .collect()
}

fn of(case: &Case<'_>, index: usize, waiver: &Waiver) -> Vec<Broken> {
    let Waiver {
        gate,
        track,
        owner,
        until,
        ..
    } = waiver;
    let path = |key: &str| format!("waiver.{index}.{key}");
    let mut broken = Vec::new();
    if case.is_over(*until) {
        let message =
            format!("The {track} track goes without {gate} on a waiver that ended on {until}.");
        let fix = format!("add {gate} to its gates, or decide anew: until = a day ahead");
        broken.push(Broken::new(path("until"), message, fix));
    }
    if case
        .plan
        .roles
        .engineers
        .all()
        .any(|engineer| engineer == owner)
    {
        let message = format!("{owner} builds releases, and answers for what they needn't pass.");
        let fix = "let a release manager or somebody else own it";
        broken.push(Broken::new(path("owner"), message, fix));
    }
    let declared = case.plan.tracks.get(*track);
    let goes_without = declared.is_some_and(|declared| !declared.gates.contains(gate));
    if !goes_without {
        let message = match declared {
            Some(_) => format!("The {track} track passes {gate}, which is waived for it."),
            None => format!("{gate} is waived for the {track} track, and there is none."),
        };
        let fix = "drop the waiver, or what it waives";
        broken.push(Broken::new(path("gate"), message, fix).mild());
    }
    broken
}
