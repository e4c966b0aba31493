//! The program behind `cargo xtask replicas`: lives through one campaign, and tells what broke.
//!
//! Exit code 1 means that a promise is broken, 2 that the campaign can't be lived through.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mainstay_replicas::campaign::Found;
use mainstay_replicas::{Campaign, run};

/// So many broken promises of one rule are told; the rest are counted.
const TOLD_OF_EACH: usize = 20;

/// Kill real servers that share one PostgreSQL, again and again, under thousands of devices, and see whether a promise of Mainstay is ever broken.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask replicas",
    after_help = "Example: cargo xtask replicas --devices 20000 --seconds 600 --seed 1"
)]
struct Options {
    /// How many devices; 24 of them are real cores, the others are scripted.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    devices: u32,
    /// About how long the first rollout should take; the plan's budgets follow from it. All of it takes some three times as long.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(20..=86_400))]
    seconds: u64,
    /// What all chance follows from. With an odd one a person halts the bad release, else its devices do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The form that every test run lives through: 300 devices, a minute or two.
    #[arg(long, conflicts_with_all = ["devices", "seconds"])]
    short: bool,
    /// The binary `mainstay`.
    #[arg(long, value_name = "FILE", default_value = "target/release/mainstay")]
    program: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let program = match options.program.canonicalize() {
        Ok(program) => program,
        Err(error) => return failed(&anyhow::anyhow!("{}: {error}", options.program.display())),
    };
    let campaign = match options.short {
        true => Campaign::short(program, options.seed),
        false => Campaign::long(program, options.devices, options.seconds, options.seed),
    };
    let living = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let lived = living
        .map_err(anyhow::Error::from)
        .and_then(|living| living.block_on(run(&campaign)));
    match lived {
        Ok(found) => conclude(&found),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}

fn conclude(found: &Found) -> ExitCode {
    if found.broken.is_empty() {
        found.figures.iter().for_each(|line| println!("{line}"));
        return ExitCode::SUCCESS;
    }
    found.blows.iter().for_each(|blow| println!("{blow}"));
    println!("{}", found.logs);
    let mut rules: Vec<&str> = found.broken.iter().map(|broken| broken.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let of_rule: Vec<_> = found.broken.iter().filter(|it| it.rule == rule).collect();
        for broken in of_rule.iter().take(TOLD_OF_EACH) {
            println!("{broken}");
        }
        println!("BROKEN {rule}: {} times", of_rule.len());
    }
    found.figures.iter().for_each(|line| println!("{line}"));
    ExitCode::FAILURE
}
