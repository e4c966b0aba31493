//! Damage anywhere in an artifact is refused, with a reason.

use std::io::Cursor;

use mainstay_trust::{Root, RustCrypto, Verified, verify};
use proptest::prelude::*;

use super::fixture;
use crate::check::{Companions, all_passed, check, first_failure};
use crate::{Outcome, container};

fn file() -> Vec<u8> {
    container::to_bytes(&fixture::approved(), fixture::PAYLOAD).unwrap()
}

/// The id of the first reason against `file`; none if there is none.
fn refusal(file: &[u8], root: &Verified<Root<'_>>) -> Option<&'static str> {
    let checks = check(
        &mut Cursor::new(file),
        Some(root),
        Companions::default(),
        &RustCrypto,
    );
    match first_failure(&checks).map(|check| &check.outcome) {
        Some(Outcome::Failed { id, .. }) => Some(id),
        _ => {
            assert!(
                all_passed(&checks),
                "not refused, but not passed either: {checks:?}"
            );
            None
        }
    }
}

#[test]
fn the_whole_file_is_accepted() {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    assert_eq!(refusal(&file(), &root), None);
}

/// Every bit of every byte, one at a time.
#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let mut file = file();
    for bit in 0..file.len() * 8 {
        let mask = 1 << (bit % 8);
        file[bit / 8] ^= mask;
        assert!(
            refusal(&file, &root).is_some(),
            "bit {} of byte {}",
            bit % 8,
            bit / 8
        );
        file[bit / 8] ^= mask;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes overwritten, cut out or put in, at any place.
    #[test]
    fn any_other_damage_is_refused(
        start: prop::sample::Index,
        removed in 0..20usize,
        inserted in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let document = fixture::root();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        let good = file();
        let start = start.index(good.len());
        let end = good.len().min(start + removed);
        let damaged = [&good[..start], &inserted, &good[end..]].concat();
        prop_assert_eq!(refusal(&damaged, &root).is_none(), damaged == good);
    }
}
