//! Releases with an image for each of two banks.

use super::scene::*;
use crate::people::for_two_banks;
use mainstay_trust::{Bank, Image, Refusal, check_payload};

fn for_bank(bank: Option<Bank>) -> Scene {
    let mut scene = scene();
    scene.manifest = for_two_banks();
    scene.device.bank = bank;
    scene
}

/// The payload has one name, and each device fetches the part for the bank that it writes to.
#[test]
fn each_bank_has_its_part() {
    let [a, b] = for_two_banks().banks.expect("two banks").images();
    for (bank, offset, image) in [(Bank::A, 0, a), (Bank::B, 20_000, b)] {
        let admitted = for_bank(Some(bank)).admitted().expect("admitted");
        assert_eq!(admitted.payload_digest(), for_two_banks().image_digest);
        assert_eq!(admitted.payload_offset(), offset, "{bank:?}");
        assert_eq!(u64::from(admitted.image_bytes()), image.bytes, "{bank:?}");
        assert_eq!(admitted.image(), image, "{bank:?}");
        assert_eq!(check_payload(admitted, &image), Ok(()));
        let whole: Image = for_two_banks().image();
        assert_eq!(check_payload(admitted, &whole), Err(Refusal::PayloadSize));
    }
}

#[test]
fn a_device_gets_as_many_images_as_it_needs() {
    assert_eq!(for_bank(None).admitted(), Err(Refusal::WrongBanks));
    let mut scene = scene();
    scene.device.bank = Some(Bank::A);
    assert_eq!(scene.admitted(), Err(Refusal::WrongBanks));
}

#[test]
fn only_the_part_has_to_fit() {
    for (bank, bytes) in [(Bank::A, 20_000), (Bank::B, 20_960)] {
        let mut scene = for_bank(Some(bank));
        scene.device.slot_bytes = bytes;
        assert!(scene.admitted().is_ok(), "{bank:?}");
        scene.device.slot_bytes = bytes - 1;
        assert_eq!(scene.admitted(), Err(Refusal::PayloadTooLarge), "{bank:?}");
    }
}
