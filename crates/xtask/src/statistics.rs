//! The rollout's statistics, lived through.

use crate::campaign;

/// Where its tables stand.
const PAGE: &str = "docs/concepts/statistics.md";

/// How many canaries the test command lives through for each row: enough to see a promise broken by a factor.
pub const SHORT: u32 = 200;

/// Runs the study, and with `write` remakes the tables of its page.
///
/// # Errors
/// If it can't be built, a promise is broken, or the page can't be written.
pub fn run(
    canaries: u32,
    soft_canaries: Option<u32>,
    seed: u64,
    write: bool,
) -> anyhow::Result<()> {
    let (canaries, seed) = (canaries.to_string(), seed.to_string());
    let mut options = vec!["--canaries", &canaries, "--seed", &seed];
    let soft_canaries = soft_canaries.map(|number| number.to_string());
    if let Some(number) = &soft_canaries {
        options.extend(["--soft-canaries", number]);
    }
    if write {
        options.extend(["--write", PAGE]);
    }
    campaign::run(campaign::CANARIES, &options)
}
