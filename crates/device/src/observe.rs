//! The boot decision, where a boot loader makes it that reads no record of ours: what it did, made out
//! afterwards.
//!
//! U-Boot and its like are told by [`Storage::arm`](crate::Storage::arm) to try a slot, count its boots
//! down themselves, and fall back on their own. When the system is up, all that is known is which slot it came
//! from, and what became of the attempt.
//!
//! | on trial | came from | the attempt | given up | means |
//! |---|---|---|---|---|
//! | yes | its slot | - | no | `Trial`, one boot less; without one left it is given up |
//! | yes | its slot | - | yes | `Trial` still: the boot loader must be settled, and restarted |
//! | yes | the confirmed one | spent | no | `Reverted`: its boots are used up |
//! | yes | the confirmed one | not spent | no | `Confirmed`: the power went away too early; it is armed again while it has boots |
//! | yes | the confirmed one, as before | not spent | no | `Confirmed`: it waits for its restart, and has lost no boot |
//! | yes | the confirmed one | - | yes | `Reverted`: the machine gave it up while it ran |
//! | no | the confirmed one | - | - | `Confirmed` |
//! | no | the other one | - | - | `LastResort`: the boot loader couldn't start the confirmed one |
//!
//! On trial each look takes a boot, also one by somebody who was started again: a new image whose watcher dies over and
//! over is given up like one that dies itself, though the boot loader never hears of it.

use mainstay_protocol::{BootReason, RevertCause};

use crate::boot::{Booted, give_up};
use crate::record::{Record, Trial};
use crate::slot::Slot;

/// What can be seen of a start that another boot loader made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The slot that the system came from.
    pub slot: Slot,
    /// Whether the boot loader was armed, and has used up all boots that it was given.
    pub spent: bool,
}

/// Whose start this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The device's: nobody has looked since.
    First,
    /// That of who looks: the device runs on.
    Again,
}

/// Makes out by the table above why the system runs, and changes `record` accordingly; `at` is Unix seconds,
/// for reports. The record must be saved before anything relies on it.
pub fn observe(record: &mut Record, seen: Seen, look: Look, at: u64) -> Booted {
    let reason = match record.trial {
        Some(trial) if trial.slot == seen.slot => tried(record, trial),
        Some(trial) => not_tried(record, trial, seen, look, at),
        None => BootReason::Confirmed,
    };
    Booted {
        slot: Some(seen.slot),
        reason: settle(record, seen.slot, reason),
    }
}

fn tried(record: &mut Record, trial: Trial) -> BootReason {
    let worn = (trial.boots_left == 0).then_some(RevertCause::BootLimit);
    record.trial = Some(Trial {
        given_up: trial.given_up.or(worn),
        ..one_boot_less(trial)
    });
    BootReason::Trial
}

fn not_tried(record: &mut Record, trial: Trial, seen: Seen, look: Look, at: u64) -> BootReason {
    let over = match trial.given_up {
        Some(cause) => Some(cause),
        None if look == Look::Again && !seen.spent => return BootReason::Confirmed,
        None if seen.spent || trial.boots_left == 0 => Some(RevertCause::BootLimit),
        None => None,
    };
    match over {
        Some(cause) => {
            give_up(record, trial, cause, at);
            BootReason::Reverted
        }
        None => {
            record.trial = Some(one_boot_less(trial));
            BootReason::Confirmed
        }
    }
}

fn one_boot_less(trial: Trial) -> Trial {
    Trial {
        boots_left: trial.boots_left.saturating_sub(1),
        ..trial
    }
}

/// A system that came from a slot that is neither on trial nor confirmed is a last resort, and stays one until
/// something is confirmed.
fn settle(record: &mut Record, slot: Slot, reason: BootReason) -> BootReason {
    if reason == BootReason::Trial {
        return reason;
    }
    if record.confirmed != Some(slot) {
        record.confirmed = Some(slot);
        record.last_resort = true;
    }
    match record.last_resort {
        true => BootReason::LastResort,
        false => reason,
    }
}

#[cfg(test)]
mod tests {
    use mainstay_trust::Digest;

    use super::*;

    fn on_trial(boots_left: u8, given_up: Option<RevertCause>) -> Record {
        Record {
            confirmed: Some(Slot::A),
            trial: Some(Trial {
                slot: Slot::B,
                manifest: Digest([2; 32]),
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
            ..on_trial(0, None)
        }
    }

    /// What is made out, the boots that the trial has left, and the cause that is reported.
    type Expected = (BootReason, Option<u8>, Option<RevertCause>);

    #[test]
    fn every_row_of_the_table() {
        use BootReason::{Confirmed, LastResort, Reverted, Trial};
        let (a, b) = (Slot::A, Slot::B);
        let ill = Some(RevertCause::SelfTest);
        let worn = Some(RevertCause::BootLimit);
        let rows: [(Record, Slot, bool, Expected); 10] = [
            (on_trial(3, None), b, false, (Trial, Some(2), None)),
            (on_trial(0, None), b, false, (Trial, Some(0), None)),
            (on_trial(3, ill), b, false, (Trial, Some(2), None)),
            (on_trial(3, None), a, true, (Reverted, None, worn)),
            (on_trial(0, None), a, false, (Reverted, None, worn)),
            (on_trial(3, None), a, false, (Confirmed, Some(2), None)),
            (on_trial(3, ill), a, false, (Reverted, None, ill)),
            (settled(), a, false, (Confirmed, None, None)),
            (settled(), a, true, (Confirmed, None, None)),
            (settled(), b, false, (LastResort, None, None)),
        ];
        for (before, slot, spent, expected) in rows {
            let mut record = before.clone();
            let booted = observe(&mut record, Seen { slot, spent }, Look::First, 5);
            let told = record.reports.iter().find_map(|report| match report.event {
                mainstay_protocol::Event::Reverted { cause, .. } => Some(cause),
                _ => None,
            });
            let left = record.trial.map(|trial| trial.boots_left);
            assert_eq!(
                (booted.reason, left, told),
                expected,
                "{before:?} from {slot:?}"
            );
            assert_eq!(booted.slot, Some(slot));
        }
    }

    #[test]
    fn a_last_resort_stays_one() {
        let mut record = settled();
        let seen = Seen {
            slot: Slot::B,
            spent: false,
        };
        for _ in 0..2 {
            let booted = observe(&mut record, seen, Look::First, 5);
            assert_eq!(booted.reason, BootReason::LastResort);
        }
        assert_eq!(record.confirmed, Some(Slot::B));
    }

    #[test]
    fn who_is_started_again_uses_up_a_trial_and_no_wait_for_one() {
        let seen = |slot| Seen { slot, spent: false };
        let mut waits = on_trial(2, None);
        for _ in 0..9 {
            let booted = observe(&mut waits, seen(Slot::A), Look::Again, 5);
            assert_eq!(booted.reason, BootReason::Confirmed);
        }
        assert_eq!(waits, on_trial(2, None));
        let mut tried = on_trial(2, None);
        for given_up in [None, None, Some(RevertCause::BootLimit)] {
            let booted = observe(&mut tried, seen(Slot::B), Look::Again, 5);
            assert_eq!(booted.reason, BootReason::Trial);
            assert_eq!(tried.trial.expect("still").given_up, given_up);
        }
        let booted = observe(&mut tried, seen(Slot::A), Look::First, 5);
        assert_eq!(booted.reason, BootReason::Reverted);
    }
}
