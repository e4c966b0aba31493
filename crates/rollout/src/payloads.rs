//! Whose bytes a device may fetch. What was stopped, by a halt, a hold or a pause, nobody begins any more; who has begun may end.
//!
//! A device says that it begins before it asks for the first byte. One that began before the stop ends what it began, and a halted rollout
//! sends it back then: a download that is cut off helps nobody. One that was promised the release, and hadn't begun, gets
//! none of it; nor does one that says it began after the stop, as it still has what it ran. A device with
//! one slot hasn't: it runs nothing by then, and may end in any case, or fetch what it ran before. A pause of a server that was set back
//! stops all others: the release may have been halted, and that server doesn't know it.
//!
//! Read [`fetchable`].

use jiff::Timestamp;
use mainstay_fleet::ReleaseDigest;

use crate::progress::Progress;
use crate::rollout::{Phase, Rollout};
use crate::view::DeviceView;

/// The releases of this rollout whose bytes `device` may fetch: the candidate, once it was promised; and what it ran before, after a halt,
/// or where it has nothing to run. A failed device that still runs the candidate keeps its failure
/// on its way back, so the halt decides, not the progress.
///
/// `held_since` is since when the candidate is on hold, if it is.
#[must_use]
pub fn fetchable(
    rollout: &Rollout,
    device: &DeviceView,
    held_since: Option<Timestamp>,
) -> Vec<ReleaseDigest> {
    if matches!(device.progress, Progress::Waiting) {
        return Vec::new();
    }
    let halted_at = match &rollout.phase {
        Phase::Halted { at, .. } => Some(*at),
        _ => None,
    };
    // Of several stops the earliest one counts.
    let stopped_at = [halted_at, held_since].into_iter().flatten().min();
    let paused = rollout.paused.as_ref();
    let is_open = stopped_at.is_none_or(|stopped| may_end(device, stopped))
        && paused.is_none_or(|paused| paused.lets_end(device));
    let candidate = is_open.then_some(rollout.candidate.release);
    let returns = halted_at.is_some() || device.made_way();
    let allowed = |release: &ReleaseDigest| rollout.candidate.returns_to.contains(release);
    let before = device.before.as_deref();
    let back = before.filter(|before| returns && allowed(before));
    candidate.into_iter().chain(back.copied()).collect()
}

/// Whether the device may end what it began, although that was stopped then.
pub(crate) fn may_end(device: &DeviceView, stopped: Timestamp) -> bool {
    let is_on_it = matches!(device.progress, Progress::Began { at } if at <= stopped);
    // Also one that is told to go back by now, or can't: it may be in the middle of it, and learns that when it asks.
    is_on_it || device.made_way()
}
