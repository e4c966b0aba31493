//! The program behind `cargo xtask sweep`: chooses sets and faults, and ends with figures.
//!
//! Exit code 1 means that an invariant is broken, 2 that the options make no sense.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser;
use mainstay_sweep::campaign::{self, Manner, Tally};
use mainstay_sweep::faults::{Faults, PlannedCut, PlannedSilence};
use mainstay_sweep::geometry::{GEOMETRIES, STRATEGIES, name_of};
use mainstay_sweep::plan::{FULL, SHORT};
use mainstay_sweep::report;
use mainstay_sweep::run::Start;
use mainstay_sweep::scenario::SCENARIOS;
use mainstay_sweep::set::Set;

/// Cuts the power of simulated devices at every flash operation, and looks whether they keep their promises.
#[derive(Parser)]
#[command(bin_name = "cargo xtask sweep")]
struct Options {
    /// Everything: every seed and length, and many more pairs and storms.
    #[arg(long)]
    full: bool,
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// Only this part, for example 1024/4 or 1024/4/ecc.
    #[arg(long)]
    geometry: Option<String>,
    /// Only this strategy: dual-bank, swap or overwrite.
    #[arg(long)]
    strategy: Option<String>,
    /// What pairs, storms and silent faults follow from; of a single run, how unstable bits read.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One run with these cuts, for example 17:weak@971,20:before; chosen by the three options above.
    #[arg(long, value_delimiter = ',')]
    cuts: Vec<PlannedCut>,
    /// One run with this silent fault, for example 12:lost.
    #[arg(long)]
    silent: Option<PlannedSilence>,
    /// Stop at the first broken run.
    #[arg(long)]
    until_broken: bool,
    /// Go on with a campaign that was stopped after so many runs, as its last line of progress says; options and
    /// seed must be the same. The figures are of the rest.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// A core in which so many runs break is broken throughout.
const FAILURES_MAX: usize = 1000;

fn main() -> ExitCode {
    match sweep(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every invariant held.
fn sweep(options: &Options) -> anyhow::Result<bool> {
    let sets = sets(options);
    ensure!(
        !sets.is_empty(),
        "no scenario, geometry or strategy is called that"
    );
    if !options.cuts.is_empty() || options.silent.is_some() {
        ensure!(
            sets.len() == 1,
            "one run needs --scenario, --geometry and --strategy"
        );
        return single(&sets[0], options);
    }
    let amount = if options.full { FULL } else { SHORT };
    let tally = campaign::run(&sets, amount, options.seed, manner(options))?;
    print(&sets, &tally);
    Ok(tally.failures == 0)
}

fn manner(options: &Options) -> Manner {
    let failures_max = if options.until_broken {
        1
    } else {
        FAILURES_MAX
    };
    Manner {
        threads: options.threads,
        failures_max,
        from: options.from,
    }
}

/// The sets that were chosen. The short form tries each scenario with each strategy on half of the parts, in turns,
/// unless a part is named.
fn sets(options: &Options) -> Vec<Set> {
    let is = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|one| one == name);
    let everything = options.full || options.geometry.is_some();
    let mut sets = Vec::new();
    for (first, scenario) in SCENARIOS.iter().enumerate() {
        for (second, strategy) in STRATEGIES.into_iter().enumerate() {
            for (third, geometry) in GEOMETRIES.into_iter().enumerate() {
                let is_its_turn = everything || (first + second + third).is_multiple_of(2);
                let is_chosen = is(&options.scenario, scenario.name)
                    && is(&options.geometry, &geometry.to_string())
                    && is(&options.strategy, name_of(strategy));
                if is_its_turn && is_chosen {
                    sets.push(Set::new(*scenario, geometry, strategy));
                }
            }
        }
    }
    sets
}

fn single(set: &Set, options: &Options) -> anyhow::Result<bool> {
    let faults = Faults {
        cuts: options.cuts.iter().map(|cut| (cut.0, cut.1)).collect(),
        silent: options.silent.map(|silent| (silent.0, silent.1)),
        seed: options.seed,
    };
    let start = Start::new(set)?;
    match start.run(&faults, true) {
        Ok(outcome) => {
            println!("{:?} after {} boots", outcome.ending, outcome.boots);
            Ok(true)
        }
        Err(failure) => {
            println!("{}", report::failure(&start, &faults, &failure));
            Ok(false)
        }
    }
}

fn print(sets: &[Set], tally: &Tally) {
    let mut names: Vec<&str> = sets.iter().map(|set| set.scenario.name).collect();
    names.dedup();
    for (name, number, unit) in [
        ("cut_points", tally.cut_points, "points"),
        ("scenarios", names.len() as u64, "scenarios"),
        ("sets", sets.len() as u64, "sets"),
        ("runs", tally.runs, "runs"),
        ("boots", tally.boots, "boots"),
        ("silent_faults", tally.silent, "runs"),
        ("given_up", tally.given_up, "runs"),
        ("stuck", tally.stuck, "runs"),
        ("broken", tally.failures as u64, "runs"),
    ] {
        println!("figure {name} {number} {unit}");
    }
}
