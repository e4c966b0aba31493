//! The boot decision where the agent makes it: by the table of `mainstay_device::boot`, so that no image can keep the
//! agent from deciding, and so that no disk costs an image anything that fails for a moment, is full or can't be written
//! to. Read [`choose`].
//!
//! To look at an image is to measure it and, if that wasn't done yet, to unpack it. That may be what ends the agent: it
//! takes more memory than the unit has, or longer than the watchdog waits. A boot that were spent only then would never
//! be spent. So it is spent, and on disk, before an image on trial is looked at; and one whose trial is over isn't looked
//! at any more, as long as there is something else to start.
//!
//! | couldn't be looked at | then | the record |
//! |---|---|---|
//! | the image on trial, which has boots left | waits: the confirmed one runs, as `LastResort` | gets the boot back |
//! | the confirmed one, and what it is started from is there | it is started | says what is certain: that a trial is over |
//! | the confirmed one, and nothing is there to start | the other one if that is good, as `LastResort`; else `SafeMode` | the same; nobody may write over the confirmed one |
//! | what would be the last resort | is started, if there is something to start; else `SafeMode` | the same |
//!
//! Whatever it is, it is told, and decided anew before long.

use std::cell::RefCell;

use mainstay_device::boot::{decide, unsaved};
use mainstay_device::record::Trial;
use mainstay_device::{Booted, FlashError, Record, Slot, Storage as _, Strategy};
use mainstay_protocol::{BootReason, RevertCause};

use crate::fault::Fault;
use crate::log::{self, Level};
use crate::on_disk::{Look, OnDisk};

/// What was decided.
#[derive(Debug)]
pub struct Choice {
    /// What is to be started, and why.
    pub booted: Booted,
    /// What couldn't be looked at or recorded, and why: it is to be decided anew.
    pub unsaved: Option<Fault>,
    /// The slot of the confirmed image, if it couldn't be looked at and something else is started.
    pub kept: Option<Slot>,
}

/// Decides what to start, and records it; `before` is what the record says, `at` is Unix seconds.
///
/// # Errors
/// If the power goes away.
pub fn choose(storage: &mut OnDisk, before: &Record, at: u64) -> Result<Choice, Fault> {
    let mut looks = Looks {
        storage,
        found: [None, None],
    };
    let chance = before
        .trial
        .filter(|trial| trial.given_up.is_none() && trial.boots_left > 0);
    let (booted, unsaved) = match chance {
        Some(trial) => looks.try_out(before, trial, at)?,
        None => looks.settle(before, before.clone(), at)?,
    };
    let other_runs = before.confirmed.filter(|slot| booted.slot != Some(*slot));
    Ok(Choice {
        booted,
        unsaved,
        kept: other_runs.filter(|slot| looks.was_unknown(*slot)),
    })
}

/// Saves a record if it isn't what was there before.
pub(crate) fn save_changed(
    storage: &mut OnDisk,
    before: &Record,
    record: &mut Record,
) -> Result<(), (Fault, FlashError)> {
    if record == before {
        return Ok(());
    }
    let saved = storage.save_record(record);
    saved.map_err(|error| {
        let fault = storage.known::<()>(Err(error));
        (fault.expect_err("an error was given"), error)
    })
}

/// Both slots, each looked at once, when somebody asks.
struct Looks<'s> {
    storage: &'s mut OnDisk,
    found: [Option<Look>; 2],
}

/// What is to be started, and what stands in the way of saying so for good.
type Decided = (Booted, Option<Fault>);

impl Looks<'_> {
    fn look(&mut self, slot: Slot) -> &Look {
        let Self { storage, found } = self;
        found[slot.number() as usize].get_or_insert_with(|| storage.look_at(slot))
    }

    /// Decides between the slots that are `asked` for. Nothing is held against one that couldn't be looked at.
    fn judge(&mut self, record: &mut Record, at: u64, asked: impl Fn(Slot) -> bool) -> Booted {
        let looks = RefCell::new(self);
        let intact = |slot| asked(slot) && *looks.borrow_mut().look(slot) != Look::Bad;
        decide(record, Strategy::DualBank, intact, at)
    }

    fn doubt(&mut self, slot: Slot) -> Option<Fault> {
        match self.look(slot) {
            Look::Unknown { fault, .. } => Some(fault.clone()),
            Look::Good | Look::Bad => None,
        }
    }

    fn was_unknown(&self, slot: Slot) -> bool {
        matches!(
            self.found[slot.number() as usize],
            Some(Look::Unknown { .. })
        )
    }

    /// One boot more for the image on trial, if it can be started.
    fn try_out(&mut self, before: &Record, trial: Trial, at: u64) -> Result<Decided, Fault> {
        let mut spent = before.clone();
        let promised = decide(&mut spent, Strategy::DualBank, |_| true, at);
        if let Err(failed) = save_changed(self.storage, before, &mut spent) {
            return self.do_without_record(promised, spent, failed);
        }
        match self.look(trial.slot).clone() {
            Look::Good => Ok((promised, None)),
            Look::Bad => {
                let mut record = spent.clone();
                record.trial = over(spent.trial, RevertCause::ImageInvalid);
                self.settle(&spent, record, at)
            }
            Look::Unknown { fault, .. } => Ok((self.wait(spent, trial, at), Some(fault))),
        }
    }

    /// What runs while an image on trial waits, which gets its boot back: it had nothing of it.
    fn wait(&mut self, spent: Record, trial: Trial, at: u64) -> Booted {
        let mut record = spent.clone();
        record.trial = Some(trial);
        if let Err((fault, _)) = save_changed(self.storage, &spent, &mut record) {
            log::line(Level::Warning, &fault);
        }
        record.trial = None;
        let (booted, _) = self.decide(&mut record, at);
        match booted.slot {
            // Were it said to be confirmed, the machine would take the trial for one that must be restarted into.
            Some(slot) => last_resort(slot),
            None => booted,
        }
    }

    /// Decides what to start but for an image on trial, and records it.
    fn settle(&mut self, before: &Record, mut record: Record, at: u64) -> Result<Decided, Fault> {
        record.trial = over(record.trial, RevertCause::BootLimit);
        let (booted, doubt) = self.decide(&mut record, at);
        match save_changed(self.storage, before, &mut record) {
            Ok(()) => Ok((booted, doubt)),
            Err(failed) => self.do_without_record(booted, record, failed),
        }
    }

    /// By the table of `mainstay_device::boot`, and by the one above. Changes `record` by what is certain; a trial in it is
    /// over.
    fn decide(&mut self, record: &mut Record, at: u64) -> Decided {
        let before = record.clone();
        let tried = before.trial.map(|trial| trial.slot);
        let mut decided = self.judge(record, at, |slot| tried != Some(slot));
        if decided.slot.is_none() && tried.is_some() {
            record.clone_from(&before);
            decided = self.judge(record, at, |_| true);
        }
        let doubt = decided.slot.and_then(|slot| self.doubt(slot));
        if doubt.is_some() && decided.slot != before.confirmed {
            *record = without_trial(&before, at);
        }
        (self.what_is_there(decided, record), doubt)
    }

    /// What is started by a decision that couldn't be recorded.
    fn do_without_record(
        &mut self,
        decided: Booted,
        record: Record,
        (fault, error): (Fault, FlashError),
    ) -> Result<Decided, Fault> {
        let looks = RefCell::new(&mut *self);
        let intact = |slot| *looks.borrow_mut().look(slot) != Look::Bad;
        let instead = unsaved(decided, &record, intact, error);
        let instead = self.storage.known(instead)?;
        let instead = self.what_is_there(instead, &record);
        // What the record would have said holds, if it is what runs.
        self.storage.go_by((instead == decided).then_some(record));
        Ok((instead, Some(fault)))
    }

    /// What of this can be started: where the slot couldn't be looked at, what it is started from may be missing.
    fn what_is_there(&mut self, booted: Booted, record: &Record) -> Booted {
        let Some(slot) = booted.slot else {
            return booted;
        };
        let is_prepared = match *self.look(slot) {
            Look::Good => return booted,
            // One on trial that was promised its boot before anybody looked.
            Look::Bad => false,
            Look::Unknown { is_prepared, .. } => is_prepared,
        };
        if is_prepared && record.confirmed == Some(slot) {
            return booted;
        }
        let other = slot.other();
        // What is being downloaded may be whole, and was neither compared nor tried out.
        let unfinished = record.download.map(|download| download.slot);
        if unfinished != Some(other) && *self.look(other) == Look::Good {
            return last_resort(other);
        }
        match is_prepared {
            true => last_resort(slot),
            false => Booted {
                slot: None,
                reason: BootReason::SafeMode,
            },
        }
    }
}

fn last_resort(slot: Slot) -> Booted {
    Booted {
        slot: Some(slot),
        reason: BootReason::LastResort,
    }
}

/// What is certain where it isn't which image is lost: that a trial is over.
fn without_trial(record: &Record, at: u64) -> Record {
    let mut ended = record.clone();
    decide(&mut ended, Strategy::DualBank, |_| true, at);
    Record {
        confirmed: record.confirmed,
        last_resort: record.last_resort,
        ..ended
    }
}

/// A trial that ends, for this cause unless it was given up for another.
fn over(trial: Option<Trial>, cause: RevertCause) -> Option<Trial> {
    trial.map(|trial| Trial {
        given_up: trial.given_up.or(Some(cause)),
        ..trial
    })
}

#[cfg(test)]
mod deadly;
#[cfg(test)]
mod tests;
