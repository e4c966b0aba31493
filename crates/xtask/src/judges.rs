//! The judges: programs by others that must accept what Mainstay makes.
//!
//! Those that come as Python packages live in one virtual environment, `target/judges`, made from
//! the pinned list `judges.txt` beside this crate. `cargo xtask test` makes it; a test that can't
//! find it fails, for a judge that wasn't asked has accepted nothing. Read [`program`] first; which
//! PostgreSQL is asked, in [`postgres`].

pub mod postgres;

use std::path::{Path, PathBuf};

/// Names the environment's folder to the tests, if it isn't `target/judges`.
pub const FOLDER_VARIABLE: &str = "MAINSTAY_JUDGES";

/// The pinned packages, one requirement with its version a line.
pub const REQUIREMENTS: &str = include_str!("../judges.txt");

/// The folder of the virtual environment.
pub fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.expect("this crate lies two folders below the root");
    std::env::var_os(FOLDER_VARIABLE).map_or_else(|| root.join("target/judges"), PathBuf::from)
}

/// The folder of its programs, for a `PATH`.
///
/// # Panics
/// If the environment isn't there.
pub fn programs() -> PathBuf {
    let programs = folder().join("bin");
    let there = programs.join("python3").exists();
    assert!(
        there,
        "{} is missing: run `cargo xtask test`",
        folder().display()
    );
    programs
}

/// The path of one of its programs, such as `imgtool`, or `python3` for a script.
///
/// # Panics
/// If it isn't there: the test that needs a judge must fail without one.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`",
        path.display()
    );
    path
}
