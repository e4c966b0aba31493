//! How soon a bad release was stopped, and its devices were good again. Read [`to_halt`], then [`to_recover`].

use jiff::SignedDuration;

use super::Part;
use super::level::{Figure, Found, Goal, Measure, Standing, devices, span};
use super::tally::{Recovery, seconds};

/// From the first failure on a device to the halt; of several halts the longest.
pub(super) fn to_halt(parts: &[Part<'_>], goal: Option<SignedDuration>) -> Found {
    let halts: Vec<_> = parts
        .iter()
        .filter_map(|(rolled, tally)| Some((rolled.halted_at?, tally.first_failure)))
        .collect();
    let took = halts
        .iter()
        .filter_map(|(halted, first)| Some(seconds((*first)?, *halted)));
    let longest = took.max();
    let goal = goal.map(Goal::within);
    let standing = match (goal, longest) {
        (None, _) => Standing::NoGoal,
        (_, None) => Standing::Unsaid,
        (Some(goal), Some(took)) => compared(took, goal),
    };
    let because = match (halts.len(), longest) {
        (0, _) => "Nothing was halted.".to_owned(),
        (1, None) => "It was halted before a device had failed.".to_owned(),
        (count, None) => format!("{count} releases were halted, each before a device had failed."),
        (1, Some(took)) => format!(
            "It was halted {} after the first failure{}.",
            span(took),
            promised(goal)
        ),
        (count, Some(took)) => format!(
            "{count} releases were halted, at the longest {} after the first failure{}.",
            span(took),
            promised(goal)
        ),
    };
    Found {
        measure: Measure::TimeToHalt,
        figure: longest.map(|seconds| Figure::Time { seconds }),
        goal,
        standing,
        because,
    }
}

/// The mean time from failing, or from the halt of what a device ran, until it ran something verified again. Who told
/// of a failure from what it had gone back to had recovered by then, and is told apart.
pub(super) fn to_recover(parts: &[Part<'_>], goal: Option<SignedDuration>) -> Found {
    let mut found = Recovery::default();
    parts
        .iter()
        .for_each(|(_, tally)| found.join(&tally.recovery));
    let mean = found.took_s.div_ceil(found.recovered.max(1));
    let goal = goal.map(Goal::within);
    Found {
        measure: Measure::Recovery,
        figure: (found.recovered > 0).then_some(Figure::Time { seconds: mean }),
        goal,
        standing: goal.map_or(Standing::NoGoal, |goal| recovered(&found, goal)),
        because: recovery_sentence(&found, mean, goal),
    }
}

/// Whoever is still out makes the mean no shorter than if they all came back now.
fn recovered(found: &Recovery, goal: Goal) -> Standing {
    let count = found.recovered + found.out;
    if count == 0 {
        return Standing::Unsaid;
    }
    let least = found.took_s.saturating_add(found.out_s).div_ceil(count);
    match compared(least, goal) {
        Standing::Met if found.out > 0 => Standing::Unsaid,
        standing => standing,
    }
}

fn recovery_sentence(found: &Recovery, mean: u64, goal: Option<Goal>) -> String {
    let alone = match found.by_themselves {
        0 => String::new(),
        count => format!("; {count} went back by themselves before they told of it"),
    };
    let out = match found.out {
        0 => String::new(),
        count => {
            let waiting = span(found.out_s.div_ceil(count));
            format!("; {count} not yet, {waiting} in the mean by now")
        }
    };
    match found.recovered {
        0 if found.out == 0 => format!("No device had to be brought back{alone}."),
        0 => format!(
            "Good again is none of {}{out}{alone}{}.",
            devices(found.out),
            promised(goal)
        ),
        count => format!(
            "Good again: {} after {} in the mean{out}{alone}{}.",
            devices(count),
            span(mean),
            promised(goal)
        ),
    }
}

fn compared(took: u64, goal: Goal) -> Standing {
    match goal {
        Goal::Within { seconds } if took <= seconds => Standing::Met,
        _ => Standing::Missed,
    }
}

fn promised(goal: Option<Goal>) -> String {
    match goal {
        Some(Goal::Within { seconds }) => format!("; {} are promised", span(seconds)),
        _ => String::new(),
    }
}
