//! What a step makes of the devices that go back, or can't; the same for every back end.

use std::collections::BTreeMap;

use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::{Action, Progress};

use crate::progress;
use crate::{NextStep, StoreError, TimelineKind};

/// A device that goes back, or can't.
pub(crate) struct Moved {
    pub(crate) key: i64,
    pub(crate) progress: Progress,
    pub(crate) kind: TimelineKind,
    pub(crate) text: String,
}

/// Key and progress of each enrolled device, and what it runs.
pub(crate) type Enrolments = BTreeMap<String, (i64, Progress, Option<ReleaseDigest>)>;

/// What people call each release that devices go back to.
pub(crate) type Names = BTreeMap<ReleaseDigest, String>;

/// The devices that actions send back, or find unable to go.
pub(crate) fn concerned(actions: &[Action]) -> impl Iterator<Item = &DeviceId> {
    actions.iter().filter_map(|action| match action {
        Action::Return { device, .. } | Action::CannotReturn { device, .. } => Some(device),
        _ => None,
    })
}

/// What a step makes of the devices that it concerns, but for those that have moved on.
///
/// # Errors
/// [`StoreError::NotFound`] if one of them isn't among the known ones.
pub(crate) fn of_step(
    known: &Enrolments,
    names: &Names,
    step: &NextStep<'_>,
) -> Result<Vec<Moved>, StoreError> {
    let mut moved = Vec::new();
    for action in step.actions {
        moved.extend(outcome(known, names, action, step)?);
    }
    Ok(moved)
}

/// What an action makes of its device; none if it concerns none, or the device has moved on.
fn outcome(
    known: &Enrolments,
    names: &Names,
    action: &Action,
    step: &NextStep<'_>,
) -> Result<Option<Moved>, StoreError> {
    let at = step.at;
    let (Action::Return { device, .. } | Action::CannotReturn { device, .. }) = action else {
        return Ok(None);
    };
    let (key, before, running) = known
        .get(device.as_str())
        .ok_or_else(|| StoreError::not_found("enrolled device", device))?;
    let (progress, kind, text) = match action {
        Action::Return { to, .. } => {
            let name = names.get(to).map_or("", String::as_str);
            let text = format!("was told to go back to {name}");
            let runs_it = *running == Some(step.rollout.candidate.release);
            (
                progress::returning(before, runs_it, *to, at),
                TimelineKind::Returning,
                text,
            )
        }
        Action::CannotReturn { why, .. } => {
            let text = format!("can't go back: {why}");
            (
                progress::stranded(before, *why, at),
                TimelineKind::CannotReturn,
                text,
            )
        }
        _ => return Ok(None),
    };
    let progress = progress.filter(|progress| progress != before);
    Ok(progress.map(|progress| Moved {
        key: *key,
        progress,
        kind,
        text,
    }))
}
