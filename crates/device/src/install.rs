//! Installing: from an admitted offer to a slot that may be booted.
//!
//! The first byte is erased after the envelope was verified and admitted; the slot becomes bootable
//! after its bytes were read back and had the admitted digest. Nothing here verifies anything: the
//! proof comes in, as [`Admitted`]. See [`accept`].

use mainstay_protocol::{Event, InstallFailure};
use mainstay_trust::admission::Admitted;
use mainstay_trust::{Digest, Refusal};

use crate::machine::{effects, report};
use crate::record::{Download, Trial};
use crate::slot::Slot;
use crate::state::{Effect, Effects, Phase, Policy, State};

/// A release whose payload was refused isn't fetched again for so long: a server that insists can't
/// wear the flash out, which stands some ten thousand erasures.
pub const AVOID_MS: u64 = 24 * 3_600_000;

pub(crate) fn accept(
    policy: &Policy,
    state: &mut State,
    admitted: Admitted,
    now_ms: u64,
) -> Effects {
    let manifest = admitted.manifest();
    if !state.may_install() || is_avoided(state, manifest, now_ms) {
        return Effects::new();
    }
    if policy.single_slot && state.booted.is_some() {
        return make_way(state);
    }
    let slot = state.target();
    let begun = state
        .record
        .download
        .filter(|d| d.manifest == manifest && d.slot == slot);
    let written = begun.map_or(0, |download| download.written);
    state.phase = Phase::Fetching {
        admitted,
        slot,
        written,
        at_ms: now_ms,
    };
    state.failed = None;
    state.record.counters.install_began(&admitted);
    if state.record.confirmed == Some(slot) {
        // With one slot, what was confirmed is about to be erased. Were it said to be there until the new image
        // has been checked, a cut before that would start the new one as if it had been confirmed.
        state.record.confirmed = None;
    }
    state.record.download = Some(Download {
        slot,
        manifest,
        written,
    });
    if written > 0 {
        // Bytes behind the checkpoint may have been written before the power went away.
        return effects(&[Effect::Save, Effect::EraseImageFrom(slot, written)]);
    }
    if begun.is_none() {
        state.tell_now = true;
        report(state, now_ms, Event::DownloadStarted { manifest });
    }
    effects(&[
        Effect::Save,
        Effect::EraseSlot(slot),
        Effect::WriteHead(slot),
    ])
}

/// With one slot, whoever runs from it restarts into safe mode, which asks for the offer again.
fn make_way(state: &mut State) -> Effects {
    state.record.overwrite_due = true;
    state.phase = Phase::Rebooting;
    effects(&[Effect::Save])
}

pub(crate) fn refuse(
    state: &mut State,
    manifest: Digest,
    refusal: Refusal,
    now_ms: u64,
) -> Effects {
    if state.refused == Some((manifest, refusal)) {
        return Effects::new();
    }
    state.refused = Some((manifest, refusal));
    report(
        state,
        now_ms,
        Event::Refused {
            manifest,
            refusal: refusal.code(),
        },
    );
    effects(&[Effect::Save])
}

pub(crate) fn written(policy: &Policy, state: &mut State, bytes: u32) -> Effects {
    let Phase::Fetching {
        admitted,
        slot,
        written,
        ..
    } = &mut state.phase
    else {
        return Effects::new();
    };
    *written = written.saturating_add(bytes);
    state.failures = 0;
    if *written >= admitted.image_bytes() {
        return effects(&[Effect::CheckPayload(*slot)]);
    }
    let whole = *written - *written % policy.page_bytes;
    match &mut state.record.download {
        Some(download) if whole >= download.written.saturating_add(policy.checkpoint_bytes) => {
            download.written = whole;
            effects(&[Effect::Save])
        }
        _ => Effects::new(),
    }
}

pub(crate) fn payload_checked(
    policy: &Policy,
    state: &mut State,
    checked: Result<(), Refusal>,
    now_ms: u64,
) -> Effects {
    let Phase::Fetching { admitted, slot, .. } = state.phase else {
        return Effects::new();
    };
    let manifest = admitted.manifest();
    state.record.download = None;
    if let Err(refusal) = checked {
        state.phase = Phase::Idle;
        state.avoided = Some((manifest, now_ms.saturating_add(AVOID_MS)));
        // It began anew, so it is told anew; and the end of the download must be saved.
        state.refused = None;
        return refuse(state, manifest, refusal, now_ms);
    }
    report(state, now_ms, Event::Installed { manifest });
    state.record.trial = Some(Trial {
        slot,
        manifest,
        boots_left: policy.trial.boots,
        given_up: None,
        offline: admitted.is_offline(),
    });
    state.phase = Phase::Rebooting;
    effects(&[Effect::Save, Effect::Arm(slot, policy.trial.boots)])
}

/// A release that the device couldn't install isn't tried again for so long: an hour is enough for a person to
/// make room, and keeps a hook that always says no from being asked all day.
pub const FAILED_MS: u64 = 3_600_000;

/// Gives an installation up that the device itself can't do. What is going on without end is told once.
///
/// | under way | what becomes of it |
/// |---|---|
/// | a download | ends; its checkpoint stays, so that the next attempt goes on from there |
/// | a restart into the new image | the trial is taken back, and the boot loader settled on what runs |
/// | a trial that can't be kept | is looked at again, but not at once |
pub(crate) fn failed(
    policy: &Policy,
    state: &mut State,
    manifest: Digest,
    cause: InstallFailure,
    now_ms: u64,
) -> Effects {
    let back_to = take_back(state);
    state.look_at_ms = now_ms.saturating_add(policy.trial.look_every_ms);
    if manifest != Digest::ZERO {
        state.avoided = Some((manifest, now_ms.saturating_add(FAILED_MS)));
    }
    if state.failed != Some((manifest, cause)) {
        state.failed = Some((manifest, cause));
        state.tell_now = true;
        report(state, now_ms, Event::Failed { manifest, cause });
    }
    match back_to {
        Some(slot) => effects(&[Effect::Save, Effect::Settle(slot)]),
        None => effects(&[Effect::Save]),
    }
}

/// Ends a download, or takes a trial back that hasn't been restarted into: then returns what to settle on.
fn take_back(state: &mut State) -> Option<Slot> {
    if matches!(state.phase, Phase::Fetching { .. }) {
        state.phase = Phase::Idle;
        return None;
    }
    let running = state.booted;
    let restarts = state.is_restarting_into_trial();
    if restarts {
        state.phase = Phase::Idle;
        state.record.trial = None;
    }
    running.filter(|_| restarts)
}

fn is_avoided(state: &State, manifest: Digest, now_ms: u64) -> bool {
    let avoided = state.avoided.filter(|(_, until_ms)| now_ms < *until_ms);
    avoided.is_some_and(|(avoided, _)| avoided == manifest)
}
