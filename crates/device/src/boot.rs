//! The boot decision: which slot, and why.
//!
//! | on trial | given up | its slot intact | boots left | boots | because |
//! |---|---|---|---|---|---|
//! | yes | no | yes | some | the trial, one boot less | `Trial` |
//! | yes | no | yes | none | the confirmed one | `Reverted`: its boots are used up |
//! | yes | no | no | - | the confirmed one | `Reverted`: its image isn't what was accepted |
//! | yes | yes | - | - | the confirmed one | `Reverted`: the machine gave it up while it ran |
//! | no | - | - | - | the confirmed one | `Confirmed` |
//!
//! If the confirmed image isn't intact, whichever slot is takes its place, as `LastResort`: the device
//! runs it to fetch and install something better. If neither is: `SafeMode`.
//!
//! With one slot alone ([`Strategy::Overwrite`]) there is no last resort: what was given up in it isn't run
//! again. What runs in safe mode is the recovery image there, which also is started, once, when an update is
//! due: `Recovery`, as long as the slot is empty on purpose.
//!
//! The changed record is saved *before* the jump: an image that hangs at once has used up its boot.

use mainstay_protocol::{BootReason, Event, RevertCause};
use mainstay_trust::Primitives;

use crate::flash::{Flash, FlashError};
use crate::layout::Strategy;
use crate::on_flash::OnFlash;
use crate::record::{Record, Trial};
use crate::slot::Slot;
use crate::storage::Storage as _;

/// What was booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booted {
    /// From which slot; none in safe mode.
    pub slot: Option<Slot>,
    /// Why.
    pub reason: BootReason,
}

/// Decides by the table above what to boot, and changes `record` accordingly. `intact` tells which
/// slots hold the bytes that the device accepted; `at` is Unix seconds, for reports.
pub fn decide(
    record: &mut Record,
    strategy: Strategy,
    intact: impl Fn(Slot) -> bool,
    at: u64,
) -> Booted {
    if core::mem::take(&mut record.overwrite_due) {
        return booted(None, BootReason::Recovery);
    }
    let mut reason = BootReason::Confirmed;
    if let Some(trial) = record.trial {
        let Some(cause) = end_of(trial, intact(trial.slot)) else {
            return try_out(record, trial);
        };
        give_up(record, trial, cause, at);
        reason = BootReason::Reverted;
    }
    match record.confirmed.filter(|slot| intact(*slot)) {
        Some(_) if record.last_resort => booted(record.confirmed, BootReason::LastResort),
        Some(_) => booted(record.confirmed, reason),
        // A slot that was erased for a download isn't lost unexpectedly.
        None if strategy == Strategy::Overwrite && record.download.is_some() => {
            record.confirmed = None;
            booted(None, BootReason::Recovery)
        }
        None if strategy == Strategy::Overwrite => last_resort(record, |_| false, at),
        None => last_resort(record, intact, at),
    }
}

fn booted(slot: Option<Slot>, reason: BootReason) -> Booted {
    Booted { slot, reason }
}

/// Why a trial is over; none if it gets one more boot.
fn end_of(trial: Trial, intact: bool) -> Option<RevertCause> {
    match trial.given_up {
        Some(cause) => Some(cause),
        None if !intact => Some(RevertCause::ImageInvalid),
        None if trial.boots_left == 0 => Some(RevertCause::BootLimit),
        None => None,
    }
}

fn try_out(record: &mut Record, trial: Trial) -> Booted {
    record.trial = Some(Trial {
        boots_left: trial.boots_left.saturating_sub(1),
        ..trial
    });
    booted(Some(trial.slot), BootReason::Trial)
}

pub(crate) fn give_up(record: &mut Record, trial: Trial, cause: RevertCause, at: u64) {
    record.trial = None;
    record.report(
        at,
        Event::Reverted {
            manifest: trial.manifest,
            cause,
        },
    );
}

/// The confirmed image is lost. What takes its place is remembered, so that a later trial has
/// something to fall back to, and never falls back into the slot that it was written to.
fn last_resort(record: &mut Record, intact: impl Fn(Slot) -> bool, at: u64) -> Booted {
    // What is being downloaded may be whole, and was neither compared nor tried out.
    let unfinished = record.download.map(|download| download.slot);
    let found = [Slot::A, Slot::B]
        .into_iter()
        .find(|slot| intact(*slot) && unfinished != Some(*slot));
    record.last_resort = found.is_some();
    let lost = core::mem::replace(&mut record.confirmed, found);
    match (found, lost) {
        (Some(_), _) => booted(found, BootReason::LastResort),
        (None, lost) => {
            if lost.is_some() {
                record.report(at, Event::EnteredSafeMode);
            }
            booted(None, BootReason::SafeMode)
        }
    }
}

/// A swap after which its image isn't intact makes the boot decision anew, and so may want the other image
/// back. More of them than this would only wear flash out.
const SWAPS_MAX: usize = 3;

/// The boot loader's work: reads the journal, checks both slots, decides, brings the image to where it runs,
/// and saves what changed. Whoever jumps hands the answer over to what it starts.
///
/// # Errors
/// If flash fails or the power goes away; the next power-up starts over.
pub fn power_up<F: Flash>(
    storage: &mut OnFlash<F>,
    primitives: &impl Primitives,
    at: u64,
) -> Result<Booted, FlashError> {
    storage.finish_swap()?;
    storage.restate()?;
    let loaded = storage.record()?;
    for _ in 0..SWAPS_MAX {
        let mut record = loaded.clone().unwrap_or_default();
        let a = storage.is_intact(Slot::A, primitives)?;
        let b = storage.is_intact(Slot::B, primitives)?;
        let is_intact = |slot| match slot {
            Slot::A => a,
            Slot::B => b,
        };
        let booted = decide(&mut record, storage.layout().strategy(), is_intact, at);
        if booted.slot.is_none_or(|slot| storage.is_in_place(slot)) {
            // Saved after the swap: a cut during it costs a trial none of its boots.
            let changed = loaded.as_ref() != Some(&record);
            return match changed.then(|| storage.save_record(&mut record)) {
                Some(Err(error)) => {
                    let instead = unsaved(booted, &record, is_intact, error)?;
                    in_place(storage, instead, primitives)
                }
                Some(Ok(())) | None => Ok(booted),
            };
        }
        storage.swap()?;
    }
    // Flash that can't hold what is copied: nothing here may be run.
    Ok(booted(None, BootReason::SafeMode))
}

/// What to boot in the place of what was `decided` if the changed `record` can't be saved: a trial whose boots nobody
/// counts isn't made, and nobody makes way for an update that can't be written, as long as there is something to run.
///
/// # Errors
/// If the power went away: the next power-up starts over.
pub fn unsaved(
    decided: Booted,
    record: &Record,
    intact: impl Fn(Slot) -> bool,
    error: FlashError,
) -> Result<Booted, FlashError> {
    if !error.is_for_good() {
        return Err(error);
    }
    let safe = record.confirmed.filter(|slot| intact(*slot));
    Ok(match (decided.reason, safe) {
        (BootReason::Trial | BootReason::Recovery, Some(_)) => booted(safe, BootReason::LastResort),
        _ => decided,
    })
}

/// Brings to its place what is booted although nothing could be saved.
fn in_place<F: Flash>(
    storage: &mut OnFlash<F>,
    booted: Booted,
    primitives: &impl Primitives,
) -> Result<Booted, FlashError> {
    let Some(slot) = booted.slot.filter(|slot| !storage.is_in_place(*slot)) else {
        return Ok(booted);
    };
    storage.swap()?;
    match storage.is_intact(slot, primitives)? {
        true => Ok(booted),
        false => Ok(self::booted(None, BootReason::SafeMode)),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_trust::Digest;

    use super::*;

    fn on_trial(slot: Slot, boots_left: u8, given_up: Option<RevertCause>) -> Record {
        Record {
            confirmed: Some(Slot::A),
            trial: Some(Trial {
                slot,
                manifest: Digest::ZERO,
                boots_left,
                given_up,
                offline: false,
            }),
            ..Record::default()
        }
    }

    fn settled() -> Record {
        Record {
            trial: None,
            ..on_trial(Slot::B, 0, None)
        }
    }

    fn check(
        record: Record,
        good: &[Slot],
        expected: (Option<Slot>, BootReason, Option<u8>),
    ) -> Record {
        check_with(Strategy::DualBank, record, good, expected)
    }

    fn check_with(
        strategy: Strategy,
        mut record: Record,
        good: &[Slot],
        expected: (Option<Slot>, BootReason, Option<u8>),
    ) -> Record {
        let before = record.clone();
        let booted = decide(&mut record, strategy, |slot| good.contains(&slot), 5);
        let left = record.trial.map(|trial| trial.boots_left);
        assert_eq!(
            (booted.slot, booted.reason, left),
            expected,
            "{before:?} {good:?}"
        );
        record
    }

    #[test]
    fn every_row_of_the_table() {
        use BootReason::{Confirmed, LastResort, Reverted, SafeMode, Trial};
        let (a, b) = (Slot::A, Slot::B);
        let ill = Some(RevertCause::SelfTest);
        for (record, good, expected) in [
            (settled(), &[a, b][..], (Some(a), Confirmed, None)),
            (settled(), &[a], (Some(a), Confirmed, None)),
            (on_trial(b, 3, None), &[a, b], (Some(b), Trial, Some(2))),
            (on_trial(b, 1, None), &[a, b], (Some(b), Trial, Some(0))),
            (on_trial(b, 0, None), &[a, b], (Some(a), Reverted, None)),
            (on_trial(b, 3, None), &[a], (Some(a), Reverted, None)),
            (on_trial(b, 3, ill), &[a, b], (Some(a), Reverted, None)),
            (settled(), &[b], (Some(b), LastResort, None)),
            (on_trial(b, 0, None), &[b], (Some(b), LastResort, None)),
            (on_trial(b, 2, None), &[], (None, SafeMode, None)),
            (settled(), &[], (None, SafeMode, None)),
        ] {
            check(record, good, expected);
        }
    }

    #[test]
    fn a_last_resort_is_what_later_trials_fall_back_to() {
        use BootReason::{LastResort, SafeMode, Trial};
        let (a, b) = (Slot::A, Slot::B);
        let mut record = check(settled(), &[b], (Some(b), LastResort, None));
        // A trial in the lost slot: given up, the device doesn't take it for the confirmed one.
        record.trial = on_trial(a, 1, None).trial;
        let record = check(record, &[a, b], (Some(a), Trial, Some(0)));
        let record = check(record, &[a, b], (Some(b), LastResort, None));
        let record = check(record, &[], (None, SafeMode, None));
        check(record, &[a], (Some(a), LastResort, None));
    }

    #[test]
    fn giving_up_and_safe_mode_are_reported_once() {
        let mut record = on_trial(Slot::B, 0, None);
        for _ in 0..3 {
            decide(&mut record, Strategy::DualBank, |_| true, 5);
        }
        for _ in 0..3 {
            decide(&mut record, Strategy::DualBank, |_| false, 6);
        }
        let kinds = record.reports.iter().map(|report| report.event.kind());
        assert!(kinds.eq(["reverted", "entered-safe-mode"]));
    }

    #[test]
    fn one_slot_has_no_last_resort_and_safe_mode_is_visited_once() {
        use BootReason::{Confirmed, Recovery, SafeMode, Trial};
        let a = Slot::A;
        let due = Record {
            overwrite_due: true,
            ..settled()
        };
        let record = check_with(Strategy::Overwrite, due, &[a], (None, Recovery, None));
        let record = check_with(
            Strategy::Overwrite,
            record,
            &[a],
            (Some(a), Confirmed, None),
        );
        let tried = Record {
            confirmed: None,
            ..on_trial(a, 1, None)
        };
        let tried = check_with(Strategy::Overwrite, tried, &[a], (Some(a), Trial, Some(0)));
        check_with(Strategy::Overwrite, tried, &[a], (None, SafeMode, None));
        let erased = Record {
            download: Some(crate::record::Download {
                slot: a,
                manifest: Digest::ZERO,
                written: 0,
            }),
            ..record.clone()
        };
        let erased = check_with(Strategy::Overwrite, erased, &[], (None, Recovery, None));
        assert!(erased.reports.is_empty(), "it was erased on purpose");
        let lost = check_with(Strategy::Overwrite, record, &[], (None, SafeMode, None));
        assert_eq!(lost.reports.len(), 1);
    }
}
