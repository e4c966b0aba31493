//! Damage anywhere in an image is refused, and no bytes at all make the reader fall.

use std::io::Cursor;

use mainstay_trust::Algorithm;
use proptest::prelude::*;

use super::fixture::*;
use crate::PublicKeyBuf;
use crate::mcuboot::{Image, accept, header::MAGIC};

/// Every bit of every byte, one at a time, for both kinds of key.
#[test]
fn one_flipped_bit_anywhere_is_refused() {
    for signer in signers() {
        let mut image = image(&*signer);
        assert_eq!(ids(judged(&image, &*signer)), [""; 0]);
        for bit in 0..image.len() * 8 {
            image[bit / 8] ^= 1 << (bit % 8);
            let refused = judged(&image, &*signer).is_err();
            assert!(refused, "bit {} of byte {}", bit % 8, bit / 8);
            image[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Without a key, the signature's value and the key's name are all that may change unseen.
#[test]
fn without_a_key_the_hash_covers_the_rest() {
    let signer = EdSigner::new(1);
    let mut image = image(&signer);
    // Behind the hashed bytes: head 4, hash 36, the key's name 36, the signature 68.
    let end = image.len();
    let unseen = [end - 100..end - 68, end - 64..end];
    for at in 0..end {
        image[at] ^= 1;
        let accepted = accept(&mut Cursor::new(&image), None, &BothCurves).is_ok();
        assert_eq!(
            accepted,
            unseen.iter().any(|range| range.contains(&at)),
            "byte {at}"
        );
        image[at] ^= 1;
    }
}

#[test]
fn another_key_is_told_from_a_bad_signature() {
    let [p256, ed25519] = signers();
    for (signer, other) in [(&p256, &ed25519), (&ed25519, &p256)] {
        let found = ids(judged(&image(&**signer), &**other));
        assert_eq!(found, ["mcuboot.other-key"]);
    }
    let found = ids(judged(&image(&*ed25519), &EdSigner::new(2)));
    assert_eq!(found, ["mcuboot.other-key"]);
    let lattice = PublicKeyBuf::new(Algorithm::MlDsa65, &[0; 1952]).unwrap();
    let mut source = Cursor::new(image(&*ed25519));
    let found = accept(&mut source, Some(&lattice.as_key()), &BothCurves);
    assert_eq!(ids(found), ["mcuboot.key-algorithm"]);
    let mut image = image(&*ed25519);
    *image.last_mut().unwrap() ^= 1;
    assert_eq!(ids(judged(&image, &*ed25519)), ["mcuboot.signature"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes overwritten, cut out or put in, at any place.
    #[test]
    fn any_other_damage_is_refused(
        start in any::<prop::sample::Index>(),
        removed in 0..20_usize,
        inserted in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let signer = EdSigner::new(1);
        let good = image(&signer);
        let start = start.index(good.len());
        let end = good.len().min(start + removed);
        let damaged = [&good[..start], &inserted, &good[end..]].concat();
        prop_assert_eq!(judged(&damaged, &signer).is_ok(), damaged == good);
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let signer = EdSigner::new(1);
        prop_assert!(judged(&bytes, &signer).is_err());
        bytes.splice(0..bytes.len().min(4), MAGIC.to_le_bytes());
        let _ = Image::from_bytes(&bytes);
        prop_assert!(judged(&bytes, &signer).is_err());
    }

    /// As above, with a header whose sizes lie within the bytes, so that TLVs are reached.
    #[test]
    fn any_areas_are_read_or_refused(
        tail in prop::collection::vec(any::<u8>(), 0..200),
        image_bytes in 0..64_u32,
        protected_bytes in 0..40_u16,
    ) {
        let signer = EdSigner::new(1);
        let mut bytes = image(&signer);
        bytes[10..12].copy_from_slice(&protected_bytes.to_le_bytes());
        bytes[12..16].copy_from_slice(&image_bytes.to_le_bytes());
        bytes.truncate(64 + image_bytes as usize);
        bytes.extend(b"\x07\x69");
        bytes.extend(tail);
        prop_assert!(judged(&bytes, &signer).is_err());
    }
}
