//! What stands in the way of an installation, and is none of the release's doing: a full disk, a hook.
//!
//! | under way | what becomes of it |
//! |---|---|
//! | a download | ends; its checkpoint stays, so that the next attempt goes on from there |
//! | a restart into the new image | the trial is taken back, and the boot loader settled on what runs |
//! | neither | nothing |
//!
//! It is reported like a refusal, once, and the release is left alone for [`HINDERED_MS`].

use mainstay_protocol::Obstacle;
use mainstay_trust::{Digest, Primitives};

use crate::device::Device;
use crate::error::DeviceError;
use crate::install::tell_no;
use crate::machine::effects;
use crate::slot::Slot;
use crate::state::{Effect, Effects, Input, Phase, State};
use crate::storage::Storage;

/// A release that was hindered isn't tried again for so long: an hour is enough for a person to make room, and
/// keeps a hook that always says no from being asked all day.
pub const HINDERED_MS: u64 = 3_600_000;

impl<S: Storage, P: Primitives, R: AsRef<[u8]>> Device<S, P, R> {
    /// Says that something of the owner's stands in the way of the installation: its disk is full, say, or a
    /// hook said no. After a failure of the storage during an installation, this takes the place of a new
    /// start. Nothing happens if no installation is under way.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn hindered(&mut self, obstacle: Obstacle, now_ms: u64) -> Result<(), DeviceError> {
        Ok(self.feed(Input::Hindered(obstacle), now_ms)?)
    }

    /// Whether an installation is under way that has not been restarted into.
    #[must_use]
    pub fn is_installing(&self) -> bool {
        installing(&self.state).is_some()
    }
}

/// The release whose installation is under way, and what to settle on if it is taken back.
pub(crate) fn installing(state: &State) -> Option<(Digest, Option<Slot>)> {
    if let Phase::Fetching { admitted, .. } = state.phase {
        return Some((admitted.manifest(), None));
    }
    let running = state.running.map(|release| release.slot)?;
    let trial = state.record.trial.filter(|trial| trial.slot != running)?;
    let restarts = state.phase == Phase::Rebooting && trial.given_up.is_none();
    restarts.then_some((trial.manifest, Some(running)))
}

pub(crate) fn hindered(state: &mut State, obstacle: Obstacle, now_ms: u64) -> Effects {
    let Some((manifest, back_to)) = installing(state) else {
        return Effects::new();
    };
    state.phase = Phase::Idle;
    state.avoided = Some((manifest, now_ms.saturating_add(HINDERED_MS)));
    // A person may be waiting for it, with a disk to tidy.
    state.tell_now |= tell_no(state, manifest, obstacle.code(), now_ms);
    match back_to {
        Some(slot) => {
            state.record.trial = None;
            effects(&[Effect::Save, Effect::Settle(slot)])
        }
        None => effects(&[Effect::Save]),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_protocol::Event;
    use mainstay_trust::Mark;

    use super::*;
    use crate::record::{Record, Trial};
    use crate::state::Release;

    fn about_to_restart() -> State {
        let mark = Mark {
            epoch: 0,
            number: 1,
        };
        let running = Release {
            slot: Slot::A,
            manifest: Digest([1; 32]),
            sequence: mark,
            floor: mark,
        };
        let record = Record {
            confirmed: Some(Slot::A),
            trial: Some(Trial {
                slot: Slot::B,
                manifest: Digest([2; 32]),
                boots_left: 3,
                given_up: None,
                offline: false,
            }),
            ..Record::default()
        };
        let mut state = State::new(record, Some(running), 0);
        state.phase = Phase::Rebooting;
        state
    }

    #[test]
    fn a_trial_that_never_began_is_taken_back_and_told_once() {
        let mut state = about_to_restart();
        let done = hindered(&mut state, Obstacle::HookFailed, 5);
        assert_eq!(done[..], [Effect::Save, Effect::Settle(Slot::A)]);
        assert_eq!((state.phase, state.record.trial), (Phase::Idle, None));
        assert_eq!(state.record.confirmed, Some(Slot::A));
        assert!(state.tell_now);
        let told = state.record.reports.iter().map(|report| report.event);
        let expected = Event::Refused {
            manifest: Digest([2; 32]),
            refusal: Obstacle::HookFailed.code(),
        };
        assert!(told.eq([expected]));
        assert!(hindered(&mut state, Obstacle::HookFailed, 6).is_empty());
    }

    #[test]
    fn a_return_is_never_taken_back() {
        let mut state = about_to_restart();
        if let Some(trial) = &mut state.record.trial {
            trial.given_up = Some(mainstay_protocol::RevertCause::SelfTest);
        }
        let before = state.clone();
        assert!(hindered(&mut state, Obstacle::StorageFull, 5).is_empty());
        assert_eq!(state, before);
    }
}
