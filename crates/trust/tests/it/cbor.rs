//! The determinism check over hand-written bytes.

use mainstay_trust::Refusal::{self, Malformed, NotDeterministic, TooLarge};
use mainstay_trust::cbor::{DEPTH_MAX, check};
use proptest::prelude::*;

#[track_caller]
fn expect(bytes: &[u8], expected: Result<(), Refusal>) {
    assert_eq!(check(bytes, 64), expected, "{bytes:02x?}");
}

#[test]
fn one_deterministic_item_passes() {
    let items: &[&[u8]] = &[
        b"\x00",
        b"\x17",
        b"\x18\x18",
        b"\x19\x01\x00",
        b"\x1a\x00\x01\x00\x00",
        b"\x1b\0\0\0\x01\0\0\0\0",
        b"\x20",
        b"\x39\x01\x00",
        b"\x40",
        b"\x42\xff\xff",
        b"\x60",
        b"\x62\xc3\xa9",
        b"\x80",
        b"\x82\x01\x02",
        b"\xa0",
        b"\xa2\x01\x00\x02\x00",
        b"\xa2\x01\x00\x20\x00",
        b"\xd2\x80",
        b"\xf4",
        b"\xf5",
        b"\xf6",
    ];
    items.iter().for_each(|bytes| expect(bytes, Ok(())));
}

#[test]
fn a_second_spelling_is_refused() {
    let spellings: &[&[u8]] = &[
        b"\x18\x17",
        b"\x19\x00\xff",
        b"\x1a\x00\x00\xff\xff",
        b"\x1b\0\0\0\0\xff\xff\xff\xff",
        b"\x38\x17",
        b"\x58\x01\x00",
        b"\x98\x00",
        b"\xb8\x00",
        b"\xd8\x12\x80",
        b"\x5f\xff",
        b"\x7f\xff",
        b"\x9f\xff",
        b"\xbf\xff",
        b"\xa2\x02\x00\x01\x00",
        b"\xa2\x01\x00\x01\x00",
        b"\xa2\x20\x00\x01\x00",
        b"\xa2\x61b\x00\x61a\x00",
    ];
    spellings
        .iter()
        .for_each(|bytes| expect(bytes, Err(NotDeterministic)));
}

#[test]
fn what_is_not_one_item_is_refused() {
    let broken: &[&[u8]] = &[
        b"",
        b"\x18",
        b"\x19\x01",
        b"\x42\x00",
        b"\x61\xff",
        b"\x81",
        b"\xa1\x00",
        b"\xd2",
        b"\x1c",
        b"\x3e",
        b"\x00\x00",
        b"\x80\x80",
        b"\xf7",
        b"\xf0",
        b"\xf8\x20",
        b"\xff",
        b"\xf9\x00\x00",
        b"\xfa\0\0\0\0",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
    ];
    broken
        .iter()
        .for_each(|bytes| expect(bytes, Err(Malformed)));
}

#[test]
fn size_and_depth_are_bounded() {
    let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
    expect(&nested(usize::from(DEPTH_MAX)), Ok(()));
    expect(&nested(usize::from(DEPTH_MAX) + 1), Err(TooLarge));
    expect(&[0xd2; 64], Err(TooLarge));
    expect(&[b"\x58\x3e".as_slice(), &[0; 62]].concat(), Ok(()));
    expect(&[b"\x58\x3f".as_slice(), &[0; 63]].concat(), Err(TooLarge));
}

proptest! {
    /// An integer has one accepted spelling: the one that minicbor's encoder writes.
    #[test]
    fn integers_have_one_spelling(number: u64, padding in 0_usize..4) {
        let mut bytes = [0; 9];
        let mut encoder = minicbor::Encoder::new(minicbor::encode::write::Cursor::new(&mut bytes[..]));
        encoder.u64(number).unwrap();
        let used = encoder.writer().position();
        prop_assert_eq!(check(&bytes[..used], 64), Ok(()));

        let size = 1 << padding;
        let wide = [vec![0x18 + padding as u8], number.to_be_bytes()[8 - size..].to_vec()].concat();
        let fits = u128::from(number) < 1 << (8 * size);
        prop_assert_eq!(fits && check(&wide, 64).is_ok(), fits && used == wide.len());
    }

    /// Whatever comes, the check ends without a panic, and says nothing but its three reasons.
    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Err(refusal) = check(&bytes, 64) {
            prop_assert!([Malformed, NotDeterministic, TooLarge].contains(&refusal));
        }
    }
}
