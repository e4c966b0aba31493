//! Which faults a campaign tries on a set.
//!
//! | kind | how many |
//! |---|---|
//! | one cut | every operation, with every kind of cut; weak bits under several seeds |
//! | a pair of cuts | sampled |
//! | a storm: up to ten cuts close together | by seed; every other one with a silent fault |
//! | a silent fault alone | sampled |

use mainstay_device::fake::{Operation, OperationKind};
use mainstay_device::{Cut, SilentFault};

use crate::dice::Dice;
use crate::faults::Faults;
use crate::run::Start;

/// How much a campaign tries.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// Seeds under which each cut that leaves weak bits is tried.
    pub weak_seeds: u64,
    /// Torn lengths of each operation.
    pub lengths: u32,
    /// Pairs of cuts on each set.
    pub pairs: u64,
    /// Storms on each set.
    pub storms: u64,
    /// Silent faults alone on each set.
    pub silent: u64,
}

/// What a test run can afford: under three minutes on two cores.
pub const SHORT: Amount = Amount {
    weak_seeds: 1,
    lengths: 1,
    pairs: 40,
    storms: 30,
    silent: 15,
};

/// What is worth an evening.
pub const FULL: Amount = Amount {
    weak_seeds: 12,
    lengths: 24,
    pairs: 6000,
    storms: 4000,
    silent: 1000,
};

/// The most cuts of a storm.
const STORM_CUTS_MAX: u64 = 10;

/// Every single cut of a set.
#[must_use]
pub fn single(operations: &[Operation], write_bytes: u32, amount: Amount) -> Vec<Faults> {
    let mut plan = Vec::new();
    for operation in operations {
        for cut in cuts_of(operation, write_bytes, amount.lengths) {
            let seeds = match cut {
                Cut::Weak { .. } => amount.weak_seeds,
                _ => 1,
            };
            let seeds = (0..seeds).map(|seed| seed ^ operation.index << 8);
            plan.extend(seeds.map(|seed| Faults::one(operation.index, cut, seed)));
        }
    }
    plan
}

/// Every kind of cut at an operation; torn ones at so many lengths between its ends.
fn cuts_of(operation: &Operation, write_bytes: u32, lengths: u32) -> Vec<Cut> {
    let length = operation.length;
    let spread = (1..=lengths).map(|part| part * length / (lengths + 1));
    let (torn, weak) = match operation.kind {
        // The last unit, and the last byte of it, are what a checksum may miss.
        OperationKind::Write => {
            let ends = [1, length - write_bytes, length - 1];
            let torn: Vec<u32> = spread.chain(ends).collect();
            (torn.clone(), torn)
        }
        // Both phases, early and late; few bits risen are the most deceptive.
        OperationKind::Erase => {
            let phases = [length / 8, length / 2 - 1, length / 2 + length / 100];
            let late = [length / 4 * 3, length - 1];
            let torn: Vec<u32> = spread.chain([length - 1]).collect();
            let weak = phases.into_iter().chain(late);
            let more = torn.iter().copied().skip(1);
            (torn.clone(), weak.chain(more).collect())
        }
    };
    let torn = once_each(torn, length)
        .into_iter()
        .map(|bytes| Cut::TornAt { bytes });
    let weak = once_each(weak, length)
        .into_iter()
        .map(|bytes| Cut::Weak { bytes });
    [Cut::Before, Cut::After]
        .into_iter()
        .chain(torn)
        .chain(weak)
        .collect()
}

fn once_each(mut lengths: Vec<u32>, length: u32) -> Vec<u32> {
    lengths.retain(|bytes| (1..length).contains(bytes));
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// Everything of a campaign that is drawn: pairs, storms and silent faults.
#[must_use]
pub fn sampled(start: &Start<'_>, amount: Amount, seed: u64) -> Vec<Faults> {
    let mut dice = Dice::new(seed);
    let mut plan = Vec::new();
    plan.extend((0..amount.pairs).map(|_| pair(&mut dice, start)));
    plan.extend((0..amount.storms).map(|index| storm(&mut dice, start, index % 2 == 1)));
    plan.extend((0..amount.silent).map(|_| Faults {
        silent: Some(silent(&mut dice, start)),
        seed: dice.draw(),
        cuts: Vec::new(),
    }));
    plan
}

fn pair(dice: &mut Dice, start: &Start<'_>) -> Faults {
    let first = dice.below(operations(start));
    // Close behind: while the unit is busy with what the first one left.
    let second = first + 1 + dice.below(24);
    Faults {
        cuts: [first, second].map(|at| (at, any_cut(dice))).to_vec(),
        silent: None,
        seed: dice.draw(),
    }
}

fn storm(dice: &mut Dice, start: &Start<'_>, with_silent: bool) -> Faults {
    let mut at = dice.below(operations(start));
    let mut cuts = Vec::new();
    for _ in 0..=dice.below(STORM_CUTS_MAX) {
        cuts.push((at, any_cut(dice)));
        at += 1 + dice.below(12);
    }
    Faults {
        cuts,
        silent: with_silent.then(|| silent(dice, start)),
        seed: dice.draw(),
    }
}

fn silent(dice: &mut Dice, start: &Start<'_>) -> (u64, SilentFault) {
    let at = dice.below(operations(start));
    let fault = match dice.below(2) {
        0 => SilentFault::Lost,
        _ => SilentFault::StuckBit {
            address: stuck_address(dice, start),
            bit: dice.below(8) as u8,
            set: dice.below(2) == 1,
        },
    };
    (at, fault)
}

/// Where something is written in this scenario: elsewhere a stuck bit hurts nobody.
fn stuck_address(dice: &mut Dice, start: &Start<'_>) -> u32 {
    let index = dice.below(operations(start)) as usize;
    let operation = start.operations[index];
    operation.address + dice.below(operation.length.into()) as u32
}

fn any_cut(dice: &mut Dice) -> Cut {
    let bytes = dice.below(4096) as u32;
    match dice.below(6) {
        0 => Cut::Before,
        1 => Cut::After,
        2 => Cut::Torn {
            permille: dice.below(1001) as u32,
        },
        _ => Cut::Weak { bytes },
    }
}

fn operations(start: &Start<'_>) -> u64 {
    start.operations.len() as u64
}
