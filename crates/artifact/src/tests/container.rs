//! The artifact file's frame: one form, and a reason for each defect.

use std::io::{self, Write as _};

use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use proptest::prelude::*;

use crate::container::*;

fn id(bytes: &[u8]) -> &'static str {
    match ArtifactFile::from_bytes(bytes) {
        Ok(_) => "ok",
        Err(error) => error.id(),
    }
}

#[test]
fn golden_bytes() {
    let file = to_bytes(b"env", &[7; 24]).unwrap();
    assert_eq!(
        hex::encode(file),
        format!("da4d535459824365{}5818{}", "6e76", "07".repeat(24))
    );
}

#[test]
fn each_defect_has_its_own_reason() {
    let good = to_bytes(b"env", b"payload").unwrap();
    let cases: [(&str, Vec<u8>, &str); 13] = [
        ("good", good.clone(), "ok"),
        ("empty", vec![], "artifact.empty"),
        ("a bare image", vec![0x7f; 64], "artifact.not-an-artifact"),
        ("magic only", MAGIC.to_vec(), "artifact.cut-short"),
        (
            "an inner tag",
            [&MAGIC[..], &[0xc0]].concat(),
            "artifact.malformed-head",
        ),
        (
            "cut in its payload",
            good[..good.len() - 1].to_vec(),
            "artifact.cut-short",
        ),
        (
            "cut in its envelope",
            good[..8].to_vec(),
            "artifact.cut-short",
        ),
        (
            "one byte more",
            [&good[..], &[0]].concat(),
            "artifact.trailing-bytes",
        ),
        (
            "no envelope",
            [&MAGIC[..], &[0x40, 0x41, 0]].concat(),
            "artifact.envelope-size",
        ),
        (
            "no payload",
            [&MAGIC[..], &[0x41, 0, 0x40]].concat(),
            "artifact.payload-size",
        ),
        (
            "long head",
            [&MAGIC[..], &[0x58, 1, 0, 0x41, 0]].concat(),
            "artifact.malformed-head",
        ),
        (
            "indefinite",
            [&MAGIC[..], &[0x5f, 0x41, 0, 0xff]].concat(),
            "artifact.malformed-head",
        ),
        (
            "a payload of 4 GiB",
            [&MAGIC[..], &[0x41, 0, 0x5a, 255, 255, 255, 255]].concat(),
            "artifact.payload-size",
        ),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(id(&bytes), expected, "{name}");
    }
}

/// The frame alone: what it announces is known long before its last byte is there.
#[test]
fn a_payload_may_have_2_gib_less_one_byte() {
    for (bytes, expected) in [
        ([0x04, 0, 0, 1], "ok"),
        ([0x7f, 255, 255, 255], "ok"),
        ([0x80, 0, 0, 0], "artifact.payload-size"),
        ([0x80, 0, 0, 1], "artifact.payload-size"),
        ([255, 255, 255, 255], "artifact.payload-size"),
    ] {
        let frame = [&MAGIC[..], &[0x41, 0, 0x5a], &bytes].concat();
        let found = ArtifactFile::from_prefix(&frame);
        let found = found.map(|file| file.payload_len);
        match expected {
            "ok" => assert_eq!(found.unwrap(), u64::from(u32::from_be_bytes(bytes))),
            _ => assert_eq!(found.unwrap_err().id(), expected, "{bytes:?}"),
        }
    }
    let cure = ContainerError::PayloadSize(0).cure();
    assert!(cure.contains("2 GiB"), "{cure}");
}

/// A file of the largest size, of holes but for its frame: the payload is found where it lies, and none of it is read.
#[test]
fn the_largest_file_is_opened_by_its_frame() {
    let mut file = tempfile::tempfile().unwrap();
    let frame = [&MAGIC[..], &[0x41, 7, 0x5a, 0x7f, 255, 255, 255]].concat();
    file.write_all(&frame).unwrap();
    let end = frame.len() as u64 + PAYLOAD_BYTES_MAX;
    for (bytes, expected) in [
        (end - 1, "artifact.cut-short"),
        (end, "ok"),
        (end + 1, "artifact.trailing-bytes"),
    ] {
        file.set_len(bytes).unwrap();
        let found = ArtifactFile::read(&mut file);
        assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
    }
}

#[test]
fn an_envelope_that_no_device_would_read_is_not_written() {
    let envelope = vec![0; ENVELOPE_BYTES_MAX + 1];
    let refused = to_bytes(&envelope, b"x").unwrap_err();
    assert_eq!(refused.id(), "artifact.envelope-size");
}

#[test]
fn a_payload_stream_of_another_length_is_refused() {
    for (stream, announced) in [(&b"four"[..], 5), (b"four", 3)] {
        let refused = write(&mut Vec::new(), b"e", &mut &*stream, announced).unwrap_err();
        assert_eq!(refused.id(), "artifact.payload-stream", "{announced}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        envelope in prop::collection::vec(any::<u8>(), 1..700),
        payload in prop::collection::vec(any::<u8>(), 1..70_000),
    ) {
        let bytes = to_bytes(&envelope, &payload).unwrap();
        let file = ArtifactFile::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&file, &ArtifactFile::read(&mut io::Cursor::new(&bytes)).unwrap());
        prop_assert_eq!(file.payload(&bytes), &payload[..]);
        prop_assert_eq!(&file.envelope, &envelope);
        prop_assert_eq!(file.payload_len, payload.len() as u64);
    }

    /// Heads of every width that CBOR allows: only the shortest pass.
    #[test]
    fn an_artifact_has_one_form_only(
        lens in (1..300usize, 1..300usize),
        widths in (0..4usize, 0..4usize),
    ) {
        let part = |len: usize, width: usize| {
            let digits = &(len as u32).to_be_bytes()[4 - [0, 1, 2, 4][width]..];
            let head = if width == 0 { 0x40 | (len as u8 & 0x1f) } else { 0x57 + width as u8 };
            [&[head], digits, &vec![7; len]].concat()
        };
        let shortest = |len: usize| match len {
            0..24 => 0,
            24..256 => 1,
            _ => 2,
        };
        let file = [&MAGIC[..], &part(lens.0, widths.0), &part(lens.1, widths.1)].concat();
        let both_shortest = widths == (shortest(lens.0), shortest(lens.1));
        prop_assert_eq!(ArtifactFile::from_bytes(&file).is_ok(), both_shortest);
    }
}
