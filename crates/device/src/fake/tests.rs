//! The fake keeps its own rules.

use super::*;

fn part() -> SimulatedNor {
    SimulatedNor::new(4096, 1024, 4)
}

fn read<const N: usize>(flash: &SimulatedNor, address: u32) -> Result<[u8; N], FlashError> {
    let mut bytes = [0; N];
    flash.read(address, &mut bytes).map(|()| bytes)
}

#[test]
fn the_rules_of_nor_are_enforced() {
    let mut flash = part();
    assert_eq!(flash.write(2, &[0; 4]), Err(FlashError::Misaligned));
    assert_eq!(flash.write(0, &[0; 3]), Err(FlashError::Misaligned));
    assert_eq!(flash.write(4096, &[0; 4]), Err(FlashError::OutOfRange));
    assert_eq!(flash.erase_page(4), Err(FlashError::Misaligned));
    assert_eq!(flash.write(1020, &[1, 2, 3, 4, 5, 6, 7, 8]), Ok(()));
    assert_eq!(flash.write(1020, &[0; 4]), Err(FlashError::NotErased));
    assert_eq!(read(&flash, 1020), Ok([1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(flash.erase_page(1024), Ok(()));
    assert_eq!(read(&flash, 1020), Ok([1, 2, 3, 4, 255, 255, 255, 255]));
    assert_eq!((flash.wear_max(), flash.operations()), (1, 2));
    assert_eq!((flash.wear_of(0), flash.wear_of(1030)), (0, 1));
}

#[test]
fn a_cut_tears_the_operation_and_darkens_the_rest() {
    let mut flash = part();
    flash.cut_at(1, Cut::Torn { permille: 500 });
    assert_eq!(flash.write(0, &[1; 4]), Ok(()));
    assert_eq!(flash.write(4, &[2; 4]), Err(FlashError::PowerLost));
    assert_eq!(flash.write(8, &[3; 4]), Err(FlashError::PowerLost));
    assert!(flash.is_dark());
    flash.restore_power();
    let expected = [1, 1, 1, 1, 2, 2, 255, 255, 255, 255, 255, 255];
    assert_eq!(read(&flash, 0), Ok(expected));
}

#[test]
fn any_prefix_can_be_all_that_was_written() {
    for bytes in 0..=9 {
        let mut flash = part();
        flash.cut_at(0, Cut::TornAt { bytes });
        assert_eq!(flash.write(0, &[7; 8]), Err(FlashError::PowerLost));
        flash.restore_power();
        let there: [u8; 8] = read(&flash, 0).expect("it reads");
        let done = there.iter().take_while(|byte| **byte == 7).count();
        assert_eq!(done, bytes.min(8) as usize);
        assert!(there[done..].iter().all(|byte| *byte == 255));
    }
}

#[test]
fn a_torn_unit_stays_unreadable_until_its_page_is_erased() {
    let mut flash = part().with_error_correction();
    flash.cut_at(0, Cut::Torn { permille: 500 });
    assert_eq!(flash.write(8, &[1; 8]), Err(FlashError::PowerLost));
    flash.restore_power();
    assert!(read::<1>(&flash, 11).is_ok());
    assert_eq!(read::<1>(&flash, 15), Err(FlashError::Failed));
    assert_eq!(flash.peek(12, 4), None);
    assert_eq!(flash.write(12, &[1; 4]), Err(FlashError::NotErased));
    assert_eq!(flash.erase_page(0), Ok(()));
    assert_eq!(read(&flash, 15), Ok([255]));
}

/// A part whose second unit was being written when the power went away.
fn weak_unit(seed: u64) -> SimulatedNor {
    let mut flash = part();
    flash.seed(seed);
    flash.cut_at(0, Cut::Weak { bytes: 5 });
    assert_eq!(flash.write(0, &[0; 12]), Err(FlashError::PowerLost));
    flash.restore_power();
    flash
}

#[test]
fn weak_bits_read_either_way_until_they_are_erased_or_written_as_zero() {
    let mut flash = weak_unit(1);
    let seen: std::collections::BTreeSet<[u8; 12]> = (0..50)
        .map(|_| read(&flash, 0).expect("it reads"))
        .collect();
    assert!(seen.len() > 2, "{seen:?}");
    let around = |bytes: &[u8; 12]| bytes[..4] == [0; 4] && bytes[8..] == [255; 4];
    assert!(seen.iter().all(around), "{seen:?}");
    assert_eq!(
        (flash.peek(4, 4), flash.peek(8, 1)),
        (None, Some(vec![255]))
    );
    assert_eq!(flash.erase_page(0), Ok(()));
    assert_eq!(flash.peek(0, 12), Some(vec![255; 12]));
}

#[test]
fn chance_follows_from_the_seed() {
    let reads = |seed| {
        let flash = weak_unit(seed);
        [(); 20].map(|()| read::<12>(&flash, 0))
    };
    assert_eq!(reads(3), reads(3));
    assert_ne!(reads(3), reads(4));
}

#[test]
fn error_correction_sometimes_makes_sense_of_weak_bits() {
    let mut flash = part().with_error_correction();
    flash.cut_at(0, Cut::Weak { bytes: 1 });
    assert_eq!(flash.write(0, &[0; 4]), Err(FlashError::PowerLost));
    flash.restore_power();
    let seen = [(); 50].map(|()| read::<4>(&flash, 0));
    assert!(seen.contains(&Ok([0; 4])) && seen.contains(&Err(FlashError::Failed)));
    assert!(
        seen.iter()
            .all(|read| !matches!(read, Ok([first, ..]) if *first != 0))
    );
}

/// What half an erase leaves of a page of 0xa5, as it reads now.
fn half_erased(bytes: u32) -> [u8; 1024] {
    let mut flash = part();
    assert_eq!(flash.write(0, &[0xa5; 1024]), Ok(()));
    flash.cut_at(0, Cut::Weak { bytes });
    assert_eq!(flash.erase_page(0), Err(FlashError::PowerLost));
    flash.restore_power();
    read(&flash, 0).expect("it reads")
}

#[test]
fn half_an_erase_first_clears_from_the_end_and_then_sets_some_bits() {
    let early = half_erased(128);
    assert!(early[..767].iter().all(|byte| *byte == 0xa5));
    assert!(early[768..].iter().all(|byte| *byte == 0));
    let late = half_erased(768);
    assert!(late.iter().all(|byte| byte & 0xa5 == 0xa5));
    let erased = late.iter().filter(|byte| **byte == 0xff).count();
    assert!((1..1024).contains(&erased), "{erased}");
}

#[test]
fn a_stuck_bit_reads_as_it_does_whatever_is_done() {
    let mut flash = part();
    let stuck = SilentFault::StuckBit {
        address: 5,
        bit: 1,
        set: false,
    };
    flash.fail_silently_at(1, stuck);
    assert_eq!(read(&flash, 5), Ok([0xff]));
    assert_eq!(flash.write(0, &[0xff; 4]), Ok(()));
    assert_eq!(read(&flash, 5), Ok([0xff]));
    assert_eq!(flash.erase_page(0), Ok(()));
    assert_eq!(read(&flash, 4), Ok([0xff, 0xfd, 0xff]));
    assert_eq!(flash.write(4, &[0xff; 4]), Ok(()));
    assert_eq!(flash.peek(5, 1), Some(vec![0xfd]));
}

#[test]
fn a_lost_operation_reports_success() {
    let mut flash = part();
    flash.fail_silently_at(1, SilentFault::Lost);
    assert_eq!(flash.write(0, &[1; 4]), Ok(()));
    assert_eq!(flash.write(4, &[2; 4]), Ok(()));
    assert_eq!(flash.write(8, &[3; 4]), Ok(()));
    let expected = [1, 1, 1, 1, 255, 255, 255, 255, 3, 3, 3, 3];
    assert_eq!(read(&flash, 0), Ok(expected));
}

#[test]
fn the_guard_names_what_was_done_outside() {
    let mut flash = part();
    assert_eq!(flash.erase_page(0), Ok(()));
    flash.guard(vec![0..1024, 2048..4096]);
    flash.keep_story();
    for address in [0, 1024, 2048] {
        assert_eq!(flash.erase_page(address), Ok(()));
    }
    assert_eq!(flash.write(1016, &[0; 8]), Ok(()));
    assert_eq!(flash.write(1008, &[0; 4]), Ok(()));
    assert_eq!(flash.write(2044, &[0; 8]), Ok(()));
    let told = |list: &[Operation]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let outside = ["2: erase 0x00400..0x00800", "6: write 0x007fc..0x00804"];
    assert_eq!(told(flash.trespasses()), outside);
    assert_eq!(flash.story().len(), 6);
}
