//! The campaigns that live through much: each is a program of its own, built with optimisation.

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

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

/// Builds these campaigns together, so that what they share is built once; then runs each with its options.
///
/// # Errors
/// As [`run`]; the first that fails ends it.
pub fn run_all(campaigns: &[(&str, &[&str])]) -> anyhow::Result<()> {
    let mut build = vec!["build", "--release", "--quiet", "--locked"];
    for (campaign, _) in campaigns {
        build.extend(["--package", *campaign]);
    }
    shell::run("cargo", &build)?;
    let mut metadata = MetadataCommand::new();
    metadata.manifest_path(shell::root().join("Cargo.toml"));
    let metadata = metadata.no_deps().exec().context("cargo metadata")?;
    let programs = metadata.target_directory.join("release");
    for (campaign, options) in campaigns {
        shell::run(programs.join(campaign).as_str(), options)?;
    }
    Ok(())
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
