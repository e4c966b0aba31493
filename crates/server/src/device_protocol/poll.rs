//! When a device should ask again: by the plan's poll, or earlier if its turn comes earlier. Read [`after_s`].

use jiff::{SignedDuration, Timestamp};
use mainstay_rollout::turn;

use crate::app::ActivePlan;

/// What devices do while no plan is active.
const WITHOUT_PLAN: SignedDuration = SignedDuration::from_hours(1);

/// How often devices ask at least.
pub(crate) fn every(plan: Option<&ActivePlan>) -> SignedDuration {
    plan.map_or(WITHOUT_PLAN, |active| active.plan.rollout.poll)
}

/// Seconds until a device asks again whose turn, as far as that is known, comes at `turn`.
pub(crate) fn after_s(plan: Option<&ActivePlan>, turn: Option<Timestamp>, now: Timestamp) -> u32 {
    let after = turn::asks_again_after(every(plan), turn, now);
    u32::try_from(after.as_secs()).unwrap_or(u32::MAX)
}
