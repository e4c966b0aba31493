//! The rollout's statistics, lived through: `crates/canaries`, built with optimisation.

use crate::shell;

/// Where its tables stand.
const PAGE: &str = "docs/concepts/statistics.md";

/// How many canaries the test command lives through for each row: enough to see a promise broken by a factor.
pub const SHORT: u32 = 200;

/// Runs the study, and with `write` remakes the tables of its page.
///
/// # Errors
/// If it can't be built, a promise is broken, or the page can't be written.
pub fn run(canaries: u32, seed: u64, write: bool) -> anyhow::Result<()> {
    let (canaries, seed) = (canaries.to_string(), seed.to_string());
    let mut arguments = vec![
        "run",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-canaries",
        "--",
        "--canaries",
        &canaries,
        "--seed",
        &seed,
    ];
    if write {
        arguments.extend(["--write", PAGE]);
    }
    shell::run("cargo", &arguments)
}
