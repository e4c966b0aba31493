//! Two simpler ways of counting, to see what they cost: the same test, fed as dashboards feed theirs.

use mainstay_plan as plan;
use mainstay_rollout::{Sprt, Verdict};

use crate::fate::Fate;
use crate::world::{HORIZON, POLL};

/// Whether the release is halted if every outcome is counted the moment it is known: failures at once,
/// successes when their day is over.
#[must_use]
pub fn as_they_come(rule: &plan::HardFailure, fates: &[Fate]) -> bool {
    let known = |fate: &Fate| match (fate.begins?, fate.told()) {
        (_, Some(told)) => Some((told, true)),
        (_, None) if fate.fails.is_some() => None,
        (begins, None) => Some((begins + HORIZON, false)),
    };
    let mut outcomes: Vec<(i64, bool)> = fates.iter().filter_map(known).collect();
    outcomes.sort_unstable();
    halts(rule, outcomes.into_iter().map(|(_, failed)| failed))
}

/// Whether it is halted if a device that isn't heard of at its horizon counts as failed.
#[must_use]
pub fn silence_is_failure(rule: &plan::HardFailure, fates: &[Fate]) -> bool {
    let judged = |fate: &Fate| {
        let begins = fate.begins?;
        let failed = fate
            .told()
            .is_some_and(|told| told <= begins + HORIZON + POLL);
        Some((begins, failed || fate.is_silent_at(begins, POLL)))
    };
    let mut outcomes: Vec<(i64, bool)> = fates.iter().filter_map(judged).collect();
    outcomes.sort_by_key(|(begins, _)| *begins);
    halts(rule, outcomes.into_iter().map(|(_, failed)| failed))
}

fn halts(rule: &plan::HardFailure, outcomes: impl Iterator<Item = bool>) -> bool {
    let mut sprt = Sprt::of(rule.whole());
    outcomes.for_each(|failed| sprt.push(failed));
    matches!(sprt.verdict(), Verdict::Reject { .. })
}
