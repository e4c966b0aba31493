//! When a device should ask again.
//!
//! Every device asks at least once in the plan's poll, so that its silence means something; it asks
//! earlier when its turn comes earlier, so that a window of a few hours isn't missed by a poll of
//! many. Read [`after`].

use jiff::{SignedDuration, Timestamp};

use crate::app::ActivePlan;

/// What devices do while no plan is active.
const WITHOUT_PLAN: SignedDuration = SignedDuration::from_hours(1);
/// No device asks more often than this, or than its plan's poll if that is shorter: a clock that is a
/// little off must not turn into a storm.
const MIN_S: i64 = 5;

/// Seconds until a device asks again whose turn, as far as that is known, comes at `turn`.
pub(super) fn after(plan: Option<&ActivePlan>, turn: Option<Timestamp>, now: Timestamp) -> u32 {
    let poll = plan.map_or(WITHOUT_PLAN, |active| active.plan.rollout.poll);
    seconds_until(poll, turn, now)
}

fn seconds_until(poll: SignedDuration, turn: Option<Timestamp>, now: Timestamp) -> u32 {
    let until = turn.map(|turn| turn.duration_since(now));
    let after = until.map_or(poll, |until| until.min(poll));
    // Rounded up, or the device would come a moment too early and have to come again.
    let seconds = after.as_secs() + i64::from(after.subsec_nanos() > 0);
    let least = MIN_S.min(poll.as_secs()).max(1);
    u32::try_from(seconds.max(least)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_before_a_poll_and_never_at_once() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let hour = SignedDuration::from_hours(1);
        let cases = [
            (None, 3600),
            (Some(at(7_200_000)), 3600),
            (Some(at(600_000)), 600),
            (Some(at(600_001)), 601),
            (Some(at(1)), 5),
            (Some(at(-60_000)), 5),
        ];
        for (turn, seconds) in cases {
            assert_eq!(seconds_until(hour, turn, at(0)), seconds, "{turn:?}");
        }
        let second = SignedDuration::from_secs(1);
        assert_eq!(seconds_until(second, Some(at(1)), at(0)), 1);
    }
}
