//! The heart: what a device does next. Pure: a state and an input in, a state and effects out.
//!
//! ```text
//!            offer accepted            all bytes, digest good
//!   Idle ----------------> Fetching ------------------------> Rebooting
//!    ^                        |                                  |
//!    |   refused, given up    |                     power-up, on trial: a Watch beside Idle
//!    +------------------------+                                  |
//!    ^                                                           |
//!    +-- confirmed, or (after one more reboot) reverted <--------+
//! ```
//!
//! What must survive a power cut is in the record, and an effect that saves it stands before every effect that
//! relies on it. Read [`step`]; its words are in `state.rs`.

use mainstay_protocol::{BootReason, Event, RevertCause, SelfTest};
use mainstay_trust::admission::Admitted;
use mainstay_trust::{Digest, Refusal};

use crate::record::{Download, Trial};
use crate::slot::Slot;
use crate::state::{Effect, Effects, Input, Phase, Policy, Release, State};
use crate::trial::{self, Verdict, Watch};

/// A failed exchange doubles the wait this often at most, so that it stays below five minutes for a
/// retry of ten seconds.
pub const RETRIES_DOUBLED_MAX: u16 = 5;
/// After so many failed fetches in a row the device asks again what it should do: the release may have been
/// halted meanwhile.
pub const FETCH_FAILURES_MAX: u16 = 5;
/// No answer makes a device poll faster than this, whatever it says.
pub const POLL_MS_MIN: u64 = 100;

/// What a device does next. Total: an input that makes no sense in a state changes nothing.
#[must_use]
pub fn step(policy: &Policy, mut state: State, input: Input, now_ms: u64) -> (State, Effects) {
    let effects = match input {
        Input::Started { reason } => started(&mut state, reason, now_ms),
        Input::Offered(Ok(admitted)) => accept(&mut state, admitted, now_ms),
        Input::Offered(Err((manifest, refusal))) => refuse(&mut state, manifest, refusal, now_ms),
        Input::Written { bytes } => written(policy, &mut state, bytes),
        Input::PayloadChecked(checked) => payload_checked(policy, &mut state, checked, now_ms),
        Input::Looked(self_test) => looked(policy, &mut state, self_test, now_ms),
        Input::Answered {
            acknowledged,
            poll_after_ms,
        } => answered(
            &mut state,
            acknowledged,
            now_ms.saturating_add(poll_after_ms.max(POLL_MS_MIN)),
        ),
        Input::Acknowledged { acknowledged } => {
            state.record.acknowledge(acknowledged);
            state.tell_now = false;
            Effects::new()
        }
        Input::ExchangeFailed => exchange_failed(policy, &mut state, now_ms),
    };
    (state, effects)
}

fn effects(list: &[Effect]) -> Effects {
    Effects::from_slice(list).expect("no step has more than four effects")
}

fn report(state: &mut State, now_ms: u64, event: Event) {
    state.record.report(now_ms / 1000, event);
}

fn started(state: &mut State, reason: BootReason, now_ms: u64) -> Effects {
    let Some(release) = state.running.filter(|_| reason == BootReason::Trial) else {
        return Effects::new();
    };
    state.watch = Some(Watch {
        since_ms: now_ms,
        reached_server: false,
        self_test: SelfTest::NotRun,
    });
    state.look_at_ms = now_ms;
    report(
        state,
        now_ms,
        Event::TrialBooted {
            manifest: release.manifest,
        },
    );
    effects(&[Effect::Save])
}

fn accept(state: &mut State, admitted: Admitted, now_ms: u64) -> Effects {
    // An image on trial must first be kept or given up: there is no third slot.
    if state.phase != Phase::Idle || state.watch.is_some() {
        return Effects::new();
    }
    let manifest = admitted.manifest();
    let slot = state
        .running
        .map_or(Slot::A, |release| release.slot.other());
    let kept = state
        .record
        .download
        .filter(|d| d.manifest == manifest && d.slot == slot && d.written > 0);
    let written = kept.map_or(0, |download| download.written);
    state.phase = Phase::Fetching {
        admitted,
        slot,
        written,
        at_ms: now_ms,
    };
    state.record.status_seq = admitted.status_seq();
    state.record.time_floor = admitted.time();
    state.record.download = Some(Download {
        slot,
        manifest,
        written,
    });
    if kept.is_some() {
        // Bytes behind the checkpoint may have been written before the power went away.
        return effects(&[Effect::Save, Effect::EraseImageFrom(slot, written)]);
    }
    state.tell_now = true;
    report(state, now_ms, Event::DownloadStarted { manifest });
    effects(&[
        Effect::Save,
        Effect::EraseSlot(slot),
        Effect::WriteHead(slot),
    ])
}

fn refuse(state: &mut State, manifest: Digest, refusal: Refusal, now_ms: u64) -> Effects {
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

fn written(policy: &Policy, state: &mut State, bytes: u32) -> Effects {
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

fn payload_checked(
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
        return refuse(state, manifest, refusal, now_ms);
    }
    report(state, now_ms, Event::Installed { manifest });
    state.record.trial = Some(Trial {
        slot,
        manifest,
        boots_left: policy.trial.boots,
    });
    state.phase = Phase::Rebooting;
    effects(&[Effect::Save])
}

fn looked(policy: &Policy, state: &mut State, self_test: SelfTest, now_ms: u64) -> Effects {
    let (Some(watch), Some(release)) = (&mut state.watch, state.running) else {
        return Effects::new();
    };
    watch.self_test = self_test;
    state.look_at_ms = now_ms.saturating_add(policy.trial.look_every_ms);
    match trial::judge(watch, &policy.trial, now_ms) {
        Verdict::Wait => Effects::new(),
        Verdict::Confirm => confirm(state, release, now_ms),
        Verdict::Revert(cause) => revert(state, release, cause, now_ms),
    }
}

fn confirm(state: &mut State, release: Release, now_ms: u64) -> Effects {
    state.watch = None;
    let record = &mut state.record;
    record.trial = None;
    record.confirmed = Some(release.slot);
    record.confirmed_manifest = release.manifest;
    record.confirmed_sequence = release.sequence;
    record.floor = record.floor.max(release.floor);
    state.check_in_at_ms = now_ms;
    report(
        state,
        now_ms,
        Event::Confirmed {
            manifest: release.manifest,
        },
    );
    effects(&[Effect::Save])
}

fn revert(state: &mut State, release: Release, cause: RevertCause, now_ms: u64) -> Effects {
    state.watch = None;
    state.record.trial = None;
    state.phase = Phase::Rebooting;
    report(
        state,
        now_ms,
        Event::Reverted {
            manifest: release.manifest,
            cause,
        },
    );
    effects(&[Effect::Save])
}

fn answered(state: &mut State, acknowledged: u32, next_ms: u64) -> Effects {
    // Not saved: after a power cut the reports are sent again, and the server knows their numbers.
    state.record.acknowledge(acknowledged);
    state.check_in_at_ms = next_ms;
    state.failures = 0;
    state.tell_now = false;
    if let Some(watch) = &mut state.watch {
        watch.reached_server = true;
    }
    Effects::new()
}

fn exchange_failed(policy: &Policy, state: &mut State, now_ms: u64) -> Effects {
    let doubled = state.failures.min(RETRIES_DOUBLED_MAX);
    state.failures = state.failures.saturating_add(1);
    state.tell_now = false;
    let again_ms = now_ms.saturating_add(policy.retry_ms << doubled);
    match &mut state.phase {
        Phase::Fetching { at_ms, .. } if state.failures <= FETCH_FAILURES_MAX => *at_ms = again_ms,
        _ => {
            state.phase = if state.phase == Phase::Rebooting {
                Phase::Rebooting
            } else {
                Phase::Idle
            };
            state.check_in_at_ms = again_ms;
        }
    }
    Effects::new()
}
