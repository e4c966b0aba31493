//! Attacks on releases with an image for each of two banks: the image of the other bank, and parts that
//! aren't those of the payload.

use crate::people::{
    approve, build, engineer, enveloped, for_two_banks, good_envelope_of, manager, manifest,
    manifest_bytes,
};
use crate::story::{Stage, Story, first, replaced, story, told};
use mainstay_trust::{
    Banks, DigestAlgorithm, Image, Manifest, Primitives as _, Refusal, RustCrypto,
};

const FOR_A: &[u8] = b"The image of release 1.1.0, linked for bank A.";
const FOR_B: &[u8] = b"The image of release 1.1.0, linked for bank B.";

const SERVER: &str = "the server or the network";
const TOOL: &str = "a tool of another make, in the hands of both signers";

fn image(bytes: &[u8]) -> Image {
    Image {
        bytes: bytes.len() as u64,
        digest: RustCrypto.digest(bytes),
        sha384: None,
    }
}

/// The release of [`FOR_A`] and [`FOR_B`].
fn of_images() -> Manifest<'static> {
    let payload = [FOR_A, FOR_B].concat();
    Manifest {
        image_digest: RustCrypto.digest(&payload),
        image_bytes: payload.len() as u32,
        banks: Banks::known([image(FOR_A), image(FOR_B)]),
        ..manifest()
    }
}

/// A device that would write to bank B, and its genuine release.
fn with_bank_b() -> Stage {
    let mut stage = first().with_envelope(good_envelope_of(&for_two_banks()));
    stage.scene.device.bank = Some("B".to_owned());
    stage
}

/// The ordinary people's signatures over manifest bytes, whatever they say.
fn signed(manifest: &[u8]) -> Vec<u8> {
    enveloped(manifest, DigestAlgorithm::Sha256, |payload| {
        vec![build(&engineer(), payload), approve(&manager(), payload)]
    })
}

fn case(
    folder: &'static str,
    (title, attacker): (&str, &str),
    (expected, why): (Refusal, &str),
    stage: Stage,
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let told = told(title, "Mainstay", attacker, expected, why);
    story(folder, told, stage, spoil)
}

pub fn stories() -> Vec<Story> {
    [devices(), images(), parts()]
        .into_iter()
        .flatten()
        .collect()
}

fn devices() -> Vec<Story> {
    let start = "An image that isn't linked for its place would crash when it starts.";
    let mistake = "a release that was packed for other devices, signed by both";
    vec![
        case(
            "one-image-for-two-banks",
            (
                "A device that needs an image for each bank, and a release with one",
                mistake,
            ),
            (Refusal::WrongBanks, start),
            with_bank_b(),
            |s| s.envelope(good_envelope_of(&manifest())),
        ),
        case(
            "two-banks-for-one-place",
            (
                "A device with one place for images, and a release for two banks",
                mistake,
            ),
            (Refusal::WrongBanks, start),
            first(),
            |s| s.envelope(good_envelope_of(&for_two_banks())),
        ),
        case(
            "bank-too-small",
            (
                "The part for bank B is one byte larger than the slot, and the part for bank A fits",
                mistake,
            ),
            (
                Refusal::PayloadTooLarge,
                "What counts is the part that would be written.",
            ),
            {
                let mut stage = with_bank_b();
                stage.scene.device.slot_bytes = 20_960;
                stage
            },
            |s| s.scene.device.slot_bytes = 20_959,
        ),
    ]
}

fn images() -> Vec<Story> {
    let mut stage = first().with_envelope(good_envelope_of(&of_images()));
    stage.scene.device.bank = Some("B".to_owned());
    stage.scene.attack.image = Some(stage.file("good-image.hex", FOR_B.to_vec()));
    vec![case(
        "image-of-the-other-bank",
        (
            "The image for bank A, as long as the other, sent to a device that writes bank B",
            SERVER,
        ),
        (Refusal::PayloadDigest, "Each bank has a digest of its own."),
        stage,
        |s| s.scene.attack.image = Some(s.file("image.hex", FOR_A.to_vec())),
    )]
}

fn parts() -> Vec<Story> {
    let invalid = |why| (Refusal::FieldInvalid, why);
    let spoilt =
        |old: &[u8], new: &[u8]| signed(&replaced(&manifest_bytes(&for_two_banks()), old, new));
    // The size of an image, and the head of its digest.
    let longer = spoilt(b"\x82\x19\x51\xe0\x58\x20", b"\x82\x19\x51\xe1\x58\x20");
    let first_empty = empty_part();
    vec![
        case(
            "banks-longer-than-the-payload",
            (
                "The parts for the two banks are one byte more than the payload",
                TOOL,
            ),
            invalid("A device would wait for a byte that nobody has."),
            with_bank_b(),
            |s| s.envelope(longer),
        ),
        case(
            "bank-empty",
            (
                "The part for bank A is empty, and the payload is all for bank B",
                TOOL,
            ),
            invalid("Half of the devices would install nothing and start it."),
            with_bank_b(),
            |s| s.envelope(first_empty),
        ),
    ]
}

/// The ordinary release for two banks, of which bank A gets nothing and bank B all.
fn empty_part() -> Vec<u8> {
    let bytes = manifest_bytes(&for_two_banks());
    // Equally long numbers: 0 in the place of 20,000 takes two bytes less, 40,960 in the place of 20,960 none.
    let bytes = replaced(&bytes, b"\x82\x19\x4e\x20\x58\x20", b"\x82\x00\x58\x20");
    let bytes = replaced(
        &bytes,
        b"\x82\x19\x51\xe0\x58\x20",
        b"\x82\x19\xa0\x00\x58\x20",
    );
    signed(&shorter_by_two(&bytes))
}

/// The two byte strings around the parameters, each two bytes shorter.
fn shorter_by_two(manifest: &[u8]) -> Vec<u8> {
    let mut bytes = manifest.to_vec();
    let heads: Vec<usize> = (0..bytes.len() - 2)
        .filter(|at| bytes[*at] == 0x59)
        .filter(|at| {
            let length = usize::from(u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]));
            (256..bytes.len()).contains(&length)
        })
        .take(2)
        .collect();
    assert_eq!(heads.len(), 2, "common, and its shared sequence");
    for at in heads {
        let length = u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]) - 2;
        bytes[at + 1..at + 3].copy_from_slice(&length.to_be_bytes());
    }
    bytes
}
