//! The program behind `cargo xtask soak`: lives through seeds, and tells the story of one that breaks a promise.
//!
//! Exit code 1 means that a promise is broken, 2 that a life can't be lived at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use clap::Parser;
use mainstay_soak::life::{Life, live_in};
use mainstay_soak::scenario::Scenario;
use mainstay_soak::{Campaign, Found, run};

/// Live through whole fleets in virtual time, by seeds, and see whether a promise of Mainstay is ever broken.
#[derive(Parser)]
#[command(bin_name = "cargo xtask soak")]
struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Lives at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Tell the whole story of every life, not only of those that break a promise.
    #[arg(long)]
    tell: bool,
    /// End with the first broken promise.
    #[arg(long)]
    until_broken: bool,
    /// Live through one written world instead, such as `scenarios/bad-canary.toml`, and print what happens.
    #[arg(long, value_name = "FILE", exclusive = true)]
    scenario: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(file) = &options.scenario {
        return play(file).unwrap_or_else(failed);
    }
    let campaign = Campaign {
        seeds: options.from..options.from.saturating_add(options.seeds),
        threads: options.threads,
        until_broken: options.until_broken,
    };
    match run(&campaign, |life| hear(life, options.tell)) {
        Ok(found) => conclude(&found),
        Err(error) => failed(error),
    }
}

fn failed(error: anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}

/// Prints the transcript of a scenario.
fn play(file: &Path) -> anyhow::Result<ExitCode> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let scenario = Scenario::parse(&text).with_context(|| file.display().to_string())?;
    let title = scenario.title.clone();
    let living = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let life = living.block_on(live_in(scenario.world()?, &title))?;
    for line in life.story.lines() {
        println!("{line}");
    }
    Ok(match &life.broken {
        Some(broken) => {
            eprintln!("BROKEN {}: {}", broken.rule, broken.what);
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    })
}

fn hear(life: &Life, tell: bool) {
    if !tell && life.broken.is_none() {
        return;
    }
    let lines = life.story.lines().join("\n  ");
    let hash = hex::encode(life.story.hash());
    let end = match &life.broken {
        Some(broken) => format!(
            "BROKEN seed {}: {}: {}",
            life.seed, broken.rule, broken.what
        ),
        None => format!("seed {} kept every promise", life.seed),
    };
    println!("\nseed {}, story {hash}\n  {lines}\n{end}", life.seed);
}

fn conclude(found: &Found) -> ExitCode {
    println!("figure soak_seeds {} seeds", found.lives);
    println!("figure soak_events {} events", found.events);
    println!("figure soak_broken {} seeds", found.broken.len());
    println!(
        "figure soak_canary_deviation {:.2} sigma",
        found.canary_deviation
    );
    for (seed, broken) in &found.broken {
        println!("seed {seed}: {}: {}", broken.rule, broken.what);
    }
    if found.is_clean() {
        return ExitCode::SUCCESS;
    }
    if found.broken.is_empty() {
        println!("BROKEN over all seeds: canary-not-random: their canaries prefer some devices");
    }
    ExitCode::FAILURE
}
