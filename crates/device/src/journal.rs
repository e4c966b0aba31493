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

/// Reads the newest whole record, and in which copy it lies; none on a device that has none.
///
/// # Errors
/// If flash fails.
pub fn load(flash: &impl Flash, layout: &Layout) -> Result<Option<(Record, u32)>, FlashError> {
    let mut newest: Option<(Record, u32)> = None;
    for copy in 0..2 {
        let mut bytes = [0; RECORD_BYTES];
        // A part with error correction refuses to read what a cut write left behind.
        match flash.read(layout.journal(copy), &mut bytes) {
            Err(FlashError::Failed) => continue,
            outcome => outcome?,
        }
        let Some(record) = Record::decode(&bytes) else {
            continue;
        };
        if newest
            .as_ref()
            .is_none_or(|(other, _)| other.number < record.number)
        {
            newest = Some((record, copy));
        }
    }
    Ok(newest)
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
    let kept = load(flash, layout)?;
    let (number, copy) = kept.map_or((0, 1), |(record, copy)| (record.number, copy));
    record.number = number.saturating_add(1);
    let address = layout.journal(copy ^ 1);
    let mut bytes = [0xff; PADDED_BYTES];
    bytes[..RECORD_BYTES].copy_from_slice(&record.encode());
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
            let (found, _) = load(&flash, &layout)
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
                let (found, _) = load(&flash, &layout)
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
