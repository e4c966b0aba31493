//! Going without a gate for a while.

use jiff::ToSpan as _;

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
         place, and an end that hasn't come and is a year away at most.",
    judge,
};

/// What it lacks is found while reading.
fn judge(case: &Case<'_>) -> Vec<Broken> {
    let waivers = case.plan.waivers.iter();
    waivers.flat_map(|waiver| of(case, waiver)).collect()
}

fn of(case: &Case<'_>, waiver: &Waiver) -> Vec<Broken> {
    let judges = [too_long, owned_by_an_engineer, waives_nothing];
    let broken = judges.iter().filter_map(|judge| judge(case, waiver));
    broken.collect()
}

fn path(waiver: &Waiver, key: &str) -> String {
    format!("waiver.{}.{key}", waiver.index)
}

fn too_long(case: &Case<'_>, waiver: &Waiver) -> Option<Broken> {
    let Waiver {
        gate, track, until, ..
    } = waiver;
    let path = path(waiver, "until");
    if case.is_over(*until) {
        let message =
            format!("The {track} track goes without {gate} on a waiver that ended on {until}.");
        let fix = format!("decide anew, with until = a day ahead, or add {gate} to its gates");
        return Some(Broken::new(path, message, fix));
    }
    let latest = case.facts.as_of?.saturating_add(1.year());
    (*until > latest).then(|| {
        let message = format!("{gate} is waived for the {track} track until {until}.");
        let fix = format!("until = {latest} at the latest: look at it again each year");
        Broken::new(path, message, fix).mild()
    })
}

fn owned_by_an_engineer(case: &Case<'_>, waiver: &Waiver) -> Option<Broken> {
    let owner = &waiver.owner;
    let mut engineers = case.plan.roles.engineers.all();
    engineers.any(|engineer| engineer == owner).then(|| {
        let message = format!("{owner} builds releases, and answers for what they needn't pass.");
        let fix = "let a release manager or somebody else own it";
        Broken::new(path(waiver, "owner"), message, fix)
    })
}

fn waives_nothing(case: &Case<'_>, waiver: &Waiver) -> Option<Broken> {
    let Waiver { gate, track, .. } = waiver;
    let message = match case.plan.tracks.get(*track) {
        Some(declared) if !declared.gates.contains(gate) => return None,
        Some(_) => format!("The {track} track passes {gate}, which is waived for it."),
        None => format!("{gate} is waived for the {track} track, and there is none."),
    };
    let fix = "drop the waiver, or what it waives";
    Some(Broken::new(path(waiver, "gate"), message, fix).mild())
}
