//! The boot decision: which slot, and why.
//!
//! | on trial | its slot intact | boots left | confirmed intact | boots | because |
//! |---|---|---|---|---|---|
//! | yes | yes | some | - | the trial, one boot less | `Trial` |
//! | yes | yes | none | yes | the confirmed one | `Reverted`, its boots are used up |
//! | yes | no | - | yes | the confirmed one | `Reverted`, its image isn't what was accepted |
//! | no | - | - | yes | the confirmed one | `Confirmed` |
//! | - | - | - | no | whichever slot is intact | `LastResort` |
//! | - | no | - | no | nothing; fetch and install only | `SafeMode` |
//!
//! The changed record is saved *before* the jump: an image that hangs at once has used up its boot.

use mainstay_protocol::{BootReason, Event, RevertCause};
use mainstay_trust::Primitives;

use crate::flash::{Flash, FlashError};
use crate::journal;
use crate::layout::Layout;
use crate::record::{Record, Trial};
use crate::slot::{Head, Slot, intact};

/// What was booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booted {
    /// From which slot; none in safe mode.
    pub slot: Option<Slot>,
    /// Why.
    pub reason: BootReason,
}

/// Decides by the table above what to boot, and changes `record` accordingly. `intact` tells which
/// slots hold the bytes that the device accepted; `at` is Unix seconds, for reports.
pub fn decide(record: &mut Record, intact: impl Fn(Slot) -> bool, at: u64) -> Booted {
    if let Some(trial) = record.trial {
        match (intact(trial.slot), trial.boots_left) {
            (true, 1..) => return try_out(record, trial),
            (true, 0) => give_up(record, trial, RevertCause::BootLimit, at),
            (false, _) => give_up(record, trial, RevertCause::ImageInvalid, at),
        }
        if let Some(slot) = record.confirmed.filter(|slot| intact(*slot)) {
            return Booted {
                slot: Some(slot),
                reason: BootReason::Reverted,
            };
        }
    }
    if let Some(slot) = record.confirmed.filter(|slot| intact(*slot)) {
        return Booted {
            slot: Some(slot),
            reason: BootReason::Confirmed,
        };
    }
    last_resort(record, intact, at)
}

fn try_out(record: &mut Record, trial: Trial) -> Booted {
    record.trial = Some(Trial {
        boots_left: trial.boots_left.saturating_sub(1),
        ..trial
    });
    Booted {
        slot: Some(trial.slot),
        reason: BootReason::Trial,
    }
}

fn give_up(record: &mut Record, trial: Trial, cause: RevertCause, at: u64) {
    record.trial = None;
    record.report(
        at,
        Event::Reverted {
            manifest: trial.manifest,
            cause,
        },
    );
}

fn last_resort(record: &mut Record, intact: impl Fn(Slot) -> bool, at: u64) -> Booted {
    let slot = [Slot::A, Slot::B].into_iter().find(|slot| intact(*slot));
    if slot.is_some() {
        return Booted {
            slot,
            reason: BootReason::LastResort,
        };
    }
    record.report(at, Event::EnteredSafeMode);
    Booted {
        slot: None,
        reason: BootReason::SafeMode,
    }
}

/// What stands after power-up: the record, what to boot, and the head of what was booted.
#[derive(Debug)]
pub struct PowerUp {
    /// The record, as it was saved before the jump.
    pub record: Record,
    /// What to boot.
    pub booted: Booted,
    /// The booted slot's head; none in safe mode.
    pub head: Option<Head>,
}

/// The boot loader's work: reads the journal, checks both slots, decides, and saves what changed.
///
/// # Errors
/// If flash fails or the power goes away; the next power-up starts over.
pub fn power_up(
    flash: &mut impl Flash,
    layout: &Layout,
    primitives: &impl Primitives,
    at: u64,
) -> Result<PowerUp, FlashError> {
    let loaded = journal::load(flash, layout)?.map(|(record, _)| record);
    let mut record = loaded.clone().unwrap_or_default();
    let mut a = intact(flash, layout, Slot::A, primitives)?;
    let mut b = intact(flash, layout, Slot::B, primitives)?;
    let is_intact = |slot| match slot {
        Slot::A => a.is_some(),
        Slot::B => b.is_some(),
    };
    let booted = decide(&mut record, is_intact, at);
    if loaded.as_ref() != Some(&record) {
        journal::save(flash, layout, &mut record)?;
    }
    let head = match booted.slot {
        Some(Slot::A) => a.take(),
        Some(Slot::B) => b.take(),
        None => None,
    };
    Ok(PowerUp {
        record,
        booted,
        head,
    })
}

#[cfg(test)]
mod tests {
    use mainstay_trust::Digest;

    use super::*;

    fn check(
        trial: Option<(Slot, u8)>,
        good: &[Slot],
        expected: (Option<Slot>, BootReason, Option<u8>),
    ) {
        let trial = trial.map(|(slot, boots_left)| Trial {
            slot,
            manifest: Digest::ZERO,
            boots_left,
        });
        let mut record = Record {
            confirmed: Some(Slot::A),
            trial,
            ..Record::default()
        };
        let booted = decide(&mut record, |slot| good.contains(&slot), 5);
        let left = record.trial.map(|trial| trial.boots_left);
        assert_eq!(
            (booted.slot, booted.reason, left),
            expected,
            "{trial:?} {good:?}"
        );
    }

    #[test]
    fn every_row_of_the_table() {
        use BootReason::{Confirmed, LastResort, Reverted, SafeMode, Trial};
        let (a, b) = (Slot::A, Slot::B);
        check(None, &[a, b], (Some(a), Confirmed, None));
        check(None, &[a], (Some(a), Confirmed, None));
        check(Some((b, 3)), &[a, b], (Some(b), Trial, Some(2)));
        check(Some((b, 1)), &[a, b], (Some(b), Trial, Some(0)));
        check(Some((b, 0)), &[a, b], (Some(a), Reverted, None));
        check(Some((b, 3)), &[a], (Some(a), Reverted, None));
        check(None, &[b], (Some(b), LastResort, None));
        check(Some((b, 0)), &[b], (Some(b), LastResort, None));
        check(Some((b, 2)), &[], (None, SafeMode, None));
        check(None, &[], (None, SafeMode, None));
    }

    #[test]
    fn giving_up_is_reported_once() {
        let trial = Some(Trial {
            slot: Slot::B,
            manifest: Digest::ZERO,
            boots_left: 0,
        });
        let mut record = Record {
            confirmed: Some(Slot::A),
            trial,
            ..Record::default()
        };
        decide(&mut record, |_| true, 5);
        decide(&mut record, |_| true, 6);
        assert_eq!(record.reports.len(), 1);
    }
}
