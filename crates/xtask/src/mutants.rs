//! Mutation testing of `trust`: each small change to the policy must fail a test of its own crate.
//!
//! cargo-mutants makes the changes; `.cargo/mutants.toml` says which of them change nothing that can be
//! seen, and why. Whatever else survives fails the run. Most mutants fall to the quick tests, so those are
//! asked first, and the slow ones only about what is left. Read [`run`] first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, ensure};

use crate::shell;

/// The version whose mutants `.cargo/mutants.toml` speaks of.
const VERSION: &str = "27.1.0";

const PACKAGE: &str = "mainstay-trust";

/// The attack suite and the crate's own tests; foreign judges read what those have already fixed to the byte.
const TESTS: [&str; 5] = ["--locked", "--test", "hostile", "--test", "it"];

/// A mutant that no example shows rarely needs more: the properties are tried on this many cases.
const PROPERTY_CASES: &str = "24";

/// Most of the time of [`TESTS`], spent on what the others nearly always notice too.
const SLOW: [&str; 3] = [
    "bit_flips",
    "no_case_allocates",
    "the_folders_hold_what_the_stories_tell",
];

/// How cargo-mutants ends if nothing survived and a test run never ended, which is noticed by whoever waits for it.
const TIMED_OUT: i32 = 3;

/// Mutates all of `trust`, or only `file`; `jobs` mutants at a time.
///
/// # Errors
/// If the tool can't be had or the unchanged tests fail, or a mutant survives.
pub fn run(file: Option<&str>, jobs: u32) -> anyhow::Result<()> {
    let output = shell::root().join("target/mutants");
    fs::create_dir_all(&output).context("target/mutants")?;
    let lists = output.join("mutants.out");
    let pass = Pass {
        tool: tool()?,
        output,
        file,
        jobs,
    };
    let mut status = pass.ask(&[], &[&["--"], skipped().as_slice()].concat())?;
    let mut caught = listed(&lists, "caught")?.len();
    let left = listed(&lists, "missed")?.len();
    if left > 0 {
        println!("{left} left for the slow tests");
        status = pass.ask(&["--iterate"], &[])?;
        caught += listed(&lists, "caught")?.len();
    }
    report(&lists, caught)?;
    let is_whole = status.success() || status.code() == Some(TIMED_OUT);
    ensure!(is_whole, "cargo-mutants ended with {status}");
    Ok(())
}

/// The slow tests left out, as libtest takes it.
fn skipped() -> Vec<&'static str> {
    SLOW.iter().flat_map(|test| ["--skip", test]).collect()
}

/// What two runs of cargo-mutants have in common.
struct Pass<'a> {
    tool: PathBuf,
    /// Where its lists go.
    output: PathBuf,
    file: Option<&'a str>,
    jobs: u32,
}

impl Pass<'_> {
    /// One run with `options` of cargo-mutants and `more` after the arguments of `cargo test`.
    fn ask(&self, options: &[&str], more: &[&str]) -> anyhow::Result<ExitStatus> {
        let mut mutants = Command::new(&self.tool);
        mutants.current_dir(shell::root());
        mutants.args(["mutants", "--package", PACKAGE, "--no-shuffle"]);
        mutants.arg("--jobs").arg(self.jobs.to_string());
        mutants.arg("--output").arg(&self.output).args(options);
        if let Some(file) = self.file {
            mutants.args(["--file", file]);
        }
        mutants.arg("--").args(TESTS).args(more);
        mutants.env("PROPTEST_CASES", PROPERTY_CASES);
        // That a property fails is all that is asked, and not by what smallest example.
        mutants.env("PROPTEST_MAX_SHRINK_ITERS", "0");
        // Half as long to run and hardly longer to build: the properties outlast the compiler.
        mutants.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        println!(
            "\n$ cargo mutants --package {PACKAGE} {}",
            options.join(" ")
        );
        mutants.status().context("cargo-mutants can't be started")
    }
}

/// Prints what became of all mutants, and names those that weren't caught.
///
/// # Errors
/// If one survived.
fn report(lists: &Path, caught: usize) -> anyhow::Result<()> {
    let endless = listed(lists, "timeout")?;
    let survivors = listed(lists, "missed")?;
    println!("figure mutants_caught {caught} mutants");
    println!("figure mutants_endless {} mutants", endless.len());
    println!("figure mutants_missed {} mutants", survivors.len());
    // Endless ones are named too: a slow machine looks the same.
    let named = |word: &str, list: &[String]| {
        for mutant in list {
            println!("{word}: {mutant}");
        }
    };
    named("ENDLESS", &endless);
    named("SURVIVED", &survivors);
    ensure!(
        survivors.is_empty(),
        "{} mutant(s) survived: write the test that each lacks",
        survivors.len()
    );
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
