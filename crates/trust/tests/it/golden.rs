//! Golden bytes: what is in the field must stay readable, bit for bit.
//!
//! The files in `fixtures/good/trust/` hold hexadecimal digits. To write them anew after a
//! deliberate change of format, run the test with `MAINSTAY_WRITE_GOLDEN=1`, and look at the
//! difference.

use crate::people::{
    bound_by_sha384, bundle_statement, for_two_banks, good_envelope, good_envelope_of, guardian,
    keeper, manifest, manifest_bytes, operator, pinned, revocations, root, schedule, signed,
    signed_root, signed_status, status,
};
use crate::sequel::{named, second_root, second_status};
use mainstay_trust::verify::{self, pinned_root};
use mainstay_trust::{Manifest, Primitives as _, Revocations, RustCrypto};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/good/trust")
        .join(name)
}

fn to_text(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n";
    bytes.chunks(32).map(line).collect()
}

fn from_text(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Compares with the file and returns its bytes.
fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    if std::env::var_os("MAINSTAY_WRITE_GOLDEN").is_some() {
        std::fs::write(path(name), to_text(bytes)).unwrap();
    }
    let text = std::fs::read_to_string(path(name)).expect("a golden file");
    assert_eq!(to_text(bytes), text, "{name} differs");
    from_text(&text)
}

#[test]
fn documents_are_written_as_ever_and_still_believed() {
    let bytes = golden("manifest.hex", &manifest_bytes(&manifest()));
    assert_eq!(Manifest::parse(&bytes, manifest().digest), Ok(manifest()));

    let bytes = golden("root.hex", &signed_root(&root()));
    assert_eq!(
        pinned_root(&bytes, &RustCrypto).unwrap().into_inner(),
        root().done()
    );

    let bytes = golden("envelope.hex", &good_envelope());
    let verified = verify::release(&bytes, &pinned(&root()), &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), manifest());

    let bytes = golden("status.hex", &signed_status(&status()));
    let verified = verify::status(&bytes, &pinned(&root()), &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), status());
}

/// What follows the first root, each under the one before it.
#[test]
fn a_device_grows_older_as_ever() {
    let bytes = golden("root-2.hex", &signed(&second_root().done(), &[&keeper()]));
    let first = pinned(&root());
    let second = verify::next_root(&bytes, &first, &RustCrypto).unwrap();
    assert_eq!(*second.get(), second_root().done());

    let bytes = golden("revocations.hex", &signed(&revocations(), &[&guardian()]));
    let withdrawn = verify::revocations(&bytes, &second, &RustCrypto).unwrap();
    let digest = named(&revocations());
    assert_eq!(
        *withdrawn.get(),
        Revocations {
            digest,
            ..revocations()
        }
    );

    let bytes = golden("status-2.hex", &signed_status(&second_status()));
    let verified = verify::status(&bytes, &second, &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), second_status());

    let bytes = golden("schedule.hex", &signed(&schedule(), &[&operator()]));
    let verified = verify::schedule(&bytes, &second, &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), schedule());

    let statement = signed(&bundle_statement(), &[&operator()]);
    let bytes = golden("bundle-statement.hex", &statement);
    let verified = verify::bundle_statement(&bytes, &second, &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), bundle_statement());
}

/// Bound by SHA-384, and named by SHA-256 all the same.
#[test]
fn a_release_bound_by_sha384_is_written_as_ever() {
    let manifest = bound_by_sha384();
    let bytes = golden("manifest-sha384.hex", &manifest_bytes(&manifest));
    assert_eq!(Manifest::parse(&bytes, manifest.digest), Ok(manifest));

    let bytes = golden("envelope-sha384.hex", &good_envelope_of(&manifest));
    let head = b"\x58\x35\x82\x38\x2a\x58\x30";
    assert!(bytes.windows(head.len()).any(|window| window == head));
    let verified = verify::release(&bytes, &pinned(&root()), &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), manifest);
    assert_eq!(manifest.digest, RustCrypto.digest(&framed(&manifest)));
}

/// An image for each bank, in one payload.
#[test]
fn a_release_for_two_banks_is_written_as_ever() {
    let manifest = for_two_banks();
    let bytes = golden("manifest-banks.hex", &manifest_bytes(&manifest));
    assert_eq!(Manifest::parse(&bytes, manifest.digest), Ok(manifest));

    let bytes = golden("envelope-banks.hex", &good_envelope_of(&manifest));
    let verified = verify::release(&bytes, &pinned(&root()), &RustCrypto).unwrap();
    assert_eq!(verified.into_inner(), manifest);
}

/// The manifest's bytes with the byte string around them.
fn framed(manifest: &Manifest<'_>) -> Vec<u8> {
    let bytes = manifest_bytes(manifest);
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x59][..], &length, &bytes].concat()
}

/// A release whose image is there too: one of the demonstration's.
#[test]
fn a_real_image_has_its_envelope() {
    let image = path("../firmware/mainstay-demo-1.1.0.bin");
    let image = std::fs::read(image).expect("an image of the demonstration");
    let manifest = Manifest {
        image_digest: RustCrypto.digest(&image),
        image_bytes: image.len().try_into().unwrap(),
        ..manifest()
    };
    let bytes = golden("demo-envelope.hex", &good_envelope_of(&manifest));
    let verified = verify::release(&bytes, &pinned(&root()), &RustCrypto).unwrap();
    assert_eq!(verified.get().image_digest, manifest.image_digest);
}
