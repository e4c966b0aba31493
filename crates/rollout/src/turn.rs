//! When a device that got nothing asks again.
//!
//! Every device asks at least once in the plan's poll, so that its silence means something; it asks
//! earlier when its turn comes earlier, so that a window of a few hours isn't missed by a poll of
//! many. Read [`turn`], then [`asks_again_after`].

use jiff::{SignedDuration, Timestamp};

use crate::offer;
use crate::rollout::Rollout;
use crate::view::DeviceView;
use crate::wait::Wait;
use crate::windows::Windows;
use crate::withheld::Withheld;

/// A device for which there is no room comes back after this part of a poll: the places turn over
/// several times in it.
pub const RETRIES_PER_POLL: i32 = 6;

/// No device asks more often than this, or than its plan's poll if that is shorter: a clock that is a
/// little off must not turn into a storm.
const SECONDS_MIN: i64 = 5;

/// When the turn of a device that was told to `wait` will come; none if that isn't known. A closed window is asked
/// about the instant at which it opens, so that the device comes at its own time in it, not with all the others.
///
/// `in_flight` is as for [`crate::offer()`].
#[must_use]
pub fn turn(
    rollout: &Rollout,
    device: &DeviceView,
    wait: &Wait,
    in_flight: u32,
    now: Timestamp,
) -> Option<Timestamp> {
    within(
        rollout,
        device,
        wait,
        in_flight,
        now,
        &mut Windows::default(),
    )
}

/// [`turn`], for callers that ask about many devices: `ahead` remembers the windows that open next in their zones.
pub(crate) fn within(
    rollout: &Rollout,
    device: &DeviceView,
    wait: &Wait,
    in_flight: u32,
    now: Timestamp,
    ahead: &mut Windows,
) -> Option<Timestamp> {
    match wait {
        Wait::Jitter { until } => Some(*until),
        Wait::Withheld {
            because: Withheld::ScheduleOpens { at } | Withheld::AfterAWhile { at },
        } => Some(*at),
        Wait::Budget { .. } => now.checked_add(rollout.rules.poll / RETRIES_PER_POLL).ok(),
        Wait::WindowOpens { at, .. } => {
            match offer::within(rollout, device, in_flight, *at, ahead) {
                Err(Wait::Jitter { until }) => Some(until),
                _ => Some(*at),
            }
        }
        _ => None,
    }
}

/// How long after `now` a device asks again whose turn, as far as that is known, comes at `turn`: whole seconds.
#[must_use]
pub fn asks_again_after(
    poll: SignedDuration,
    turn: Option<Timestamp>,
    now: Timestamp,
) -> SignedDuration {
    let until = turn.map(|turn| turn.duration_since(now));
    let after = until.map_or(poll, |until| until.min(poll));
    // Rounded up, or the device would come a moment too early and have to come again.
    let seconds = after.as_secs() + i64::from(after.subsec_nanos() > 0);
    let least = SECONDS_MIN.min(poll.as_secs()).max(1);
    SignedDuration::from_secs(seconds.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_before_a_poll_and_never_at_once() {
        let at = |ms| Timestamp::from_millisecond(ms).expect("an instant");
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
            let after = asks_again_after(hour, turn, at(0));
            assert_eq!(after, SignedDuration::from_secs(seconds), "{turn:?}");
        }
        let second = SignedDuration::from_secs(1);
        assert_eq!(asks_again_after(second, Some(at(1)), at(0)), second);
    }
}
