//! When a device should ask again: by the plan's poll, or earlier if its turn comes earlier. Read [`after_s`], then [`eased_s`].

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use mainstay_rollout::turn;
use sha2::{Digest as _, Sha256};

use crate::App;
use crate::app::ActivePlan;

/// What devices do while no plan is active.
const WITHOUT_PLAN: SignedDuration = SignedDuration::from_hours(1);

/// While there is more to do than is comfortable, a device comes up to this part of a poll later than it otherwise would, each at its own part: those
/// that came together come apart. A poll counts as missed once its device is half of one late, and agents are late by a tenth by
/// themselves: so nobody's silence is counted who does as it was told.
const LATER_AT_MOST: u32 = 4;

/// How often devices ask at least.
pub(crate) fn every(plan: Option<&ActivePlan>) -> SignedDuration {
    plan.map_or(WITHOUT_PLAN, |active| active.plan.rollout.poll)
}

/// Seconds until a device asks again whose turn, as far as that is known, comes at `turn`.
pub(crate) fn after_s(plan: Option<&ActivePlan>, turn: Option<Timestamp>, now: Timestamp) -> u32 {
    let after = turn::asks_again_after(every(plan), turn, now);
    u32::try_from(after.as_secs()).unwrap_or(u32::MAX)
}

/// What a device is told that is to ask again after so many seconds: the same, or somewhat more while the server is strained. Who waits for its
/// turn comes at its turn.
pub(crate) fn eased_s(
    app: &App,
    plan: Option<&ActivePlan>,
    after_s: u32,
    device: &DeviceId,
) -> u32 {
    let whole_s = self::after_s(plan, None, Timestamp::UNIX_EPOCH);
    match app.flow.is_strained() && after_s >= whole_s {
        true => later_s(after_s, lot(device)),
        false => after_s,
    }
}

/// A whole poll, and the part of one that belongs to this lot.
fn later_s(poll_s: u32, lot: u32) -> u32 {
    poll_s.saturating_add(lot % (poll_s / LATER_AT_MOST + 1))
}

/// A number of the device's own, always the same.
pub(crate) fn lot(device: &DeviceId) -> u32 {
    let digest: [u8; 32] = Sha256::digest(device.as_str()).into();
    let [a, b, c, d, ..] = digest;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use mainstay_telemetry::missed_polls;

    use super::*;

    #[test]
    fn who_came_together_comes_apart() {
        let told: Vec<_> = (0..10_000)
            .map(|nth| {
                let name = format!("dev-{nth}");
                later_s(3600, lot(&DeviceId::new(name).expect("letters and digits")))
            })
            .collect();
        assert!(told.iter().all(|after_s| (3600..=4500).contains(after_s)));
        for tenth in 0..10 {
            let from = 3600 + tenth * 90;
            let of = told.iter().filter(|told| (from..from + 90).contains(*told));
            assert!((800..1200).contains(&of.count()), "{tenth}");
        }
        for poll_s in [0, 1, 3, 60, u32::MAX] {
            assert!(later_s(poll_s, u32::MAX - 1) >= poll_s);
        }
    }

    /// An agent comes up to a tenth later than it was told.
    #[test]
    fn nobody_misses_a_poll_who_does_as_it_was_told() {
        for poll_s in [60_u32, 300, 3600, 86_400] {
            let longest_s = i64::from(poll_s + poll_s / LATER_AT_MOST) * 11 / 10;
            let at = |s| Timestamp::from_second(s).expect("a good instant");
            let poll = SignedDuration::from_secs(poll_s.into());
            assert_eq!(
                missed_polls(at(0), at(longest_s), at(0), poll),
                0,
                "{poll_s}"
            );
        }
    }
}
