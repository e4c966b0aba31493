//! Mutation testing of `trust`: each small change to the policy must fail a test of its own crate.
//!
//! cargo-mutants makes the changes; `.cargo/mutants.toml` says which of them change nothing that can be
//! seen, and why. Whatever else survives fails the run. Read [`run`] first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::shell;

/// The version whose mutants `.cargo/mutants.toml` speaks of.
const VERSION: &str = "27.1.0";

const PACKAGE: &str = "mainstay-trust";

/// The attack suite and the crate's own tests; foreign judges read what those have already fixed to the byte.
const TESTS: [&str; 5] = ["--locked", "--test", "hostile", "--test", "it"];

/// A mutant that no example shows rarely needs more: the properties are tried on this many cases.
const PROPERTY_CASES: &str = "24";

/// What can become of a mutant, by the files in which cargo-mutants lists them.
const FATES: [&str; 4] = ["caught", "missed", "timeout", "unviable"];

/// Mutates all of `trust`, or only `file`; `jobs` mutants at a time.
///
/// # Errors
/// If the tool can't be had or the unchanged tests fail, or a mutant survives.
pub fn run(file: Option<&str>, jobs: u32) -> anyhow::Result<()> {
    let tool = tool()?;
    let output = shell::root().join("target/mutants");
    fs::create_dir_all(&output).context("target/mutants")?;
    let mut mutants = Command::new(tool);
    mutants.current_dir(shell::root());
    mutants.args(["mutants", "--package", PACKAGE, "--no-shuffle"]);
    mutants.arg("--jobs").arg(jobs.to_string());
    mutants.arg("--output").arg(&output);
    if let Some(file) = file {
        mutants.args(["--file", file]);
    }
    mutants.arg("--").args(TESTS);
    mutants.env("PROPTEST_CASES", PROPERTY_CASES);
    // That a property fails is all that is asked, and not by what smallest example.
    mutants.env("PROPTEST_MAX_SHRINK_ITERS", "0");
    // Half as long to run and hardly longer to build: the properties outlast the compiler.
    mutants.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    println!("\n$ cargo mutants --package {PACKAGE}");
    let status = mutants.status().context("cargo-mutants can't be started")?;
    let lists = output.join("mutants.out");
    let found = |fate: &str| listed(&lists, fate);
    for fate in FATES {
        println!("figure mutants_{fate} {} mutants", found(fate)?.len());
    }
    // A test run that never ends is noticed by whoever waits for it.
    let survivors = found("missed")?;
    survivors
        .iter()
        .for_each(|mutant| println!("SURVIVED: {mutant}"));
    ensure!(
        survivors.is_empty(),
        "{} mutant(s) survived: write the test that each lacks",
        survivors.len()
    );
    ensure!(status.success(), "cargo-mutants ended with {status}");
    Ok(())
}

fn listed(lists: &Path, fate: &str) -> anyhow::Result<Vec<String>> {
    let path = lists.join(format!("{fate}.txt"));
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The pinned cargo-mutants, installed below `target/` unless it is there.
fn tool() -> anyhow::Result<PathBuf> {
    let home = shell::root().join("target/tools");
    let tool = home.join("bin/cargo-mutants");
    let there = Command::new(&tool).args(["mutants", "--version"]).output();
    if there.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(VERSION)) {
        return Ok(tool);
    }
    let home = home.to_string_lossy().into_owned();
    let install = [
        "install",
        "--locked",
        "--version",
        VERSION,
        "--root",
        &home,
        "cargo-mutants",
    ];
    shell::run("cargo", &install).context("cargo-mutants can't be installed here")?;
    Ok(tool)
}
