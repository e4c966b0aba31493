//! `cargo xtask bench storm`: what a fleet that comes at once waits for, and what everybody else does meanwhile.
//!
//! How it is measured stands in `crates/server/benches/checkin/storm.rs`; what stands behind it, in `docs/decisions/0079-who-goes-first-when-not-everybody-can.md`.

use crate::shell;

/// Runs the bench.
///
/// # Errors
/// If it can't be built or run.
pub fn run() -> anyhow::Result<()> {
    let bench = [
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-server",
        "--bench",
        "checkin",
        "--",
        "storm",
    ];
    shell::run("cargo", &bench)
}
