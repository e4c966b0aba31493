//! Chores of the people who work on Mainstay.
//!
//! Nothing here ships. Each verb is one file; read [`Verb`] for what there is.

mod agent_kills;
mod bench;
mod campaign;
mod device_footprint;
mod edges;
mod firmware;
mod footprint;
mod fuzz;
mod lanes;
mod licences;
mod microbit;
mod mutants;
mod openapi;
mod replicas;
mod settings;
mod setup;
mod shell;
mod soak_mutants;
mod statistics;
mod suite;
mod sweep_mutants;
mod test_binaries;
mod tidy;
mod timetable;
mod worse;

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
    /// Measure flash and stack of the device's verifier in QEMU, and write `docs/reference/footprint.md`.
    Footprint {
        /// Write nothing; fail if the page is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Run every parser's property under libFuzzer; finds stay in `fuzz/corpus`.
    Fuzz {
        /// For how long in total, all targets together.
        #[arg(long, default_value_t = 10)]
        minutes: u32,
        /// Only this target (a name from `fuzz/fuzz_targets`).
        #[arg(long)]
        target: Option<String>,
    },
    /// Change the trust crate in small ways and expect a test to notice each (hours; installs cargo-mutants).
    Mutants {
        /// Only this file, for example `crates/trust/src/cbor.rs`.
        #[arg(long)]
        file: Option<String>,
        /// Mutants tried at a time.
        #[arg(long, default_value_t = 1)]
        jobs: u32,
    },
    /// Cut the power of simulated devices at every flash operation, and look whether they keep their promises.
    Sweep {
        /// Change the device core for the worse, in a copy, and expect the sweep to notice each time.
        #[arg(long, exclusive = true)]
        mutants: bool,
        /// What the sweep itself takes: `--full`, `--scenario NAME`, `--seed N` and more; see `-- --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Live through whole fleets in virtual time, by seeds; a seed that breaks a promise tells its story.
    Soak {
        /// Break seven rules, one at a time and in a copy, and expect the soak to notice each.
        #[arg(long, exclusive = true)]
        mutants: bool,
        /// What the soak itself takes: `--seeds N`, `--from SEED`, `--tell` and more; see `-- --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Kill real servers that share one PostgreSQL, again and again, under thousands of devices.
    Replicas {
        /// What the campaign itself takes: `--devices N`, `--seconds N`, `--seed N`, `--short`; see `-- --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Live through thousands of simulated canaries, good and bad, and count how they end.
    Statistics {
        /// Canaries for each row and each of its two releases.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        canaries: u32,
        /// The same for each row of soft signals and of silence, which take ten times as long; as many if left out.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        soft_canaries: Option<u32>,
        /// What all chance follows from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Remake the tables of `docs/concepts/statistics.md`.
        #[arg(long)]
        write: bool,
    },
    /// Remake the table of the server's settings in `docs/running-the-server.md`; every test run compares it.
    Settings,
    /// Remake `docs/api/openapi.json`, the operator API as an OpenAPI document; every test run compares it.
    Openapi,
    /// Measure Mainstay, against other programs where there are such; prints `figure NAME NUMBER UNIT` lines.
    Bench {
        /// What to measure.
        #[arg(value_enum)]
        what: bench::Bench,
        /// How many devices a fleet has, instead of a million.
        #[arg(long)]
        devices: Option<u32>,
    },
    /// Stop a micro:bit in QEMU at random moments of its updates; it must always come back.
    Microbit {
        /// How many stops.
        #[arg(long, default_value_t = 50)]
        stops: u32,
    },
    /// Cut the power of the Linux agent at random points of an update; it must always go on (root, loop devices).
    AgentKills {
        /// How many points.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        points: u32,
        /// What the points are drawn from.
        #[arg(long, default_value_t = 4)]
        seed: u64,
        /// Only the update of this number.
        #[arg(long)]
        only: Option<u32>,
    },
    /// Ask the public advisory database about every dependency (needs cargo-deny and a network).
    Audit,
}

fn main() -> anyhow::Result<()> {
    match Chores::parse().verb {
        Verb::Test { no_setup } => suite::run(!no_setup),
        Verb::Tidy => tidy::run(),
        Verb::Firmware { check } => firmware::run(check),
        Verb::Footprint { check } => footprint::run(check),
        Verb::Fuzz { minutes, target } => fuzz::run(minutes, target.as_deref()),
        Verb::Mutants { file, jobs } => mutants::run(file.as_deref(), jobs),
        Verb::Sweep { mutants: true, .. } => sweep_mutants::run(),
        Verb::Sweep { options, .. } => campaign::run(campaign::SWEEP, &options),
        Verb::Soak { mutants: true, .. } => soak_mutants::run(),
        Verb::Soak { options, .. } => campaign::run(campaign::SOAK, &options),
        Verb::Replicas { options } => replicas::run(&options),
        Verb::Statistics {
            canaries,
            soft_canaries,
            seed,
            write,
        } => statistics::run(canaries, soft_canaries, seed, write),
        Verb::Settings => settings::run(),
        Verb::Openapi => openapi::run(),
        Verb::Bench { what, devices } => what.run(devices),
        Verb::Microbit { stops } => microbit::run(stops),
        Verb::AgentKills { points, seed, only } => agent_kills::run(points, seed, only),
        Verb::Audit => licences::audit(),
    }
}
