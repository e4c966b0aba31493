//! Whether a window is long enough, comes round in time, and stays closed when nobody is there.

use jiff::SignedDuration;

use super::{Broken, Case, Reason, Rule};
use crate::blackout::Blackout;
use crate::class::{Class, Environment};
use crate::finding::Severity;

pub(super) const FMP042: Rule = Rule {
    reason: Reason {
        id: "FMP042",
        why: "what begins late runs on into the day, and what comes too late is given up",
        source: "general practice",
    },
    severity: Severity::Warn,
    statement: "A window holds spreading, download and trial of each class that states its slot, \
         and comes round before a device is given up.",
    judge: nights_suffice,
};

fn nights_suffice(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = case.of_classes(|_, class| too_short(case, class));
    broken.extend(comes_too_late(case));
    broken
}

/// The last device to begin, with all places for downloads taken, and a slot that is full.
fn too_short(case: &Case<'_>, class: &Class) -> Option<Broken> {
    let rollout = &case.plan.rollout;
    let bytes = class
        .slot_bytes
        .filter(|_| !rollout.window.never_closes())?;
    let limits = &rollout.limits;
    let a_second = (limits.bytes_per_second / u64::from(limits.downloads.max(1))).max(1);
    let seconds = i64::try_from(bytes.div_ceil(a_second)).unwrap_or(i64::MAX);
    let download = SignedDuration::from_secs(seconds);
    let trial = class.revert.confirm_within;
    let needed = rollout
        .jitter
        .saturating_add(download)
        .saturating_add(trial);
    let window = SignedDuration::from_mins(i64::from(rollout.window.minutes()));
    (needed > window).then(|| {
        let message = format!(
            "{} takes up to {:#} to spread, {download:#} to download {bytes} bytes at {a_second} a \
             second, and {trial:#} to prove itself; the window has {window:#}.",
            class.id, rollout.jitter
        );
        let fix = "a longer window, fewer downloads at once, or more bytes per second";
        Broken::new("rollout.window.local", message, fix)
    })
}

/// A device that is drawn when its window has just closed has its first turn after the pause.
fn comes_too_late(case: &Case<'_>) -> Option<Broken> {
    let rollout = &case.plan.rollout;
    let needed = rollout
        .window
        .longest_pause()
        .saturating_add(rollout.jitter);
    let patience = rollout.give_up_after;
    (needed > patience && !rollout.window.never_closes()).then(|| {
        let message = format!(
            "A device's first turn may come after {needed:#}, and it is given up after {patience:#}."
        );
        let days = needed.as_hours() / 24 + 1;
        let fix = format!("give_up_after = \"{days}d\" or longer, or a window on more days");
        Broken::new("rollout.give_up_after", message, fix)
    })
}

pub(super) const FMP043: Rule = Rule {
    reason: Reason {
        id: "FMP043",
        why: "on a holiday nobody is there who could help, and everybody is at home to notice",
        source: "5 USC 6103; Executive Order 11582",
    },
    severity: Severity::Warn,
    statement: "Where customers are in the U.S., nothing begins on federal holidays, nor when they \
         are observed; freezes by date lie ahead.",
    judge: holidays_are_free,
};

fn holidays_are_free(case: &Case<'_>) -> Vec<Broken> {
    let plan = case.plan;
    let blackouts = &plan.rollout.blackout;
    let mut broken = Vec::new();
    let is_sold_there = plan.market.iter().any(|country| country == "us");
    let is_for_customers = plan.environment == Environment::Production;
    if is_sold_there && is_for_customers && !blackouts.contains(&Blackout::UsFederalHolidays) {
        let message = "Devices in the U.S. update on federal holidays.".to_owned();
        let fix = "blackout = [\"us-federal-holidays\"]";
        broken.push(Broken::new("rollout.blackout", message, fix));
    }
    broken.extend(blackouts.iter().filter_map(|blackout| match blackout {
        Blackout::Dates { from, to } if case.is_over(*to) => {
            let message = format!("The freeze {from}..{to} is over.");
            let fix = "set it to its next dates, or drop it";
            Some(Broken::new("rollout.blackout", message, fix))
        }
        _ => None,
    }));
    broken
}
