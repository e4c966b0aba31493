//! `cargo xtask bench rollout`: one step of a rollout over a million devices, and a preview of a month over a hundred
//! thousand, each in a process of its own.
//!
//! What is measured, and what it is held against, stands in `crates/rollout/benches/rollout.rs`.

use crate::shell;

/// What is measured, each with a peak of memory of its own.
const MEASURED: [&str; 2] = ["step", "preview"];

/// Runs the bench.
///
/// # Errors
/// If it can't be built or run.
pub fn run() -> anyhow::Result<()> {
    for what in MEASURED {
        shell::run(
            "cargo",
            &[
                "bench",
                "--quiet",
                "--locked",
                "--package",
                "mainstay-rollout",
                "--bench",
                "rollout",
                "--",
                what,
            ],
        )?;
    }
    Ok(())
}
