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
//! relies on it. Read [`step`]; its words are in `state.rs`,
//! and its longest path, from an offer to a reboot, in `install.rs`.

use mainstay_protocol::{BootReason, Event, RevertCause, SelfTest};
use mainstay_trust::Digest;

use crate::install::{accept, failed, payload_checked, refuse, written};
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
/// No answer silences a device for longer than this: a server that was conquered, or whose clock was
/// wrong, gets its devices back within a day.
pub const POLL_MS_MAX: u64 = 24 * 3_600_000;

/// What a device does next. Total: an input that makes no sense in a state changes nothing.
#[must_use]
pub fn step(policy: &Policy, mut state: State, input: Input, now_ms: u64) -> (State, Effects) {
    let effects = step_in_place(policy, &mut state, input, now_ms);
    (state, effects)
}

/// [`step`] for devices whose stack has no room for a second state.
#[inline(never)]
pub(crate) fn step_in_place(
    policy: &Policy,
    state: &mut State,
    input: Input,
    now_ms: u64,
) -> Effects {
    match input {
        Input::Started { reason } => started(state, reason, now_ms),
        Input::Offered(Ok(admitted)) => accept(policy, state, admitted, now_ms),
        Input::Offered(Err((manifest, refusal))) => refuse(state, manifest, refusal, now_ms),
        Input::PaperTaken { paper, counters } => {
            // Nothing relies on the paper before both are saved; the counters alone do no harm.
            state.record.counters = counters;
            effects(&[Effect::Save, Effect::SavePaper(paper)])
        }
        Input::PaperRefused(refusal) => refuse(state, Digest::ZERO, refusal, now_ms),
        Input::Written { bytes } => written(policy, state, bytes),
        Input::PayloadChecked(checked) => payload_checked(policy, state, checked, now_ms),
        Input::Looked(self_test) => looked(policy, state, self_test, now_ms),
        Input::Answered {
            acknowledged,
            poll_after_ms,
        } => answered(
            state,
            acknowledged,
            now_ms.saturating_add(poll_after_ms.clamp(POLL_MS_MIN, POLL_MS_MAX)),
        ),
        Input::Acknowledged { acknowledged } => acknowledge(state, acknowledged),
        Input::ExchangeFailed => exchange_failed(policy, state, now_ms),
        Input::SetAside => set_aside(state),
        Input::InstallFailed { manifest, cause } => failed(policy, state, manifest, cause, now_ms),
    }
}

pub(crate) fn effects(list: &[Effect]) -> Effects {
    Effects::from_slice(list).expect("no step has more than four effects")
}

fn both(first: &[Effect], then: &[Effect]) -> Effects {
    let mut all = effects(first);
    all.extend_from_slice(then)
        .expect("no step has more than four effects");
    all
}

pub(crate) fn report(state: &mut State, now_ms: u64, event: Event) {
    state.record.report(now_ms / 1000, event);
}

fn started(state: &mut State, reason: BootReason, now_ms: u64) -> Effects {
    let newest = state.record.reports.last().map(|report| report.event);
    // A flickering supply is told once, or it would push everything else out of the queue.
    let interrupted = state.record.download.is_some() && newest != Some(Event::PowerLost);
    let tried_out = state.running.filter(|_| reason == BootReason::Trial);
    if interrupted {
        report(state, now_ms, Event::PowerLost);
    }
    if let Some(Release { manifest, .. }) = tried_out {
        state.watch = Some(Watch {
            since_ms: now_ms,
            reached_server: state.record.trial.is_some_and(|trial| trial.offline),
            self_test: SelfTest::NotRun,
        });
        state.look_at_ms = now_ms;
        report(state, now_ms, Event::TrialBooted { manifest });
    }
    let saves: &[Effect] = match interrupted || tried_out.is_some() {
        true => &[Effect::Save],
        false => &[],
    };
    both(saves, &told_anew(state, reason))
}

/// What a boot loader of others may not have heard before the power went away.
fn told_anew(state: &mut State, reason: BootReason) -> Effects {
    let running = state.booted;
    match state.record.trial {
        // Given up, and yet it runs: back, and this time to the end.
        Some(trial) if trial.given_up.is_some() => {
            state.phase = Phase::Rebooting;
            settle(state.record.confirmed)
        }
        Some(trial) if reason == BootReason::Confirmed => {
            state.phase = Phase::Rebooting;
            effects(&[Effect::Arm(trial.slot, trial.boots_left)])
        }
        Some(_) => Effects::new(),
        None => settle(running),
    }
}

fn settle(slot: Option<Slot>) -> Effects {
    slot.map_or_else(Effects::new, |slot| effects(&[Effect::Settle(slot)]))
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
        Verdict::Revert(cause) => revert(state, cause),
    }
}

fn confirm(state: &mut State, release: Release, now_ms: u64) -> Effects {
    state.watch = None;
    let record = &mut state.record;
    record.trial = None;
    record.confirmed = Some(release.slot);
    record.last_resort = false;
    record.confirmed_manifest = release.manifest;
    record
        .counters
        .release_confirmed(release.sequence, release.floor);
    state.check_in_at_ms = now_ms;
    report(
        state,
        now_ms,
        Event::Confirmed {
            manifest: release.manifest,
        },
    );
    effects(&[Effect::Save, Effect::Settle(release.slot)])
}

/// Gives the image on trial up. It is reported by the boot decision, once the confirmed one runs.
fn revert(state: &mut State, cause: RevertCause) -> Effects {
    state.watch = None;
    if let Some(trial) = &mut state.record.trial {
        trial.given_up = Some(cause);
    }
    state.phase = Phase::Rebooting;
    both(&[Effect::Save], &settle(state.record.confirmed))
}

fn answered(state: &mut State, acknowledged: u32, next_ms: u64) -> Effects {
    state.check_in_at_ms = next_ms;
    state.failures = 0;
    state.answered = true;
    if let Some(watch) = &mut state.watch {
        watch.reached_server = true;
    }
    acknowledge(state, acknowledged)
}

/// Not saved: after a power cut the reports are sent again, and the server knows their numbers. New numbers are, and
/// what has them is told at once.
fn acknowledge(state: &mut State, acknowledged: u32) -> Effects {
    let is_renumbered = state.record.acknowledge(acknowledged);
    state.tell_now = is_renumbered && !state.record.reports.is_empty();
    match is_renumbered {
        true => effects(&[Effect::Save]),
        false => Effects::new(),
    }
}

/// The record goes on saying what was begun: the same offer is taken up where it stopped.
fn set_aside(state: &mut State) -> Effects {
    if matches!(state.phase, Phase::Fetching { .. }) {
        state.phase = Phase::Idle;
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
