//! Who must go back after a halt, to which release; and who can't.
//!
//! A device goes back to the release it ran before, and only if the candidate's own manifest names
//! that in `returns_to`: two people signed it at pack time, so that going back needs no key
//! online. A device whose trial failed has gone back by itself. Read [`target`].

use core::fmt;

use mainstay_fleet::ReleaseDigest;
use serde::{Deserialize, Serialize};

use crate::progress::{FailureCause, Progress};
use crate::rollout::{Candidate, Rollout};
use crate::step::Action;
use crate::view::{DeviceView, FleetView};

/// So many devices are told in one step, at most; the others follow with the next ones, within the time in which devices ask
/// anyway. Each is a row in one transaction, which nobody else's report should wait behind for long.
pub const TOLD_AT_ONCE_MAX: usize = 50_000;

/// Why a device that runs a halted candidate can't be sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum CannotReturn {
    /// It isn't known what the device ran before.
    NothingBefore,
    /// What it ran before isn't among the releases that the candidate's signers allowed.
    NotSigned {
        /// What it ran before.
        before: ReleaseDigest,
    },
    /// What it ran before was itself halted or revoked since.
    Withdrawn {
        /// What it ran before.
        before: ReleaseDigest,
    },
    /// It runs neither version. One that still asks, from its safe mode, is offered the way back all the same.
    Bricked,
}

impl fmt::Display for CannotReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingBefore => f.write_str("what it ran before isn't known"),
            Self::NotSigned { before } => write!(
                f,
                "what it ran before ({before}) isn't among the releases the candidate may return to"
            ),
            Self::Withdrawn { before } => {
                write!(
                    f,
                    "what it ran before ({before}) was itself halted or revoked"
                )
            }
            Self::Bricked => f.write_str("it runs neither version any more"),
        }
    }
}

/// The release that `device` goes back to.
///
/// # Errors
/// If no signed way leads back.
pub fn target(candidate: &Candidate, device: &DeviceView) -> Result<ReleaseDigest, CannotReturn> {
    let before = device.before.as_deref().copied();
    let before = before.ok_or(CannotReturn::NothingBefore)?;
    match candidate.returns_to.contains(&before) {
        true => Ok(before),
        false => Err(CannotReturn::NotSigned { before }),
    }
}

/// As [`target`], unless that release was withdrawn too.
fn open_target(
    candidate: &Candidate,
    device: &DeviceView,
    withdrawn: &[ReleaseDigest],
) -> Result<ReleaseDigest, CannotReturn> {
    let before = target(candidate, device)?;
    match withdrawn.contains(&before) {
        true => Err(CannotReturn::Withdrawn { before }),
        false => Ok(before),
    }
}

/// What the caller must do for the devices that run the candidate and haven't been told yet, or run it again, or were told to go
/// back to what has been withdrawn since: at most [`TOLD_AT_ONCE_MAX`] of them.
pub(crate) fn actions(rollout: &Rollout, view: &FleetView) -> Vec<Action> {
    let candidate = &rollout.candidate;
    let devices = view.devices.iter();
    let must = devices.filter(|device| {
        must_be_told(candidate, device)
            || waits_in_vain(view, device)
            || was_left_with_it(candidate, device)
                && open_target(candidate, device, &view.withdrawn).is_ok()
    });
    must.take(TOLD_AT_ONCE_MAX)
        .map(|device| action(candidate, device, &view.withdrawn))
        .collect()
}

/// Whether the device was told to go back to what nobody installs any more.
fn waits_in_vain(view: &FleetView, device: &DeviceView) -> bool {
    match &device.progress {
        Progress::Returning { to, .. } => view.withdrawn.contains(to),
        _ => false,
    }
}

/// Whether the device had come back, lost what it came back to, and was left with the candidate.
fn was_left_with_it(candidate: &Candidate, device: &DeviceView) -> bool {
    let had_come_back = matches!(device.progress, Progress::Returned { .. });
    had_come_back && device.runs(candidate.release)
}

fn action(candidate: &Candidate, device: &DeviceView, withdrawn: &[ReleaseDigest]) -> Action {
    let id = device.id.clone();
    match open_target(candidate, device, withdrawn) {
        Ok(to) => Action::Return { device: id, to },
        Err(why) => Action::CannotReturn { device: id, why },
    }
}

/// Whether the device runs the candidate, as far as is known, or nothing at all for its sake, and no return is under way.
fn must_be_told(candidate: &Candidate, device: &DeviceView) -> bool {
    match device.progress {
        Progress::OnTrial { .. } | Progress::Confirmed { .. } => true,
        // Its reports were lost, but its check-in said so.
        Progress::Waiting
        | Progress::Promised { .. }
        | Progress::Began { .. }
        | Progress::Refused { began: None, .. } => {
            device.runs(candidate.release) || device.made_way()
        }
        // A failed device goes back by itself; one that says it hasn't is offered the way back at
        // its check-in, and keeps its failure.
        Progress::Refused { began: Some(_), .. }
        | Progress::Failed { .. }
        | Progress::Returning { .. }
        | Progress::Returned { .. }
        | Progress::CannotReturn { .. } => false,
    }
}

/// Whether the device runs the candidate, or nothing since it had it, or is on its way back.
pub(crate) fn concerns(candidate: &Candidate, device: &DeviceView) -> bool {
    must_be_told(candidate, device)
        || was_left_with_it(candidate, device)
        || match device.progress {
            Progress::Returning { .. } => true,
            Progress::Refused { began: Some(_), .. } | Progress::Failed { .. } => {
                device.runs(candidate.release) || device.is_without_firmware()
            }
            _ => false,
        }
}

/// Whether the device couldn't be brought back by anything so far. One that runs nothing and still asks is offered the way
/// back all the same, and may be back, or have something newer.
fn is_bricked(candidate: &Candidate, device: &DeviceView) -> bool {
    let cause = device.progress.failure().map(|(_, cause)| cause);
    let bricked = matches!(cause, Some(FailureCause::Bricked | FailureCause::Lost));
    let is_unknown = device.running.is_none();
    bricked && (is_unknown || device.runs_nothing() || device.runs(candidate.release))
}

/// The devices of a halted rollout, by how far their return has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returns {
    /// Run the candidate, or are on their way back.
    pub out: u32,
    /// Said that they are back; with the ones that went back by themselves.
    pub back: u32,
    /// Can't go back.
    pub stranded: u32,
}

impl Returns {
    /// Counts the devices of `view`.
    #[must_use]
    pub fn of(rollout: &Rollout, view: &FleetView) -> Self {
        let mut returns = Self::default();
        for device in &view.devices {
            returns.count(&rollout.candidate, device, &view.withdrawn);
        }
        returns
    }

    /// Counts one more.
    pub(crate) fn count(
        &mut self,
        candidate: &Candidate,
        device: &DeviceView,
        withdrawn: &[ReleaseDigest],
    ) {
        match device.progress {
            Progress::CannotReturn { .. } => self.stranded += 1,
            Progress::Failed { .. } if is_bricked(candidate, device) => self.stranded += 1,
            _ if concerns(candidate, device) => {
                match open_target(candidate, device, withdrawn).is_ok() {
                    true => self.out += 1,
                    false => self.stranded += 1,
                }
            }
            Progress::Returned { .. } => self.back += 1,
            Progress::Failed { .. } if device.progress.ran_it() => self.back += 1,
            _ => {}
        }
    }
}

/// The devices that no offer can bring back, with the reason: bricked ones too.
pub fn stranded<'a>(
    candidate: &'a Candidate,
    view: &'a FleetView,
) -> impl Iterator<Item = (&'a DeviceView, CannotReturn)> {
    view.devices.iter().filter_map(move |device| {
        let why = match &device.progress {
            Progress::CannotReturn { why, .. } => Some(**why),
            Progress::Failed { .. } if is_bricked(candidate, device) => Some(CannotReturn::Bricked),
            _ if concerns(candidate, device) => {
                open_target(candidate, device, &view.withdrawn).err()
            }
            _ => None,
        };
        Some((device, why?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, at};

    #[test]
    fn who_is_not_told_at_once_is_told_by_the_next_step() {
        let rollout = testing::opened(1);
        let mut view = testing::view(TOLD_AT_ONCE_MAX + 2);
        view.devices
            .iter_mut()
            .for_each(|d| d.progress = testing::on_trial(0));
        let told = actions(&rollout, &view);
        assert_eq!(told.len(), TOLD_AT_ONCE_MAX);
        for device in &mut view.devices[..TOLD_AT_ONCE_MAX] {
            let (began, at) = (at(0), at(1));
            device.progress = Progress::Returning {
                began,
                at,
                to: testing::OLD.into(),
            };
        }
        let rest = |device: &DeviceView| {
            let (device, to) = (device.id.clone(), testing::OLD);
            Action::Return { device, to }
        };
        let expected: Vec<_> = view.devices[TOLD_AT_ONCE_MAX..].iter().map(rest).collect();
        assert_eq!(actions(&rollout, &view), expected);
    }
}
