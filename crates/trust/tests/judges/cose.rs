//! PyPI's `cwt`, a COSE library: every block of every document verifies, detached as it is.

use crate::{Desk, accepted, flipped, golden, refused, repository, run};
use std::path::Path;

fn verify(root: &str, kind: &str, document: &[u8]) -> std::process::Output {
    let desk = Desk::new();
    let script = repository().join("crates/trust/tests/judges/cose.py");
    let root = desk.put("root.cbor", &golden(root));
    let document = desk.put("document.cbor", document);
    run("python3", &[&script, &root, Path::new(kind), &document])
}

#[test]
fn it_verifies_both_blocks_of_an_envelope() {
    for name in ["envelope.hex", "demo-envelope.hex", "envelope-sha384.hex"] {
        let output = verify("root.hex", "envelope", &golden(name));
        assert_eq!(accepted(&output).trim(), "2 verified", "{name}");
    }
}

/// The content type is in the header, and in the external data.
#[test]
fn it_verifies_each_document_of_our_own() {
    for (root, name) in [
        ("root.hex", "root.hex"),
        ("root.hex", "root-2.hex"),
        ("root.hex", "status.hex"),
        ("root-2.hex", "status-2.hex"),
        ("root-2.hex", "revocations.hex"),
        ("root-2.hex", "schedule.hex"),
        ("root-2.hex", "bundle-statement.hex"),
    ] {
        let output = verify(root, "document", &golden(name));
        assert_eq!(accepted(&output).trim(), "1 verified", "{name}");
    }
}

#[test]
fn it_refuses_a_flipped_bit() {
    let good = golden("status.hex");
    for at in [10, good.len() - 1] {
        let output = verify("root.hex", "document", &flipped(&good, at));
        refused(&output, "Failed to verify");
    }
    let envelope = golden("envelope.hex");
    let digest = 12;
    let output = verify("root.hex", "envelope", &flipped(&envelope, digest));
    refused(&output, "Failed to verify");
}
