//! Independent programs read what we write: a COSE library, a CDDL tool, and twenty lines of Python.
//!
//! They come from the judges' environment (`cargo xtask test` makes it). They read the golden
//! documents, and refuse them with a bit flipped. The CDDL and the twenty lines are taken from the
//! pages that people read.
#![expect(
    clippy::unwrap_used,
    reason = "a test's story helpers stop where the story breaks"
)]

mod cddl;
mod cose;
mod hand;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A golden document.
fn golden(name: &str) -> Vec<u8> {
    let path = repository().join("fixtures/good/trust").join(name);
    let text = std::fs::read_to_string(path).expect(name);
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The first fenced block of this language on a page.
fn quoted(page: &str, language: &str) -> String {
    let text = std::fs::read_to_string(repository().join(page)).expect(page);
    let open = format!("```{language}\n");
    let start = text.find(&open).expect("a fenced block") + open.len();
    let end = text[start..].find("```").expect("it is closed");
    text[start..start + end].to_owned()
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// Files that a judge is handed; they vanish with the value.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn run(program: &str, arguments: &[&Path]) -> Output {
    let program = judges::program(program);
    Command::new(program).args(arguments).output().unwrap()
}

#[track_caller]
fn accepted(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn refused(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it was accepted");
    assert!(said.contains(reason), "{said}");
}
