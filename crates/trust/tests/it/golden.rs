//! Golden bytes: what is in the field must stay readable, bit for bit.
//!
//! The files in `fixtures/good/trust/` hold hexadecimal digits. To write them anew after a
//! deliberate change of format, run the test with `MAINSTAY_WRITE_GOLDEN=1`, and look at the
//! difference.

use crate::people::{
    good_envelope, manifest, manifest_bytes, pinned, root, signed_root, signed_status, status,
};
use mainstay_trust::verify::{self, pinned_root};
use mainstay_trust::{Manifest, RustCrypto};
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
