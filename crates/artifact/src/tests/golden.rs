//! The bytes of one release, so that no change of ours or of a library moves them unseen.

use mainstay_trust::{RustCrypto, verify};

use super::fixture;

const ENVELOPE: &str = include_str!("golden-envelope.hex");

fn golden() -> Vec<u8> {
    hex::decode(ENVELOPE.split_whitespace().collect::<String>()).unwrap()
}

/// The fake signers sign by RFC 6979, so even the signatures are the same each time. If this
/// fails, artifacts in the field and artifacts packed now differ: raise the format, don't edit the
/// file.
#[test]
fn a_release_has_these_bytes() {
    assert_eq!(hex::encode(fixture::approved()), hex::encode(golden()));
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    assert_eq!(fixture::packed(), fixture::packed());
}

#[test]
fn the_golden_bytes_verify() {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let bytes = golden();
    let manifest = verify::release(&bytes, &root, &RustCrypto).unwrap();
    assert_eq!(manifest.get().digest, fixture::packed().manifest_digest);
    assert_eq!(manifest.get().version, "1.1.0");
}
