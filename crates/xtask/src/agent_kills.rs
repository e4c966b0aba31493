//! The Linux agent's power, cut at many random points of an update; a short form runs in every test run.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::{setup, shell};

/// Say how many points, drawn from which seed, and which update alone, to `crates/agent/tests/it/kills/mod.rs`.
const POINTS: &str = "MAINSTAY_AGENT_KILLS";
const SEED: &str = "MAINSTAY_AGENT_KILLS_SEED";
const ONLY: &str = "MAINSTAY_AGENT_KILLS_ONLY";
/// Says to `crates/agent/tests/it/bench.rs` which agent is tried.
const AGENT: &str = "MAINSTAY_AGENT";

/// Cuts the power of the agent's release build so often; prints `figure NAME NUMBER UNIT` lines.
///
/// # Errors
/// If a claim is broken (the update and its seed are named), or this machine mounts no files.
pub fn run(points: u32, seed: u64, only: Option<u32>) -> anyhow::Result<()> {
    // Before anything is built; the tests find out for certain.
    ensure!(
        setup::is_root()
            && shell::command("losetup", &["--find"])
                .output()?
                .status
                .success(),
        "agent-kills must be root on a machine with loop devices: it mounts a copy of what a disk was handed"
    );
    let mut cargo = tests("kills::whenever", &release()?);
    cargo.env(POINTS, points.to_string());
    cargo.env(SEED, seed.to_string());
    if let Some(only) = only {
        cargo.env(ONLY, only.to_string());
    }
    shell::finish(&mut cargo)
}

/// Builds the agent as the guide says, alone, so that no test's features are in it; returns where it is.
///
/// # Errors
/// If it can't be built.
pub fn release() -> anyhow::Result<PathBuf> {
    let build = ["build", "--locked", "--release", "-pmainstay-agent"];
    shell::run("cargo", &build)?;
    let target = cargo_metadata::MetadataCommand::new()
        .no_deps()
        .current_dir(shell::root())
        .exec()
        .context("where cargo builds")?
        .target_directory;
    Ok(target.join("release/mainstay-agent").into())
}

/// The tests of the agent of this name, which try that agent.
pub fn tests(name: &str, agent: &std::path::Path) -> std::process::Command {
    let test = ["test", "--locked", "-pmainstay-agent", "--test", "it"];
    let one = ["--", "--nocapture", name];
    println!("\n$ cargo {} {}", test.join(" "), one.join(" "));
    let mut cargo = shell::command("cargo", &[&test[..], &one].concat());
    cargo.env(AGENT, agent);
    cargo
}
