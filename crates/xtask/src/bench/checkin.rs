//! `cargo xtask bench checkin`: what an idle poll takes, beside a bare HTTP server on the same library.
//!
//! What is measured, and how, stands in `crates/server/benches/checkin/main.rs`.

use crate::shell;

/// Runs the bench.
///
/// # Errors
/// If it can't be built or run.
pub fn run() -> anyhow::Result<()> {
    shell::run(
        "cargo",
        &[
            "bench",
            "--quiet",
            "--locked",
            "--package",
            "mainstay-server",
            "--bench",
            "checkin",
            "--",
            "measure",
        ],
    )
}
