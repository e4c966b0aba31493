//! The program behind `cargo xtask soak`: lives through seeds, and tells the story of one that breaks a promise.
//!
//! Exit code 1 means that a promise is broken, 2 that a life can't be lived at all.

use std::process::ExitCode;

use clap::Parser;
use mainstay_soak::life::Life;
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
}

fn main() -> ExitCode {
    let options = Options::parse();
    let campaign = Campaign {
        seeds: options.from..options.from.saturating_add(options.seeds),
        threads: options.threads,
        until_broken: options.until_broken,
    };
    match run(&campaign, |life| hear(life, options.tell)) {
        Ok(found) => conclude(&found),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
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
