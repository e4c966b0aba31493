//! Genuine releases that aren't for this device, or not any more, and images that aren't theirs.

use crate::people::{good_envelope_of, manifest};
use crate::scene::hex;
use crate::story::{Stage, Story, first, story, told};
use mainstay_trust::{Manifest, Primitives as _, Refusal, RustCrypto};

pub fn stories() -> Vec<Story> {
    [places(), conditions(), versions(), returns(), images()]
        .into_iter()
        .flatten()
        .collect()
}

fn case(
    folder: &'static str,
    (title, list): (&str, &str),
    (expected, why): (Refusal, &str),
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let told = told(title, list, "the server's offers", expected, why);
    story(folder, told, first(), spoil)
}

/// Another release, as genuine as the ordinary one.
fn offered(change: impl FnOnce(&mut Manifest<'static>)) -> impl FnOnce(&mut Stage) {
    let mut other = manifest();
    change(&mut other);
    move |s| s.envelope(good_envelope_of(&other))
}

fn places() -> Vec<Story> {
    const WRONG: &str = "TUF: wrong software installation";
    vec![
        case(
            "wrong-vendor",
            ("A release for another vendor's devices", WRONG),
            (
                Refusal::WrongVendor,
                "The device compares the vendor id with its own.",
            ),
            offered(|m| m.vendor_id[0] ^= 1),
        ),
        case(
            "wrong-class",
            ("A release for another class", WRONG),
            (
                Refusal::WrongClass,
                "The device compares the class id with its own.",
            ),
            offered(|m| m.class_id = [0x23; 16]),
        ),
        case(
            "wrong-environment",
            (
                "A release of staging, signed with the same keys by mistake",
                WRONG,
            ),
            (
                Refusal::WrongClass,
                "The environment is part of the name from which the class id is made.",
            ),
            offered(|m| m.class_id = [0x24; 16]),
        ),
        case(
            "wrong-hardware-group",
            ("A release for the next hardware revision", WRONG),
            (
                Refusal::WrongClass,
                "The hardware group is part of the name from which the class id is made.",
            ),
            offered(|m| m.class_id = [0x25; 16]),
        ),
    ]
}

fn conditions() -> Vec<Story> {
    const WRONG: &str = "TUF: wrong software installation";
    vec![
        case(
            "bootloader-too-old",
            ("A release that needs a newer bootloader", WRONG),
            (
                Refusal::BootloaderTooOld,
                "It might not start, and then not come back.",
            ),
            |s| s.scene.device.bootloader = "1.3.9".to_owned(),
        ),
        case(
            "slot-too-small",
            ("A release larger than the slot", "TUF: endless data"),
            (
                Refusal::PayloadTooLarge,
                "The size is signed, so it is known before the first erase.",
            ),
            |s| s.scene.device.slot_bytes = 40_959,
        ),
        case(
            "use-before-passed",
            (
                "A release whose time for installing has passed",
                "TUF: freeze",
            ),
            (
                Refusal::Expired,
                "Whoever packed it said until when it may be installed.",
            ),
            offered(|m| m.use_before = Some(1_750_000_000)),
        ),
    ]
}

fn versions() -> Vec<Story> {
    const BACK: &str = "TUF: rollback";
    let running = |mark: &str| {
        let mark = mark.to_owned();
        move |s: &mut Stage| s.scene.device.release_mark = mark
    };
    vec![
        case(
            "rollback",
            ("The release before the confirmed one", BACK),
            (
                Refusal::Downgrade,
                "A genuine release isn't installed again once there is a newer one.",
            ),
            running("0/13"),
        ),
        case(
            "another-release-of-the-same-number",
            ("Another release with the confirmed one's number", BACK),
            (Refusal::Downgrade, "Newer means a higher number."),
            running("0/12"),
        ),
        case(
            "the-confirmed-release-again",
            ("The release that the device runs", "Mainstay"),
            (
                Refusal::AlreadyRunning,
                "There is nothing to do, and no erase to be had for it.",
            ),
            |s| s.scene.device.confirmed = hex(&manifest().digest.0),
        ),
    ]
}

fn returns() -> Vec<Story> {
    const BACK: &str = "TUF: rollback";
    let mut returning = first();
    returning.scene.device.release_mark = "0/13".to_owned();
    returning.scene.device.returns_to = vec![hex(&manifest().digest.0)];
    let back = |folder, title, (expected, why), spoil: fn(&mut Stage)| {
        story(
            folder,
            told(title, BACK, "the server's offers", expected, why),
            returning.clone(),
            spoil,
        )
    };
    vec![
        back(
            "return-not-named",
            "The release before the confirmed one, which names another to return to",
            (
                Refusal::Downgrade,
                "Two people have signed which releases may be returned to.",
            ),
            |s| s.scene.device.returns_to = vec!["01".repeat(32)],
        ),
        back(
            "return-below-the-floor",
            "A release that may be returned to, below a floor that the device has confirmed",
            (Refusal::BelowFloor, "Raising the floor is the later word."),
            |s| s.scene.device.floor_mark = "0/13".to_owned(),
        ),
        case(
            "below-the-floor",
            ("A newer release below the security floor", BACK),
            (
                Refusal::BelowFloor,
                "A floor stays when a device has returned to an earlier release.",
            ),
            |s| s.scene.device.floor_mark = "0/13".to_owned(),
        ),
    ]
}

const IMAGE: &[u8] = b"The image of release 1.1.0: forty-eight bytes...";

/// An offer whose image is there too.
fn with_image() -> Stage {
    let whole = Manifest {
        image_digest: RustCrypto.digest(IMAGE),
        image_bytes: IMAGE.len() as u32,
        ..manifest()
    };
    let mut stage = first().with_envelope(good_envelope_of(&whole));
    stage.scene.attack.image = Some(stage.file("good-image.hex", IMAGE.to_vec()));
    stage
}

fn images() -> Vec<Story> {
    let case = |folder, title, list, (expected, why), image: Vec<u8>| {
        let told = told(title, list, "the server or the network", expected, why);
        story(folder, told, with_image(), |s| {
            s.scene.attack.image = Some(s.file("image.hex", image));
        })
    };
    let mut flipped = IMAGE.to_vec();
    flipped[40] ^= 1;
    vec![
        case(
            "image-exchanged",
            "A genuine release, and an image with one bit changed",
            "TUF: arbitrary software installation",
            (
                Refusal::PayloadDigest,
                "The digest is read back from flash before the slot may boot.",
            ),
            flipped,
        ),
        case(
            "image-cut-short",
            "A genuine release, and an image without its last byte",
            "TUF: malicious mirror",
            (Refusal::PayloadSize, "The size is signed."),
            IMAGE[..47].to_vec(),
        ),
        case(
            "image-endless",
            "A genuine release, and an image that goes on",
            "TUF: endless data",
            (
                Refusal::PayloadSize,
                "The size is signed; a device stops there.",
            ),
            IMAGE.repeat(2),
        ),
    ]
}
