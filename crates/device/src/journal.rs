//! Two copies of the record; the newer whole one counts.
//!
//! A save always goes to the copy that does *not* hold the newest record, so that whatever happens during
//! it, the newest record stays readable. After a cut the device knows either the old state or the new one.

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, WRITE_BYTES_MAX};
use crate::record::Record;
use crate::record_wire::RECORD_BYTES;

/// A record rounded up to the largest write size.
const PADDED_BYTES: usize = RECORD_BYTES.next_multiple_of(WRITE_BYTES_MAX);

/// Reads the newest whole record; none on a device that has none.
///
/// # Errors
/// If flash fails.
pub fn load(flash: &impl Flash, layout: &Layout) -> Result<Option<Record>, FlashError> {
    match newest(flash, layout)? {
        Some((copy, _)) => read(flash, layout.journal(copy)),
        None => Ok(None),
    }
}

/// Which copy holds the newest whole record, and its number.
fn newest(flash: &impl Flash, layout: &Layout) -> Result<Option<(u32, u32)>, FlashError> {
    let first = number(flash, layout.journal(0))?;
    let second = number(flash, layout.journal(1))?;
    Ok(match (first, second) {
        (first, Some(second)) if first.is_none_or(|first| first < second) => Some((1, second)),
        (first, _) => first.map(|first| (0, first)),
    })
}

/// The number of the record there, if it is whole. Apart from its reader, so that no record lies on the stack
/// while the other copy is looked at.
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

/// Saves `record` as the newest one, with its number raised.
///
/// # Errors
/// If flash fails; the record saved before is still there then.
pub fn save(
    flash: &mut impl Flash,
    layout: &Layout,
    record: &mut Record,
) -> Result<(), FlashError> {
    let (copy, number) = newest(flash, layout)?.unwrap_or((1, 0));
    record.number = number.saturating_add(1);
    write(flash, layout, layout.journal(copy ^ 1), record)
}

#[inline(never)]
fn write(
    flash: &mut impl Flash,
    layout: &Layout,
    address: u32,
    record: &Record,
) -> Result<(), FlashError> {
    let mut bytes = [0xff; PADDED_BYTES];
    if let Some(bytes) = bytes.first_chunk_mut() {
        record.encode_into(bytes);
    }
    let whole = RECORD_BYTES.next_multiple_of(layout.write_bytes() as usize);
    flash.erase_page(address)?;
    flash.write(address, &bytes[..whole])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Cut, SimulatedNor};

    fn parts() -> (SimulatedNor, Layout) {
        let layout = Layout::new(1024, 4, 1000).expect("good sizes");
        (SimulatedNor::new(layout.total_bytes(), 1024, 4), layout)
    }

    #[test]
    fn the_newest_counts() {
        let (mut flash, layout) = parts();
        assert_eq!(load(&flash, &layout), Ok(None));
        let mut record = Record::default();
        for sequence in 1..6 {
            record.counters.time = sequence;
            save(&mut flash, &layout, &mut record).expect("flash works");
            let found = load(&flash, &layout)
                .expect("flash works")
                .expect("a record");
            assert_eq!(found, record);
        }
    }

    #[test]
    fn a_cut_leaves_the_old_or_the_new_state() {
        for operation in 0..2 {
            for cut in [
                Cut::Before,
                Cut::Torn { permille: 300 },
                Cut::Torn { permille: 990 },
                Cut::After,
            ] {
                let (mut flash, layout) = parts();
                let mut record = Record::default();
                save(&mut flash, &layout, &mut record).expect("flash works");
                let old = record.clone();
                record.counters.time = 7;
                flash.cut_at(operation, cut);
                assert!(save(&mut flash, &layout, &mut record).is_err());
                flash.restore_power();
                let found = load(&flash, &layout)
                    .expect("flash works")
                    .expect("a record");
                assert!(
                    found == old || found == record,
                    "operation {operation}, {cut:?}"
                );
            }
        }
    }
}
