//! PyPI's `zcbor`, a CDDL tool: the golden documents are what `docs/reference/trust.md` says.

use crate::{Desk, accepted, golden, quoted, refused, run};
use std::path::Path;
use std::process::Output;

fn validate(kind: &str, document: &[u8]) -> Output {
    let desk = Desk::new();
    let schema = desk.put(
        "trust.cddl",
        quoted("docs/reference/trust.md", "cddl").as_bytes(),
    );
    // It can't open files of bytes (0.9.1), only of digits.
    let digits: String = document.iter().map(|byte| format!("{byte:02x}")).collect();
    let document = desk.put("document.cborhex", digits.as_bytes());
    let [validate, c, i, t] = ["validate", "-c", "-i", "-t"].map(Path::new);
    run(
        "zcbor",
        &[validate, c, &schema, i, &document, t, Path::new(kind)],
    )
}

#[test]
fn every_golden_document_has_its_shape() {
    for (name, kind) in [
        ("manifest.hex", "manifest"),
        ("envelope.hex", "envelope"),
        ("demo-envelope.hex", "envelope"),
        ("manifest-sha384.hex", "manifest"),
        ("envelope-sha384.hex", "envelope"),
        ("manifest-banks.hex", "manifest"),
        ("envelope-banks.hex", "envelope"),
        ("root.hex", "signed-root"),
        ("root-2.hex", "signed-root"),
        ("revocations.hex", "signed-revocations"),
        ("status.hex", "signed-status"),
        ("status-2.hex", "signed-status"),
        ("schedule.hex", "signed-schedule"),
        ("bundle-statement.hex", "signed-bundle"),
    ] {
        accepted(&validate(kind, &golden(name)));
    }
}

#[test]
fn it_tells_one_document_from_another() {
    for (name, kind) in [
        ("status.hex", "signed-root"),
        ("schedule.hex", "signed-bundle"),
        ("root.hex", "envelope"),
    ] {
        refused(&validate(kind, &golden(name)), "CddlValidationError");
    }
    let mut share = golden("schedule.hex");
    let at = share.windows(3).position(|head| head == [0x19, 0x27, 0x10]);
    share[at.unwrap() + 2] = 0x11;
    refused(&validate("signed-schedule", &share), "CddlValidationError");
}
