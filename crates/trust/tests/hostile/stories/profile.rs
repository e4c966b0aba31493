//! Attacks with a manifest or a block of another shape, signed by those who may.

use crate::people::{
    self, approve, build, engineer, good_envelope, manager, manifest, manifest_bytes, stranger,
};
use crate::story::{Stage, Story, find, first, replaced, story, told};
use mainstay_trust::{DigestAlgorithm, Refusal};

/// An envelope of manifest bytes that our own encoder wouldn't write, signed as they are.
fn raw_envelope(manifest: &[u8]) -> Vec<u8> {
    people::enveloped(manifest, DigestAlgorithm::Sha256, |payload| {
        vec![build(&engineer(), payload), approve(&manager(), payload)]
    })
}

/// The ordinary manifest with other bytes of the same length in one place.
fn rewritten(old: &[u8], new: &[u8]) -> impl FnOnce(&mut Stage) {
    let bytes = raw_envelope(&replaced(&manifest_bytes(&manifest()), old, new));
    |s| s.envelope(bytes)
}

fn case(
    folder: &'static str,
    title: &str,
    list: &str,
    (expected, why): (Refusal, &str),
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let attacker = "a tool of another make, in the hands of both signers";
    story(
        folder,
        told(title, list, attacker, expected, why),
        first(),
        spoil,
    )
}

pub fn stories() -> Vec<Story> {
    [commands(), values(), blocks()]
        .into_iter()
        .flatten()
        .collect()
}

fn commands() -> Vec<Story> {
    let foreign = |why| (Refusal::ForeignProfile, why);
    vec![
        case(
            "foreign-command",
            "A manifest that invokes the image where ours fetches it",
            "SUIT: a manifest is a program",
            foreign("The commands of the profile are fixed; none can be put in."),
            rewritten(&[0x15, 0x02, 0x03, 0x0f], &[0x17, 0x02, 0x03, 0x0f]),
        ),
        case(
            "check-left-out",
            "A manifest that doesn't check the class",
            "SUIT: a manifest is a program",
            foreign("The commands of the profile are fixed; none can be left out."),
            rewritten(&[0x01, 0x0f, 0x02, 0x0f], &[0x01, 0x0f, 0x01, 0x0f]),
        ),
        case(
            "path-traversal",
            "A manifest that fetches ../boot",
            "CVE-2021-41131: names that lead out of the folder",
            foreign(
                "The payload lies beside the envelope under one name; no name is ever followed.",
            ),
            rewritten(b"payload", b"../boot"),
        ),
        case(
            "another-hash",
            "A manifest whose image digest says that it is of another hash",
            "SUIT: SUIT_Digest with a weaker algorithm",
            foreign("Images are named by SHA-256, and by nothing else."),
            rewritten(&[0x2f, 0x58, 0x20, 0x33], &[0x2e, 0x58, 0x20, 0x33]),
        ),
        case(
            "integrated-payload",
            "An envelope that carries a payload of its own",
            "SUIT: integrated payloads",
            foreign(
                "The image is always beside the envelope; what isn't read can't be signed for.",
            ),
            |s| {
                let mut bytes = good_envelope();
                bytes[2] = 0xa3;
                bytes.extend_from_slice(b"\x68#payload\x41\x00");
                s.envelope(bytes);
            },
        ),
    ]
}

fn values() -> Vec<Story> {
    vec![
        case(
            "empty-image",
            "A manifest of an image of no bytes",
            "Mainstay",
            (
                Refusal::FieldInvalid,
                "An image has at least one byte; this one would erase a slot for nothing.",
            ),
            |s| {
                let none = replaced(
                    &manifest_bytes(&manifest()),
                    &[0x0e, 0x19, 0xa0, 0x00],
                    &[0x0e, 0x00],
                );
                s.envelope(raw_envelope(&shortened(&none, 2)));
            },
        ),
        case(
            "terminal-escape",
            "A version that moves the cursor of whoever reads it",
            "CWE-150: control sequences in a text",
            (Refusal::FieldInvalid, "Texts for people are visible ASCII."),
            rewritten(b"1.1.0", b"1\x1b[2J"),
        ),
        case(
            "floor-above-sequence",
            "A release whose floor forbids itself",
            "Mainstay",
            (
                Refusal::FloorAboveSequence,
                "Once confirmed it would lock every device out of its own release.",
            ),
            rewritten(&[0x39, 0x01, 0x01, 0x0a], &[0x39, 0x01, 0x01, 0x0d]),
        ),
    ]
}

/// The manifest with the lengths of its two outer byte strings lowered by what was taken out.
fn shortened(manifest: &[u8], by: u8) -> Vec<u8> {
    let common = find(manifest, &[0x03, 0x58, 0xe9]);
    let shared = find(manifest, &[0x04, 0x58, 0xe0]);
    let mut bytes = manifest.to_vec();
    bytes[common + 2] -= by;
    bytes[shared + 2] -= by;
    bytes
}

fn blocks() -> Vec<Story> {
    let extra = |change: fn(&[u8]) -> Vec<u8>| {
        move |s: &mut Stage| {
            s.envelope(people::envelope(&manifest(), |p| {
                vec![
                    build(&engineer(), p),
                    approve(&manager(), p),
                    change(&build(&stranger(), p)),
                ]
            }));
        }
    };
    vec![
        case(
            "unprotected-header",
            "A block with a label that no signature covers",
            "RFC 9052: unprotected headers",
            (
                Refusal::ForeignProfile,
                "Every byte is either signed or a signature.",
            ),
            extra(|block| replaced(block, &[0xa0, 0xf6, 0x58], &[0xa1, 0x01, 0x26, 0xf6, 0x58])),
        ),
        case(
            "attached-payload",
            "A block with a payload of its own beside the signed one",
            "RFC 9052: attached payloads",
            (
                Refusal::ForeignProfile,
                "What is signed is the release's digest, and stands in one place.",
            ),
            extra(|block| replaced(block, &[0xa0, 0xf6, 0x58], &[0xa0, 0x41, 0x00, 0x58])),
        ),
        case(
            "mac-for-signature",
            "A block that says it is a COSE_Mac0",
            "RFC 9052: one structure taken for another",
            (Refusal::ForeignProfile, "Only COSE_Sign1 is read."),
            extra(|block| replaced(block, &[0xd2, 0x84], &[0xd1, 0x84])),
        ),
        case(
            "unknown-header",
            "A block with a protected label that we don't know",
            "RFC 9052: critical headers",
            (
                Refusal::ForeignProfile,
                "What isn't understood may matter; nothing is skipped.",
            ),
            extra(|block| {
                let header = replaced(block, &[0x55, 0xa2, 0x01], &[0x58, 0x19, 0xa3, 0x01]);
                let kid = find(&header, &[0x04, 0x50]) + 18;
                [
                    &header[..kid],
                    &[0x18, 0x20, 0x41, 0x00][..],
                    &header[kid..],
                ]
                .concat()
            }),
        ),
    ]
}
