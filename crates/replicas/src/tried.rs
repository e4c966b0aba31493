//! Whether a campaign tried what it is about. A promise that nobody put to the test is kept by any server.
//!
//! | rule | broken by |
//! |---|---|
//! | `halt-untried` | a replica that nobody asked after a halt, of those who would have been offered the release but for the halt |
//! | `budget-untried` | a line that was never ahead by more than one server's share for one second; more than half of its bytes read so late that the bucket says little |
//! | `kills-untried` | fewer than five kills, or fewer than two outages of the database |
//!
//! Whoever **would have been offered** a release is in its rollout, in a wave that had opened by the stop, and hadn't been offered it by then. After a pause and
//! a hold such asks are counted and told, and not demanded: in a small fleet everybody may have been offered the release before somebody stops it.
//!
//! Read [`untried`].

use std::collections::BTreeSet;

use crate::budgets::{self, Limits};
use crate::invariants::Broken;
use crate::plan_text::REPLICAS;
use crate::seen::{Answer, DeviceNumber, End, RELEASES, Seen, Stop, StopKind};
use crate::truth::Truth;

/// Fewer kills leave most of what can go wrong to chance.
const KILLS_MIN: usize = 5;
/// One where the database is stopped, and one where it is silent.
const OUTAGES_MIN: usize = 2;
/// So much of what arrived must be held against the budget.
const JUDGED_MIN_PERMILLE: u64 = 500;

/// What wasn't tried; none if all was.
#[must_use]
pub fn untried(seen: &Seen, truth: &Truth, limits: &Limits) -> Vec<Broken> {
    let halts = seen.stops.iter().filter(|stop| stop.kind == StopKind::Halt);
    let unasked = halts.flat_map(|halt| {
        let asks = asks_after(seen, truth, halt).into_iter().enumerate();
        let none = asks.filter(|(_, count)| *count == 0);
        none.map(move |(replica, _)| {
            let what = format!(
                "after the halt of {} at {} replica {replica} was asked by nobody who would have been offered it",
                RELEASES[halt.release], halt.acknowledged
            );
            Broken::new("halt-untried", what)
        })
    });
    let rest = [
        untried_line(seen, limits),
        unjudged(seen),
        untried_kills(seen),
    ];
    unasked.chain(rest.into_iter().flatten()).collect()
}

/// The devices' program had to read most of the bytes in time.
fn unjudged(seen: &Seen) -> Option<Broken> {
    let judged = budgets::judged_permille(seen);
    (judged < JUDGED_MIN_PERMILLE).then(|| {
        let what = format!("only {judged} thousandths of the bytes were read in time to be judged");
        Broken::new("budget-untried", what)
    })
}

fn untried_kills(seen: &Seen) -> Option<Broken> {
    let (kills, outages) = (seen.kills(), seen.outages());
    (kills < KILLS_MIN || outages < OUTAGES_MIN).then(|| {
        let what = format!("{kills} kills and {outages} outages of the database");
        Broken::new("kills-untried", what)
    })
}

/// The line was at work if it was ahead by more than what a single server may send in a second.
fn untried_line(seen: &Seen, limits: &Limits) -> Option<Broken> {
    let most = budgets::bytes(seen, limits).most_permille;
    // Of the bucket: all servers' shares, and one more.
    let share = 1000 / (limits.replicas.max(1) as u64 + 1);
    (most <= share).then(|| {
        let what = format!(
            "at most {most} thousandths of what the line may be ahead by were reached, and one server's share is {share}"
        );
        Broken::new("budget-untried", what)
    })
}

/// For each stop one figure: such asks at the replica that had the fewest.
#[must_use]
pub fn lines(seen: &Seen, truth: &Truth) -> Vec<String> {
    let each = seen.stops.iter().map(|stop| {
        let asks = asks_after(seen, truth, stop);
        let fewest = asks.into_iter().min().unwrap_or_default();
        format!(
            "figure replicas_asks_after_{} {fewest} asks",
            stop.kind.id()
        )
    });
    each.collect()
}

/// How often each replica was asked, while a stop lasted, by devices that would have been offered the release.
#[must_use]
pub fn asks_after(seen: &Seen, truth: &Truth, stop: &Stop) -> [usize; REPLICAS] {
    let Some(rollout) = truth.rollout_of(stop.release) else {
        return [0; REPLICAS];
    };
    let is_open = |device: &DeviceNumber| {
        let wave = rollout.waves.get(device);
        let opened = wave.and_then(|wave| rollout.opened.get(*wave).copied().flatten());
        opened.is_some_and(|opened| opened <= stop.acknowledged)
    };
    let mut asks = unoffered_asks(seen, stop);
    asks.retain(|answer| is_open(&answer.device));
    of_each(&asks)
}

/// What devices asked, and were answered, while a stop lasted, of those that hadn't been offered the release by then; whatever their wave.
#[must_use]
pub fn unoffered_asks(seen: &Seen, stop: &Stop) -> Vec<Answer> {
    let before = seen
        .offers
        .iter()
        .filter(|offer| offer.release == stop.release && offer.by.asked <= stop.acknowledged);
    let offered: BTreeSet<DeviceNumber> = before.map(|offer| offer.by.device).collect();
    let counts = |answer: &&Answer| {
        let is_over = stop
            .ends
            .is_some_and(|ends| answer.at + answer.took >= ends);
        answer.is_check_in
            && answer.end == End::Good
            && answer.at > stop.acknowledged
            && !is_over
            && !offered.contains(&answer.device)
    };
    seen.answers.iter().filter(counts).copied().collect()
}

/// How many of them went to each replica.
#[must_use]
pub fn of_each(asks: &[Answer]) -> [usize; REPLICAS] {
    std::array::from_fn(|replica| asks.iter().filter(|ask| ask.replica == replica).count())
}

#[cfg(test)]
mod tests;
