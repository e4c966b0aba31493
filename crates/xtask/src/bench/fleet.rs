//! `cargo xtask bench fleet`: a million devices in a rollout, beside nginx.
//!
//! What is measured, and how, stands in `crates/server/benches/checkin/whole_fleet/mod.rs`; what came of it, in `docs/sizing.md`.

use crate::{setup, shell};

/// Runs the bench, with so many devices if that is said.
///
/// # Errors
/// If it can't be built or run.
pub fn run(devices: Option<u32>) -> anyhow::Result<()> {
    setup::nginx();
    let devices = devices.map(|devices| devices.to_string());
    let bench = [
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-server",
        "--bench",
        "checkin",
        "--",
        "fleet",
    ];
    let words: Vec<&str> = bench.into_iter().chain(devices.as_deref()).collect();
    shell::run("cargo", &words)
}
