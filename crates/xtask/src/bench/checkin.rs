//! `cargo xtask bench checkin`: what an idle poll takes, beside a bare HTTP server on the same library and a server by others.
//!
//! What is measured, and how, stands in `crates/server/benches/checkin/main.rs`; what came of it, in `docs/sizing.md`.

use crate::{setup, shell};

/// Runs the bench.
///
/// # Errors
/// If it can't be built or run, or PostgreSQL can't be had.
pub fn run() -> anyhow::Result<()> {
    let goosebit = setup::checkin_peers()?;
    let python = goosebit.map(|python| python.display().to_string());
    let bench = [
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-server",
        "--bench",
        "checkin",
        "--",
        "measure",
    ];
    let words: Vec<&str> = bench.into_iter().chain(python.as_deref()).collect();
    shell::run("cargo", &words)
}
