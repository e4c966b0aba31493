//! Chores of the people who work on Mainstay.
//!
//! Nothing here ships. Each verb is one file; read [`Verb`] for what there is.

mod bench;
mod edges;
mod firmware;
mod licences;
mod setup;
mod shell;
mod suite;
mod tidy;

use clap::{Parser, Subcommand};

/// Chores of the people who work on Mainstay.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Chores {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what the tests need, then format check, lints, tidy and every test.
    Test {
        /// Leave the machine as it is: install nothing, fail where something is missing.
        #[arg(long)]
        no_setup: bool,
    },
    /// House rules that a compiler doesn't check: crate edges, licences, words, links.
    Tidy,
    /// Remake the fixture images from `firmware/`, or with `--check` compare them byte for byte.
    Firmware {
        /// Write nothing; fail if a rebuilt image differs from the committed one.
        #[arg(long)]
        check: bool,
    },
    /// Measure Mainstay against other programs, in one run; prints `figure NAME NUMBER UNIT` lines.
    Bench {
        /// What to measure.
        #[arg(value_enum)]
        what: bench::Bench,
    },
    /// Ask the public advisory database about every dependency (needs cargo-deny and a network).
    Audit,
}

fn main() -> anyhow::Result<()> {
    match Chores::parse().verb {
        Verb::Test { no_setup } => suite::run(!no_setup),
        Verb::Tidy => tidy::run(),
        Verb::Firmware { check } => firmware::run(check),
        Verb::Bench { what } => what.run(),
        Verb::Audit => licences::audit(),
    }
}
