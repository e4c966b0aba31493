//! Three copies of the record; the newest whole one counts.
//!
//! | on a copy's page | what |
//! |---|---|
//! | 0 | the record, padded to a whole number of writes |
//! | behind it | two seals, one write unit each: see `seal.rs` |
//!
//! A save goes to a copy that neither holds the newest record nor, as long as it isn't certain that the newest
//! stays readable, the one before it. After a cut the device knows either the old state or the new one, and what it
//! has once acted on it doesn't forget:
//!
//! | the newest record has | it | before anything relies on it |
//! |---|---|---|
//! | both seals | is for good, and so is its first seal | nothing |
//! | fewer | may have been cut off: it reads well now, and perhaps never again | it is written once more ([`restate`]) |
//!
//! A copy that reads badly may read well a moment later, so what has no seal is erased then. Written once more, a
//! record keeps its number; so the record before both of them stays the lowest, and is the last that a save would
//! overwrite. Of two whole records with one number the one with a first seal counts.

use crate::flash::{Flash, FlashError};
use crate::layout::{JOURNAL_COPIES, Layout, WRITE_BYTES_MAX};
use crate::record::Record;
use crate::record_wire::RECORD_BYTES;
use crate::seal;

/// A record rounded up to the largest write size.
const PADDED_BYTES: usize = RECORD_BYTES.next_multiple_of(WRITE_BYTES_MAX);
/// Seals behind a record.
pub const SEALS: u32 = 2;
const COPIES: usize = JOURNAL_COPIES as usize;
/// What a cut left undecided may read well when it is looked at, and badly when it is wanted.
const READS_MAX: usize = 32;

/// What is known of a copy that holds a whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    number: u32,
    has_first_seal: bool,
    has_both_seals: bool,
}

/// What all copies hold.
struct Survey {
    /// The number of the newest record, and the copy that holds it.
    newest: Option<(u32, u32)>,
    seen: [Option<Seen>; COPIES],
}

/// Reads the newest whole record; none on a device that has none.
///
/// # Errors
/// If flash fails.
pub fn load(flash: &impl Flash, layout: &Layout) -> Result<Option<Record>, FlashError> {
    for _ in 0..READS_MAX {
        let Some((_, copy)) = survey(flash, layout)?.newest else {
            return Ok(None);
        };
        if let Some(record) = read(flash, layout.journal(copy))? {
            return Ok(Some(record));
        }
    }
    // Not "there is none": a device that took that for an answer would forget what it has confirmed.
    Err(FlashError::Failed)
}

/// Saves `record` as the newest one, with its number raised. A copy that doesn't read as it was written is passed
/// over.
///
/// # Errors
/// If flash fails, or no copy takes it; the record saved before is still there then.
pub fn save(
    flash: &mut impl Flash,
    layout: &Layout,
    record: &mut Record,
) -> Result<(), FlashError> {
    let survey = survey(flash, layout)?;
    let kept = survey.newest.map_or(0, |(number, _)| number);
    record.number = kept.saturating_add(1);
    let mut refused = FlashError::Failed;
    for copy in survey.targets() {
        match put(flash, layout, copy, record) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) if error.is_for_good() => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// Makes certain that the newest record stays what it was read as, and that no other becomes the newest. A boot loader
/// asks for it before it decides.
///
/// # Errors
/// If the power goes away. A part that won't take it leaves things as they are.
pub fn restate(flash: &mut impl Flash, layout: &Layout) -> Result<(), FlashError> {
    for _ in 0..READS_MAX {
        let survey = survey(flash, layout)?;
        let Some((_, copy)) = survey.newest.filter(|(_, copy)| !survey.is_sealed(*copy)) else {
            return drop_torn(flash, layout, &survey);
        };
        if write_again(flash, layout, &survey, copy)? {
            return Ok(());
        }
    }
    Err(FlashError::Failed)
}

fn drop_torn(flash: &mut impl Flash, layout: &Layout, survey: &Survey) -> Result<(), FlashError> {
    (0..JOURNAL_COPIES).try_for_each(|copy| match survey.seen[copy as usize] {
        Some(seen) if seen.has_first_seal => Ok(()),
        _ => drop_copy(flash, layout, copy),
    })
}

/// Erases a copy that a save left unfinished: it may read as a whole record the next time.
fn drop_copy(flash: &mut impl Flash, layout: &Layout, copy: u32) -> Result<(), FlashError> {
    let mut start = [0; 4];
    let address = layout.journal(copy);
    let is_blank = match flash.read(address, &mut start) {
        Err(FlashError::Failed) => false,
        outcome => outcome.map(|()| start == [0xff; 4])?,
    };
    match is_blank {
        true => Ok(()),
        false => match flash.erase_page(address) {
            // Nothing is worse than before.
            Err(error) if error.is_for_good() => Ok(()),
            outcome => outcome,
        },
    }
}

impl Survey {
    /// Whether the record of a copy is there for good.
    fn is_sealed(&self, copy: u32) -> bool {
        self.seen[copy as usize].is_some_and(|seen| seen.has_both_seals)
    }

    /// The copies that may be written to, the one that is missed least first. Never the newest.
    fn targets(&self) -> impl Iterator<Item = u32> + use<> {
        let mut copies = core::array::from_fn::<_, COPIES, _>(|copy| copy as u32);
        copies.sort_unstable_by_key(|copy| (self.missed(*copy), *copy));
        let newest = self.newest.map(|(_, copy)| copy);
        copies.into_iter().filter(move |copy| Some(*copy) != newest)
    }

    /// How much a copy would be missed: one that holds nothing whole not at all, one with the newest's own number
    /// hardly, an older one the less the older it is.
    fn missed(&self, copy: u32) -> (u8, u32) {
        let newest = self.newest.map(|(number, _)| number);
        match self.seen[copy as usize] {
            None => (0, 0),
            Some(seen) if Some(seen.number) == newest => (1, 0),
            Some(seen) => (2, seen.number),
        }
    }
}

/// Writes the newest record to another copy too, and whether it could be read for that. A part that won't take it
/// leaves things as they are.
#[inline(never)]
fn write_again(
    flash: &mut impl Flash,
    layout: &Layout,
    survey: &Survey,
    copy: u32,
) -> Result<bool, FlashError> {
    let Some(record) = read(flash, layout.journal(copy))? else {
        return Ok(false);
    };
    if let Some(target) = survey.targets().next() {
        match put(flash, layout, target, &record) {
            Err(error) if error.is_for_good() => {}
            outcome => {
                outcome?;
            }
        }
    }
    Ok(true)
}

fn survey(flash: &impl Flash, layout: &Layout) -> Result<Survey, FlashError> {
    let mut survey = Survey {
        newest: None,
        seen: [None; COPIES],
    };
    let mut best = (0, false);
    for copy in 0..JOURNAL_COPIES {
        let Some(number) = number(flash, layout.journal(copy))? else {
            continue;
        };
        let [first, second] = [0, 1].map(|index| seal_at(layout, copy, index));
        let unit = layout.write_bytes();
        let has_first_seal = seal::is_set(flash, first, unit)?;
        survey.seen[copy as usize] = Some(Seen {
            number,
            has_first_seal,
            has_both_seals: has_first_seal && seal::is_set(flash, second, unit)?,
        });
        let rank = (number, has_first_seal);
        if survey.newest.is_none() || rank > best {
            best = rank;
            survey.newest = Some((number, copy));
        }
    }
    Ok(survey)
}

/// The number of the record there, if it is whole. Apart from its reader, so that no record lies on the stack
/// while the other copies are looked at.
#[inline(never)]
fn number(flash: &impl Flash, address: u32) -> Result<Option<u32>, FlashError> {
    Ok(read(flash, address)?.map(|record| record.number))
}

#[inline(never)]
fn read(flash: &impl Flash, address: u32) -> Result<Option<Record>, FlashError> {
    // A part with error correction refuses to read what a cut write left behind.
    let bytes = match flash.view(address, RECORD_BYTES as u32) {
        Err(FlashError::Failed) => return Ok(None),
        outcome => outcome?,
    };
    Ok(bytes.as_ref().first_chunk().and_then(Record::decode))
}

/// Writes a record and its seals, and whether it is there.
fn put(
    flash: &mut impl Flash,
    layout: &Layout,
    copy: u32,
    record: &Record,
) -> Result<bool, FlashError> {
    write(flash, layout, copy, record)?;
    is_there(flash, layout.journal(copy), record)
}

#[inline(never)]
fn is_there(flash: &impl Flash, address: u32, record: &Record) -> Result<bool, FlashError> {
    Ok(read(flash, address)?.as_ref() == Some(record))
}

#[inline(never)]
fn write(
    flash: &mut impl Flash,
    layout: &Layout,
    copy: u32,
    record: &Record,
) -> Result<(), FlashError> {
    let address = layout.journal(copy);
    let mut bytes = [0xff; PADDED_BYTES];
    if let Some(bytes) = bytes.first_chunk_mut() {
        record.encode_into(bytes);
    }
    flash.erase_page(address)?;
    flash.write(address, &bytes[..layout.record_bytes() as usize])?;
    for index in 0..SEALS {
        seal::set(flash, seal_at(layout, copy, index), layout.write_bytes())?;
    }
    Ok(())
}

fn seal_at(layout: &Layout, copy: u32, index: u32) -> u32 {
    layout.journal(copy) + layout.record_bytes() + index * layout.write_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Cut, SilentFault, SimulatedNor};

    fn parts() -> (SimulatedNor, Layout) {
        let layout = Layout::new(1024, 4, 1000).expect("good sizes");
        (SimulatedNor::new(layout.total_bytes(), 1024, 4), layout)
    }

    fn known(flash: &SimulatedNor, layout: &Layout) -> Record {
        let newest = load(flash, layout).expect("flash works");
        newest.expect("a record")
    }

    #[test]
    fn the_newest_counts() {
        let (mut flash, layout) = parts();
        assert_eq!(load(&flash, &layout), Ok(None));
        let mut record = Record::default();
        for sequence in 1..9 {
            record.counters.time = sequence;
            save(&mut flash, &layout, &mut record).expect("flash works");
            assert_eq!(known(&flash, &layout), record);
            let operations = flash.operations();
            restate(&mut flash, &layout).expect("flash works");
            assert_eq!(flash.operations(), operations, "it was saved for good");
        }
        let wear = [0, 1, 2].map(|copy| flash.wear_of(layout.journal(copy)));
        assert_eq!(wear, [3, 3, 2]);
    }

    /// Every way in which the power can go away at an operation of a save.
    fn cuts() -> impl Iterator<Item = Cut> {
        let torn = [1, 300, 971, 975].map(|bytes| Cut::TornAt { bytes });
        let weak = [0, 300, 511, 520, 971, 1023].map(|bytes| Cut::Weak { bytes });
        [Cut::Before, Cut::After]
            .into_iter()
            .chain(torn)
            .chain(weak)
    }

    /// A flash in which a save was cut off, the record before, and the one that was to be saved.
    fn cut_off(operation: u64, cut: Cut, seed: u64) -> (SimulatedNor, Layout, [Record; 2]) {
        let (mut flash, layout) = parts();
        flash.seed(seed);
        let mut record = Record::default();
        for time in 1..5 {
            record.counters.time = time;
            save(&mut flash, &layout, &mut record).expect("flash works");
        }
        let old = record.clone();
        record.counters.time = 7;
        flash.cut_at(operation, cut);
        assert!(save(&mut flash, &layout, &mut record).is_err());
        flash.restore_power();
        (flash, layout, [old, record])
    }

    #[test]
    fn a_cut_leaves_the_old_or_the_new_state() {
        for operation in 0..4 {
            for cut in cuts() {
                let (flash, layout, either) = cut_off(operation, cut, 1);
                let found = known(&flash, &layout);
                assert!(either.contains(&found), "operation {operation}, {cut:?}");
            }
        }
    }

    /// What was read after a cut, and restated, stays, whatever comes next; and a device that doesn't get as far as
    /// that, however often it tries, still knows one of both.
    #[test]
    fn what_was_acted_on_is_never_forgotten() {
        for (operation, seed) in (0..4).flat_map(|operation| (0..40).map(move |s| (operation, s))) {
            for cut in cuts() {
                let (mut flash, layout, either) = cut_off(operation, cut, seed);
                for (again, cut) in cuts().enumerate() {
                    flash.cut_at(again as u64 % 4, cut);
                    if restate(&mut flash, &layout).is_ok() {
                        break;
                    }
                    flash.restore_power();
                    let found = known(&flash, &layout);
                    assert!(either.contains(&found), "{operation}, {cut:?}, seed {seed}");
                }
                flash.restore_power();
                restate(&mut flash, &layout).expect("flash works");
                let acted_on = known(&flash, &layout);
                assert!(either.contains(&acted_on));
                for _ in 0..20 {
                    assert_eq!(known(&flash, &layout), acted_on, "{cut:?}, seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_copy_that_takes_nothing_is_passed_over() {
        let (mut flash, layout) = parts();
        let stuck = SilentFault::StuckBit {
            address: layout.journal(1) + 100,
            bit: 0,
            set: true,
        };
        flash.fail_silently_at(0, stuck);
        let mut record = Record::default();
        for time in 1..9 {
            record.counters.time = time;
            save(&mut flash, &layout, &mut record).expect("two copies work");
            assert_eq!(known(&flash, &layout), record);
        }
    }

    #[test]
    fn a_write_that_was_lost_is_done_again() {
        for operation in 0..4 {
            let (mut flash, layout) = parts();
            let mut record = Record::default();
            for time in 1..5 {
                record.counters.time = time;
                save(&mut flash, &layout, &mut record).expect("flash works");
            }
            record.counters.time = 9;
            flash.fail_silently_at(operation, SilentFault::Lost);
            save(&mut flash, &layout, &mut record).expect("another copy works");
            assert_eq!(known(&flash, &layout).counters.time, 9, "{operation}");
        }
    }
}
