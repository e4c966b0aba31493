//! The bundle file's frame: one form, and a reason for each defect.

use std::io::{self, Cursor};

use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use proptest::prelude::*;

use crate::bundle_file::*;
use crate::container::PAYLOAD_BYTES_MAX;

fn bytes_of(
    roots: &[Vec<u8>],
    revocations: Option<&[u8]>,
    envelope: &[u8],
    payload: &[u8],
) -> Result<Vec<u8>, BundleError> {
    let parts = BundleParts {
        roots,
        revocations,
        statement: b"word",
        envelope,
    };
    let mut out = Vec::new();
    write(&mut out, &parts, &mut &*payload, payload.len() as u64)?;
    Ok(out)
}

fn good() -> Vec<u8> {
    bytes_of(&[b"root".to_vec()], Some(b"rev"), b"env", b"payload").unwrap()
}

fn id(bytes: &[u8]) -> &'static str {
    BundleFile::read(&mut Cursor::new(bytes)).map_or_else(|error| error.id(), |_| "ok")
}

/// If this fails, bundles in the field and bundles made now differ: raise the format.
#[test]
fn golden_bytes() {
    assert_eq!(
        hex::encode(good()),
        "da4d53544285814472 6f6f7443726576 44776f726443656e76 477061796c6f6164".replace(' ', "")
    );
    let without = bytes_of(&[vec![1], vec![2; 24]], None, b"env", b"p").unwrap();
    let expected = format!(
        "da4d5354428582410158 18{} f6 44776f7264 43656e76 4170",
        "02".repeat(24)
    );
    assert_eq!(hex::encode(without), expected.replace(' ', ""));
}

#[test]
fn each_defect_has_its_own_reason() {
    let bytes = good();
    let with = |rest: &[u8]| [&MAGIC[..], rest].concat();
    let cases: [(&str, Vec<u8>, &str); 17] = [
        ("good", bytes.clone(), "ok"),
        ("empty", vec![], "bundle.empty"),
        ("a bare image", vec![0x7f; 64], "bundle.not-a-bundle"),
        (
            "an artifact",
            crate::container::MAGIC.to_vec(),
            "bundle.not-a-bundle",
        ),
        ("half a tag", MAGIC[..3].to_vec(), "bundle.cut-short"),
        ("magic only", MAGIC.to_vec(), "bundle.cut-short"),
        ("no roots", with(&[0x80]), "bundle.root-count"),
        ("too many roots", with(&[0x91]), "bundle.root-count"),
        (
            "a long array head",
            with(&[0x98, 1]),
            "bundle.malformed-head",
        ),
        ("an endless array", with(&[0x9f]), "bundle.malformed-head"),
        ("a map of roots", with(&[0xa1]), "bundle.malformed-head"),
        ("an empty root", with(&[0x81, 0x40]), "bundle.document-size"),
        (
            "a text as root",
            with(&[0x81, 0x61, b'r']),
            "bundle.malformed-head",
        ),
        (
            "a huge root",
            with(&[0x81, 0x5a, 0xff, 0xff, 0xff, 0xff]),
            "bundle.cut-short",
        ),
        (
            "a null statement",
            with(&[0x81, 0x41, 1, 0xf6, 0xf6]),
            "bundle.malformed-head",
        ),
        (
            "cut in its payload",
            bytes[..bytes.len() - 1].to_vec(),
            "bundle.cut-short",
        ),
        (
            "one byte more",
            [&bytes[..], &[0]].concat(),
            "bundle.trailing-bytes",
        ),
    ];
    for (name, bytes, expected) in cases {
        // A document's size is asked before its bytes, whatever follows.
        let expected = if name == "a huge root" {
            "bundle.document-size"
        } else {
            expected
        };
        assert_eq!(id(&bytes), expected, "{name}");
    }
}

#[test]
fn every_cut_is_noticed() {
    let bytes = good();
    for end in 1..bytes.len() {
        assert_eq!(id(&bytes[..end]), "bundle.cut-short", "{end} bytes");
    }
}

#[test]
fn parts_have_their_bounds() {
    let root = || vec![b"root".to_vec()];
    let id = |made: Result<Vec<u8>, BundleError>| made.map_or_else(|error| error.id(), |_| "ok");
    let many = vec![b"root".to_vec(); ROOTS_MAX];
    assert_eq!(id(bytes_of(&many, None, b"e", b"p")), "ok");
    let more = vec![b"root".to_vec(); ROOTS_MAX + 1];
    assert_eq!(id(bytes_of(&more, None, b"e", b"p")), "bundle.root-count");
    assert_eq!(id(bytes_of(&[], None, b"e", b"p")), "bundle.root-count");
    let large = vec![0; ENVELOPE_BYTES_MAX + 1];
    assert_eq!(
        id(bytes_of(&root(), None, &large, b"p")),
        "bundle.document-size"
    );
    assert_eq!(
        id(bytes_of(&root(), Some(b""), b"e", b"p")),
        "bundle.document-size"
    );
    assert_eq!(
        id(bytes_of(&root(), None, b"e", b"")),
        "bundle.payload-size"
    );
}

/// The documents are written by the size that is announced, before any of the payload is.
#[test]
fn a_bundle_carries_the_largest_payload() {
    let roots = [b"root".to_vec()];
    let parts = BundleParts {
        roots: &roots,
        revocations: None,
        statement: b"word",
        envelope: b"env",
    };
    for (announced, expected) in [
        (PAYLOAD_BYTES_MAX, "bundle.payload-stream"),
        (PAYLOAD_BYTES_MAX + 1, "bundle.payload-size"),
        (u64::MAX, "bundle.payload-size"),
    ] {
        let written = write(&mut io::sink(), &parts, &mut &b"too few"[..], announced);
        assert_eq!(written.unwrap_err().id(), expected);
    }
}

#[test]
fn a_payload_of_another_length_is_refused() {
    let roots = [b"root".to_vec()];
    let parts = BundleParts {
        roots: &roots,
        revocations: None,
        statement: b"word",
        envelope: b"env",
    };
    for announced in [6, 8] {
        let written = write(&mut io::sink(), &parts, &mut &b"payload"[..], announced);
        assert_eq!(written.unwrap_err().id(), "bundle.payload-stream");
    }
}

/// A source that lets nobody read its payload.
struct Guarded<'a>(Cursor<&'a [u8]>, u64);

impl io::Read for Guarded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.1.saturating_sub(self.0.position());
        assert!(left > 0, "the payload was read");
        let count = buf.len().min(left as usize);
        self.0.read(&mut buf[..count])
    }
}

impl io::Seek for Guarded<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn the_head_is_read_without_the_payload() {
    let bytes = good();
    let payload_offset = bytes.len() as u64 - 7;
    let mut guarded = Guarded(Cursor::new(&bytes), payload_offset);
    let bundle = BundleFile::read(&mut guarded).unwrap();
    assert_eq!(
        (bundle.payload_offset, bundle.payload_len),
        (payload_offset, 7)
    );
}

fn document() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 1..600)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        roots in proptest::collection::vec(document(), 1..=ROOTS_MAX),
        revocations in proptest::option::of(document()),
        envelope in document(),
        payload in document(),
    ) {
        let bytes = bytes_of(&roots, revocations.as_deref(), &envelope, &payload).unwrap();
        let mut source = Cursor::new(&bytes);
        let bundle = BundleFile::read(&mut source).unwrap();
        let mut found = Vec::new();
        io::copy(&mut bundle.payload_reader(&mut source).unwrap(), &mut found).unwrap();
        prop_assert_eq!(found, payload);
        prop_assert_eq!(bundle.roots, roots);
        prop_assert_eq!(bundle.revocations, revocations);
        prop_assert_eq!(bundle.envelope, envelope);
        prop_assert_eq!(bundle.statement, b"word".to_vec());
    }

    /// Whatever is read is what would be written: no second form of a bundle passes.
    #[test]
    fn a_bundle_has_one_form_only(at in 0..200_usize, value in any::<u8>()) {
        let mut bytes = bytes_of(&[vec![3; 40]], Some(&[4; 30]), &[5; 50], &[6; 30]).unwrap();
        let at = at % bytes.len();
        bytes[at] = value;
        let mut source = Cursor::new(&bytes);
        if let Ok(bundle) = BundleFile::read(&mut source) {
            let parts = BundleParts {
                roots: &bundle.roots,
                revocations: bundle.revocations.as_deref(),
                statement: &bundle.statement,
                envelope: &bundle.envelope,
            };
            let mut again = Vec::new();
            let mut payload = bundle.payload_reader(&mut source).unwrap();
            write(&mut again, &parts, &mut payload, bundle.payload_len).unwrap();
            prop_assert_eq!(again, bytes);
        }
    }
}
