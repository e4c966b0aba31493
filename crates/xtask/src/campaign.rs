//! The campaigns that live through much: each is a program of its own, built with optimisation.

use crate::shell;

/// Power cuts, at every flash operation of the device core.
pub const SWEEP: &str = "mainstay-sweep";
/// Whole fleets in virtual time.
pub const SOAK: &str = "mainstay-soak";
/// The rollout's statistics, canary by canary.
pub const CANARIES: &str = "mainstay-canaries";

/// Builds a campaign and runs it with these options; without any it is as short as the test command wants it.
///
/// # Errors
/// If it can't be built, the options make no sense, or a promise is broken; what it found is printed before.
pub fn run(campaign: &str, options: &[impl AsRef<str>]) -> anyhow::Result<()> {
    let options: Vec<&str> = options.iter().map(AsRef::as_ref).collect();
    shell::run("cargo", &[&cargo(campaign)[..], &options].concat())
}

/// What cargo is told, up to the campaign's own options.
pub fn cargo(campaign: &str) -> [&str; 7] {
    [
        "run",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        campaign,
        "--",
    ]
}
