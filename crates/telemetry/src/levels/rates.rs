//! How many devices a release failed on, of those on which it came to an end. Read [`failures`].
//!
//! Who is still at it is in neither number: a failure is known sooner than a success, and silence is no health.

use mainstay_plan::Share;

use super::Part;
use super::level::{Figure, Found, Goal, Measure, Standing, devices};
use super::tally::Counts;

/// The share on which it failed.
pub(super) fn failures(parts: &[Part<'_>], goal: Option<Share>) -> Found {
    let failed = |counts: &Counts| counts.failed;
    rate(Measure::Failures, "failed", failed, parts, goal)
}

/// The share that gave it up by themselves.
pub(super) fn reverts(parts: &[Part<'_>], goal: Option<Share>) -> Found {
    let reverted = |counts: &Counts| counts.reverted;
    rate(
        Measure::Reverts,
        "went back by themselves",
        reverted,
        parts,
        goal,
    )
}

fn rate(
    measure: Measure,
    verb: &str,
    part: impl Fn(&Counts) -> u64,
    parts: &[Part<'_>],
    goal: Option<Share>,
) -> Found {
    let mut counts = Counts::default();
    parts
        .iter()
        .for_each(|(_, tally)| counts.join(&tally.counts));
    let is_final = parts.iter().all(|(rolled, _)| rolled.over_at.is_some());
    let (part, of) = (part(&counts), counts.ended());
    let standing = goal.map_or(Standing::NoGoal, |goal| {
        stands((part, of), counts.devices, is_final, goal)
    });
    let goal = goal.map(|hundredths| Goal::AtMost { hundredths });
    Found {
        measure,
        figure: (of > 0).then_some(Figure::Share { part, of }),
        goal,
        standing,
        because: sentence((part, of), verb, &counts, (goal, standing)),
    }
}

/// While devices are still to come, one failure among few decides nothing: so many must have ended that one is no more
/// than the goal lets pass. What is too much for all of the devices is too much already.
fn stands((part, of): (u64, u64), devices: u64, is_final: bool, goal: Share) -> Standing {
    let whole = u64::from(Share::WHOLE);
    let exceeds = |of: u64| part * whole > of * u64::from(goal.hundredths());
    let is_enough = of * u64::from(goal.hundredths()) >= whole;
    match () {
        () if of == 0 => Standing::Unsaid,
        () if exceeds(devices) => Standing::Missed,
        () if !is_final && !is_enough => Standing::Unsaid,
        () if exceeds(of) => Standing::Missed,
        () => Standing::Met,
    }
}

fn sentence(
    (part, of): (u64, u64),
    verb: &str,
    counts: &Counts,
    (goal, standing): (Option<Goal>, Standing),
) -> String {
    let apart = [
        (counts.under_way, "under way"),
        (counts.not_begun, "that never began"),
    ];
    let mut told = match of {
        0 => "It has come to an end on no device".to_owned(),
        of => format!("{part} of {} {verb}", devices(of)),
    };
    for (count, what) in apart {
        if count > 0 {
            told.push_str(&format!(", {count} {what} left out"));
        }
    }
    if let Some(goal) = goal {
        told.push_str(&format!("; promised are {goal}"));
        if standing == Standing::Unsaid && of > 0 {
            told.push_str(", and there are too few to say");
        }
    }
    told + "."
}
