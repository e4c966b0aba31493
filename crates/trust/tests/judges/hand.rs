//! The twenty lines of `docs/verify-by-hand.md`, with `cbor2` and `cryptography` alone.

use crate::{Desk, accepted, flipped, golden, quoted, refused, repository, run};
use std::process::Output;

/// A page's reader must be able to take the script in at one look.
const LINES_MAX: usize = 25;

const IMAGE: &str = "fixtures/good/firmware/mainstay-demo-1.1.0.bin";

fn script() -> String {
    quoted("docs/verify-by-hand.md", "python")
}

fn image() -> Vec<u8> {
    std::fs::read(repository().join(IMAGE)).unwrap()
}

fn verify(root: &[u8], envelope: &[u8], image: &[u8]) -> Output {
    let desk = Desk::new();
    let script = desk.put("verify.py", script().as_bytes());
    let root = desk.put("root.cbor", root);
    let envelope = desk.put("envelope.cbor", envelope);
    let image = desk.put("image.bin", image);
    run("python3", &[&script, &root, &envelope, &image])
}

#[test]
fn the_script_is_short() {
    let lines = script().lines().count();
    assert!(lines <= LINES_MAX, "{lines} lines");
}

#[test]
fn it_says_who_built_and_approved() {
    let output = verify(&golden("root.hex"), &golden("demo-envelope.hex"), &image());
    let said = accepted(&output);
    assert_eq!(
        said.trim(),
        "1.1.0 built by engineer@northwind.example and approved by manager@northwind.example"
    );
}

#[test]
fn it_refuses_a_flipped_bit() {
    let (root, envelope) = (golden("root.hex"), golden("demo-envelope.hex"));
    let changed = verify(&root, &envelope, &flipped(&image(), 100));
    refused(&changed, "this isn't the image");
    let last = envelope.len() - 1;
    let changed = verify(&root, &flipped(&envelope, last), &image());
    refused(&changed, "another manifest was signed");
    let signature = envelope
        .windows(3)
        .position(|head| head == [0xa0, 0xf6, 0x58]);
    let inside = signature.unwrap() + 10;
    let changed = verify(&root, &flipped(&envelope, inside), &image());
    refused(&changed, "InvalidSignature");
}

/// An attack of the suite: one of the two blocks is by nobody known.
#[test]
fn it_asks_for_both_roles() {
    let path = repository().join("fixtures/hostile/trust/any-of-build/envelope.hex");
    let text = std::fs::read_to_string(path).unwrap();
    let digits: String = text.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let envelope: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    // Its image doesn't exist, so the question is asked without that line.
    let without_image: Vec<String> = script()
        .lines()
        .filter(|line| !line.contains("this isn't the image"))
        .map(str::to_owned)
        .collect();
    let desk = Desk::new();
    let script = desk.put("verify.py", without_image.join("\n").as_bytes());
    let root = desk.put("root.cbor", &golden("root.hex"));
    let hostile = desk.put("envelope.cbor", &envelope);
    let image = desk.put("image.bin", b"");
    refused(
        &run("python3", &[&script, &root, &hostile, &image]),
        "a signature is missing",
    );
    let good = desk.put("envelope.cbor", &golden("envelope.hex"));
    accepted(&run("python3", &[&script, &root, &good, &image]));
}
