//! When a device should ask again: by the plan's poll, or earlier if its turn comes earlier. Read [`after_s`].

use jiff::{SignedDuration, Timestamp};
use mainstay_rollout::turn;

use crate::app::ActivePlan;

/// What devices do while no plan is active.
const WITHOUT_PLAN: SignedDuration = SignedDuration::from_hours(1);

/// Seconds until a device asks again whose turn, as far as that is known, comes at `turn`.
pub(crate) fn after_s(plan: Option<&ActivePlan>, turn: Option<Timestamp>, now: Timestamp) -> u32 {
    let poll = plan.map_or(WITHOUT_PLAN, |active| active.plan.rollout.poll);
    let after = turn::asks_again_after(poll, turn, now);
    u32::try_from(after.as_secs()).unwrap_or(u32::MAX)
}
