//! The documents: what parses is exactly what would be written.

use mainstay_trust::cbor::{self, EncodeError};
use mainstay_trust::cose::Block;
use mainstay_trust::envelope::Envelope;
use mainstay_trust::manifest::{MANIFEST_BYTES_MAX, Manifest};
use mainstay_trust::signed::Signed;
use mainstay_trust::{
    BundleStatement, Digest, Document, KeyId, List, Mark, Minimum, Revocations, Root, RustCrypto,
    Schedule, Status, root_rules,
};
use minicbor::data::Type;
use minicbor::encode::write::Cursor;
use minicbor::{Decoder, Encoder};

use crate::{Fixtures, Target};

/// More than a parser's bound, so that the bound itself is tried.
const BEYOND: usize = 64;

/// For documents whose bound leaves room for post-quantum keys and signatures, which are but longer
/// strings: more than a full document without them.
const BULK: usize = 8 * 1024;

pub(crate) const CBOR: Target = Target {
    name: "cbor",
    bytes_max: BULK,
    check: check_cbor,
    seeds: |fixtures| fixtures.hex(""),
};

pub(crate) const BLOCK: Target = Target {
    name: "block",
    bytes_max: 1024,
    check: |bytes| {
        if let Ok(block) = Block::parse(bytes) {
            same(bytes, |buf| block.encode(buf));
        }
    },
    seeds: blocks,
};

pub(crate) const ENVELOPE: Target = Target {
    name: "envelope",
    bytes_max: BULK,
    check: |bytes| {
        if let Ok(envelope) = Envelope::parse(bytes) {
            same(bytes, |buf| envelope.encode(buf));
        }
    },
    seeds: |fixtures| fixtures.hex("envelope"),
};

pub(crate) const MANIFEST: Target = Target {
    name: "manifest",
    bytes_max: MANIFEST_BYTES_MAX + BEYOND,
    check: |bytes| {
        if let Ok(manifest) = Manifest::parse(bytes, Digest::ZERO) {
            same(bytes, |buf| manifest.encode(buf));
        }
    },
    seeds: |fixtures| fixtures.hex("manifest"),
};

pub(crate) const ROOT: Target = Target {
    name: "root",
    bytes_max: BULK,
    check: |bytes| {
        document::<Root<'_>>(bytes);
        if let Ok(root) = Root::parse(bytes) {
            let _ = root_rules::check(&root, &RustCrypto);
            assert!(
                root_rules::check_follows(&root, &root).is_err(),
                "a root follows itself"
            );
        }
    },
    seeds: |fixtures| payloads(fixtures, "root"),
};

pub(crate) const SIGNED: Target = Target {
    name: "signed",
    bytes_max: BULK,
    check: |bytes| {
        if let Ok(signed) = Signed::parse(bytes) {
            same(bytes, |buf| signed.encode(buf));
        }
    },
    seeds: |fixtures| [fixtures.hex("root"), fixtures.hex("status")].concat(),
};

pub(crate) const STATUS: Target = Target {
    name: "status",
    bytes_max: Status::BYTES_MAX + BEYOND,
    check: |bytes| document::<Status<'_>>(bytes),
    seeds: |fixtures| payloads(fixtures, "status"),
};

pub(crate) const REVOCATIONS: Target = Target {
    name: "revocations",
    bytes_max: Revocations::BYTES_MAX + BEYOND,
    check: |bytes| document::<Revocations<'_>>(bytes),
    seeds: |_| vec![revocations()],
};

pub(crate) const SCHEDULE: Target = Target {
    name: "schedule",
    bytes_max: Schedule::BYTES_MAX + BEYOND,
    check: |bytes| document::<Schedule>(bytes),
    seeds: |_| vec![written(&schedule())],
};

pub(crate) const BUNDLE: Target = Target {
    name: "bundle",
    bytes_max: BundleStatement::BYTES_MAX + BEYOND,
    check: |bytes| document::<BundleStatement>(bytes),
    seeds: |_| vec![written(&bundle())],
};

/// One of our own documents: what parses is exactly what would be written.
fn document<'a, D: Document<'a>>(bytes: &'a [u8]) {
    if let Ok(document) = D::parse(bytes) {
        document.sequence();
        same(bytes, |buf| document.encode(buf));
    }
}

fn written<'a>(document: &impl Document<'a>) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let length = document.encode(&mut buf).expect("a good document");
    buf.truncate(length);
    buf
}

fn revocations() -> Vec<u8> {
    let (keys, releases) = ([KeyId([1; 16]), KeyId([2; 16])], [Digest([3; 32])]);
    let minimums = [Minimum {
        class: [4; 16],
        sequence: 9,
    }];
    written(&Revocations {
        digest: Digest::ZERO,
        epoch: 1,
        seq: 5,
        issued: 1_750_000_000,
        next_update: 1_752_000_000,
        keys: List::from(&keys[..]),
        releases: List::from(&releases[..]),
        minimums: List::from(&minimums[..]),
    })
}

fn schedule() -> Schedule {
    Schedule {
        release: Digest([3; 32]),
        class: [4; 16],
        share: 2_500,
        not_before: 1_750_000_000,
        expires: 1_750_100_000,
    }
}

fn bundle() -> BundleStatement {
    BundleStatement {
        release: Digest([3; 32]),
        revocations: Mark {
            epoch: 1,
            number: 5,
        },
        issued: 1_750_000_000,
        expires: 1_750_100_000,
    }
}

/// What was read must be written as the very same bytes.
fn same(bytes: &[u8], encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>) {
    let mut written = vec![0; bytes.len()];
    let length = encode(&mut written).expect("what was read can be written in as many bytes");
    assert_eq!(
        &written[..length],
        bytes,
        "read and written again, it differs"
    );
}

/// What our check accepts, another reader takes apart without complaint, and its shortest spelling is
/// the very same bytes.
fn check_cbor(bytes: &[u8]) {
    if cbor::check(bytes, CBOR.bytes_max).is_err() {
        return;
    }
    let mut written = vec![0; bytes.len()];
    let (mut d, mut e) = (
        Decoder::new(bytes),
        Encoder::new(Cursor::new(&mut written[..])),
    );
    respell(&mut d, &mut e).expect("what was checked can be read, and fits its own size");
    assert_eq!(d.position(), bytes.len(), "something follows");
    assert_eq!(
        e.writer().position(),
        bytes.len(),
        "not the shortest spelling"
    );
    assert_eq!(written, bytes, "not the shortest spelling");
}

type Problem = Box<dyn std::error::Error>;

/// Reads one item and writes it in its shortest form.
fn respell(d: &mut Decoder<'_>, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), Problem> {
    let items = match d.datatype()? {
        Type::Array => {
            let count = d.array()?.ok_or("an array has a length")?;
            e.array(count)?;
            count
        }
        Type::Map => {
            let count = d.map()?.ok_or("a map has a length")?;
            e.map(count)?;
            2 * count
        }
        Type::Tag => {
            e.tag(d.tag()?)?;
            1
        }
        _ => return respell_leaf(d, e),
    };
    (0..items).try_for_each(|_| respell(d, e))
}

fn respell_leaf(d: &mut Decoder<'_>, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), Problem> {
    match d.datatype()? {
        Type::Bytes => e.bytes(d.bytes()?)?,
        Type::String => e.str(d.str()?)?,
        Type::Bool => e.bool(d.bool()?)?,
        Type::Null => {
            d.null()?;
            e.null()?
        }
        _ => e.int(d.int()?)?,
    };
    Ok(())
}

/// The payloads of signed documents.
pub(crate) fn payloads(fixtures: &Fixtures, word: &str) -> Vec<Vec<u8>> {
    let signed = fixtures.hex(word);
    let payload = |bytes: &Vec<u8>| Some(Signed::parse(bytes).ok()?.payload.to_vec());
    signed.iter().filter_map(payload).collect()
}

fn blocks(fixtures: &Fixtures) -> Vec<Vec<u8>> {
    let envelope = fixtures.golden("envelope");
    let mut blocks = Envelope::parse(&envelope)
        .map(|e| owned(&e.blocks))
        .unwrap_or_default();
    for name in ["root", "status"] {
        let signed = fixtures.golden(name);
        blocks.extend(
            Signed::parse(&signed)
                .map(|s| owned(&s.blocks))
                .unwrap_or_default(),
        );
    }
    blocks
}

fn owned(blocks: &List<'_, &[u8]>) -> Vec<Vec<u8>> {
    blocks.iter().map(<[u8]>::to_vec).collect()
}
