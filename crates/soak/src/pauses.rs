//! The pauses of some worlds: people let the newest rollout stand still, and go on. Read [`drawn`].

use jiff::Timestamp;
use mainstay_simulator::Dice;

use crate::world::{Move, Span};

/// The stream of a seed's [`Dice`] from which they are drawn.
const STREAM: u64 = u64::MAX - 11;

/// One world in so many has pauses; of these, one in four has gateways too, which may hold the same rollout.
const ONE_IN: u64 = 5;

/// Most of them lie in these first minutes of a world, while a rollout of its small fleet is still under way.
const LIVELY_MIN: u64 = 36 * 60;

/// What people plan in a seed's world: up to three pauses, which may overlap, each with its end. Some outlast the plan's patience.
pub fn drawn(seed: u64, start: Timestamp) -> Vec<(Timestamp, Move)> {
    if seed % ONE_IN != 1 {
        return Vec::new();
    }
    let dice = &mut Dice::new(seed, STREAM);
    let mut span = Span { start, dice };
    let mut moves = Vec::new();
    for _ in 0..span.between(1, 3) {
        let at = match span.percent(70) {
            true => span.start + span.minutes(0, LIVELY_MIN),
            false => span.moment(),
        };
        let lasts = match span.percent(25) {
            true => span.minutes(4 * 24 * 60, 10 * 24 * 60),
            false => span.minutes(10, 2000),
        };
        moves.push((at, Move::Pause));
        moves.push((at + lasts, Move::Resume));
    }
    moves
}
