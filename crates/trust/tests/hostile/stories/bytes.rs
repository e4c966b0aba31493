//! Attacks on whoever reads the bytes: second spellings, lies about lengths, endless data.

use crate::people::{
    build, engineer, envelope, good_envelope, manifest, own_document, payload, server, status,
    stranger,
};
use crate::story::{Stage, Story, first, replaced, story, told};
use mainstay_trust::{Document, Refusal, Status};

const RFC: &str = "RFC 8949, section 4.2.1";

fn case(
    folder: &'static str,
    title: &str,
    list: &str,
    (expected, why): (Refusal, &str),
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let told = told(title, list, "the server or the network", expected, why);
    story(folder, told, first(), spoil)
}

/// A status whose payload is these bytes, signed by the server's real key.
fn raw_status(payload: &[u8]) -> Vec<u8> {
    own_document(&[&server()], Status::CONTENT_TYPE, payload)
}

/// The ordinary status with its payload changed, and signed as changed.
fn respelt(old: &[u8], new: &[u8]) -> impl FnOnce(&mut Stage) {
    let bytes = raw_status(&replaced(&payload(&status()), old, new));
    |s| s.status_bytes(bytes)
}

pub fn stories() -> Vec<Story> {
    [
        lengths(),
        spellings(),
        spelt_maps(),
        structures(),
        values(),
        endless(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn lengths() -> Vec<Story> {
    let malformed = |why| (Refusal::Malformed, why);
    vec![
        case(
            "trailing-byte",
            "An envelope with one byte after it",
            RFC,
            malformed("A document is one item, and nothing follows it."),
            |s| s.envelope([good_envelope(), vec![0]].concat()),
        ),
        case(
            "trailing-document",
            "Two envelopes, one after the other",
            RFC,
            malformed("A document is one item, and nothing follows it."),
            |s| s.envelope([good_envelope(), good_envelope()].concat()),
        ),
        case(
            "cut-short",
            "An envelope without its last byte",
            RFC,
            malformed("The bytes end before the item does."),
            |s| s.envelope(good_envelope().split_last().unwrap().1.to_vec()),
        ),
        case(
            "nothing",
            "An envelope of no bytes",
            RFC,
            malformed("No bytes are no item."),
            |s| s.envelope(Vec::new()),
        ),
        case(
            "length-beyond-the-end",
            "A byte string that claims 2^64 - 1 bytes",
            "TUF: endless data",
            malformed("A length is compared with what is there before anything is done with it."),
            |s| {
                s.envelope(replaced(
                    &good_envelope(),
                    &[0x02, 0x59],
                    &[0x02, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                ))
            },
        ),
        case(
            "count-beyond-the-end",
            "A status whose list of holds claims 2^64 - 1 items",
            "TUF: endless data",
            malformed("Each item takes a byte, so the list ends with the input."),
            respelt(
                &[0x06, 0x80],
                &[0x06, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
        ),
    ]
}

fn spellings() -> Vec<Story> {
    let second = |why| (Refusal::NotDeterministic, why);
    let one = "Every value has one spelling, so that equal documents have equal bytes.";
    vec![
        case(
            "long-length",
            "A byte string whose length is spelt with four bytes where two do",
            RFC,
            second(one),
            |s| {
                s.envelope(replaced(
                    &good_envelope(),
                    &[0x03, 0x59],
                    &[0x03, 0x5a, 0x00, 0x00],
                ))
            },
        ),
        case(
            "long-integer",
            "A status number spelt with one byte more than it needs",
            RFC,
            second(one),
            respelt(&[0x01, 0x07, 0x02], &[0x01, 0x18, 0x07, 0x02]),
        ),
        case(
            "indefinite-list",
            "A status whose list of holds has no length",
            RFC,
            second("Nothing of ours is of indefinite length."),
            respelt(&[0x06, 0x80], &[0x06, 0x9f, 0xff]),
        ),
        case(
            "indefinite-map",
            "An envelope whose map has no length",
            RFC,
            second("Nothing of ours is of indefinite length."),
            |s| {
                s.envelope(
                    [
                        replaced(&good_envelope(), &[0xd8, 0x6b, 0xa2], &[0xd8, 0x6b, 0xbf]),
                        vec![0xff],
                    ]
                    .concat(),
                )
            },
        ),
    ]
}

fn spelt_maps() -> Vec<Story> {
    let second = |why| (Refusal::NotDeterministic, why);
    vec![
        case(
            "indefinite-bytes",
            "A status whose nonce comes in pieces",
            RFC,
            second("Nothing of ours is of indefinite length."),
            |s| {
                let pieces = [&[0x07, 0x5f, 0x50][..], &[0x5a; 16], &[0xff]].concat();
                let whole = [&[0x07, 0x50][..], &[0x5a; 16]].concat();
                s.status_bytes(raw_status(&replaced(&payload(&status()), &whole, &pieces)));
            },
        ),
        case(
            "keys-out-of-order",
            "A status with two fields exchanged",
            RFC,
            second("The keys of a map rise."),
            respelt(&[0x04, 0x01, 0x06, 0x80], &[0x06, 0x80, 0x04, 0x01]),
        ),
        case(
            "key-twice",
            "A status with two root versions, of which a reader may take either",
            "RFC 8949, section 5.6",
            second("The keys of a map rise, so that none comes twice."),
            |s| {
                let twice = replaced(
                    &payload(&status()),
                    &[0x04, 0x01, 0x06],
                    &[0x04, 0x01, 0x04, 0x02, 0x06],
                );
                s.status_bytes(raw_status(&[&[0xa7][..], &twice[1..]].concat()));
            },
        ),
    ]
}

fn structures() -> Vec<Story> {
    vec![
        case(
            "deep-nesting",
            "A status that is forty lists, each in the other",
            "TUF: endless data",
            (
                Refusal::TooLarge,
                "Nothing is followed deeper than six, whatever the stack could bear.",
            ),
            |s| s.status_bytes(raw_status(&[vec![0x81; 40], vec![0x00]].concat())),
        ),
        case(
            "cyclic-reference",
            "A status whose list of holds is a reference to the list itself",
            "TUF specification, section 5.6.7: cycles of delegation; CBOR tags 28 and 29",
            (
                Refusal::ForeignProfile,
                "Nothing of ours refers to anything else in the document, so nothing can be followed in a circle.",
            ),
            respelt(&[0x06, 0x80], &[0x06, 0xd8, 0x1c, 0x81, 0xd8, 0x1d, 0x00]),
        ),
        case(
            "float",
            "A status whose expiry is a floating-point infinity",
            "Mainstay",
            (
                Refusal::Malformed,
                "No document holds a number with a point; infinity would never expire.",
            ),
            |s| {
                let expires = [&[0x03, 0x1a][..], &1_750_000_300_u32.to_be_bytes()].concat();
                let endless = [0x03, 0xf9, 0x7c, 0x00];
                s.status_bytes(raw_status(&replaced(
                    &payload(&status()),
                    &expires,
                    &endless,
                )));
            },
        ),
    ]
}

fn values() -> Vec<Story> {
    vec![
        case(
            "negative-number",
            "A status whose number is -1",
            "Mainstay",
            (
                Refusal::ForeignProfile,
                "Numbers that count are unsigned; none wraps around.",
            ),
            respelt(&[0x01, 0x07, 0x02], &[0x01, 0x20, 0x02]),
        ),
        case(
            "unknown-field",
            "A status with a field that this version doesn't know",
            "Mainstay",
            (
                Refusal::ForeignProfile,
                "What isn't understood may matter; nothing is skipped.",
            ),
            |s| {
                let more = [payload(&status()), vec![0x08, 0xf5]].concat();
                s.status_bytes(raw_status(&[&[0xa7][..], &more[1..]].concat()));
            },
        ),
        case(
            "another-document",
            "A status in the place of the envelope",
            "Mainstay: cross-protocol",
            (
                Refusal::ForeignProfile,
                "An envelope and a signed document have different shapes.",
            ),
            |s| s.envelope(raw_status(&payload(&status()))),
        ),
    ]
}

/// The ordinary manifest with so many blocks of the stranger.
fn crowded(blocks: usize) -> Vec<u8> {
    let good = good_envelope();
    let own = |p: &[u8]| {
        vec![
            build(&engineer(), p),
            crate::people::approve(&crate::people::manager(), p),
        ]
    };
    let sixteen = envelope(&manifest(), |p| {
        let strangers = std::iter::repeat_with(|| build(&stranger(), p)).take(14);
        own(p).into_iter().chain(strangers).collect()
    });
    assert!(sixteen.len() > good.len() && blocks == 17);
    seventeenth(&sixteen)
}

/// The encoder refuses a seventeenth block, so it is put in by hand.
fn seventeenth(sixteen: &[u8]) -> Vec<u8> {
    let digest = mainstay_trust::envelope::suit_digest(&manifest().digest);
    let one = build(&stranger(), &digest);
    let wrapped = [&[0x58, one.len() as u8][..], &one].concat();
    let last = find_last(sixteen, &one) + one.len();
    let longer = [&sixteen[..last], &wrapped, &sixteen[last..]].concat();
    let length = u16::from_be_bytes([longer[5], longer[6]]) + wrapped.len() as u16;
    assert_eq!(
        (longer[4], longer[7]),
        (0x59, 0x91),
        "a byte string around an array of 17"
    );
    [&longer[..5], &length.to_be_bytes(), &[0x92], &longer[8..]].concat()
}

fn find_last(bytes: &[u8], needle: &[u8]) -> usize {
    bytes
        .windows(needle.len())
        .rposition(|window| window == needle)
        .expect("it is there")
}

fn endless() -> Vec<Story> {
    vec![
        case(
            "endless-envelope",
            "An envelope of one byte more than any may have",
            "TUF: endless data",
            (
                Refusal::TooLarge,
                "A size is asked before the bytes are read, so nothing endless is begun.",
            ),
            |s| s.envelope(vec![0; 16 * 1024 + 1]),
        ),
        case(
            "endless-status",
            "A status with seventeen holds",
            "TUF: endless data",
            (Refusal::TooLarge, "Each list has its bound."),
            |s| {
                let holds: Vec<u8> = (0..17)
                    .flat_map(|n| [vec![0x58, 0x20], vec![n; 32]].concat())
                    .collect();
                let list = [&[0x06, 0x91][..], &holds].concat();
                s.status_bytes(raw_status(&replaced(
                    &payload(&status()),
                    &[0x06, 0x80],
                    &list,
                )));
            },
        ),
        case(
            "endless-signatures",
            "A complete release with fifteen more blocks",
            "CVE-2020-6173: signatures without end",
            (
                Refusal::TooLarge,
                "Sixteen blocks are read; what they cost a microcontroller is bounded.",
            ),
            |s| s.envelope(crowded(17)),
        ),
    ]
}
