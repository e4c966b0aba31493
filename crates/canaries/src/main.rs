//! The program behind `cargo xtask statistics`: runs the study, and writes its tables.
//!
//! Exit code 1 means that a promise is broken, 2 that the page can't be written.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use mainstay_canaries::count::Count;
use mainstay_canaries::study::{self, Amount, Row};
use mainstay_canaries::{page, soft_study};
use mainstay_plan::Unit;

/// Live through thousands of canaries, good and bad, and count how they end.
#[derive(Parser)]
#[command(bin_name = "cargo xtask statistics")]
struct Options {
    /// Canaries for each row and each of its two releases.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    canaries: u32,
    /// The same for each row of soft signals and of silence, which take ten times as long; as many if left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    soft_canaries: Option<u32>,
    /// What all chance follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Write the tables to this page, which has a place for them.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let amount = Amount {
        canaries: options.canaries,
        seed: options.seed,
        threads: options.threads,
    };
    let rows = study::run(amount, |row| println!("{}", told(row)));
    let soft_amount = Amount {
        canaries: options.soft_canaries.unwrap_or(options.canaries),
        ..amount
    };
    let soft = soft_study::run(soft_amount, |row| println!("{}", told_soft(row)));
    figures(&rows);
    if let Some(page) = &options.write
        && let Err(error) = write(page, &rows, &soft)
    {
        eprintln!("error: {error:#}");
        return ExitCode::from(2);
    }
    let broken = [study::broken(&rows), soft_study::broken(&soft)].concat();
    broken
        .iter()
        .for_each(|sentence| eprintln!("broken: {sentence}"));
    ExitCode::from(u8::from(!broken.is_empty()))
}

fn told(row: &Row) -> String {
    let (good, bad) = (row.good.count, row.bad.count);
    format!(
        "{:<10} by {} {:>4} % / {:>2} %, {:>4} devices: good halts {:.1} %, asks {:.1} %; bad halts {:.1} %, asks {:.1} %",
        row.world.name,
        match row.rule.unit {
            Unit::Device => "device",
            Unit::Site => "site  ",
        },
        row.rule.expect,
        row.rule.halt,
        row.devices,
        good.percent(good.halts),
        good.percent(good.asks),
        bad.percent(bad.halts),
        bad.percent(bad.asks),
    )
}

fn told_soft(row: &soft_study::Row) -> String {
    let of = |(fault, count): &(u32, Count)| {
        let (halts, asks) = (count.percent(count.halts), count.percent(count.asks));
        format!("{fault} %: halts {halts:.1} %, asks {asks:.1} %")
    };
    let each: Vec<_> = row.counts.iter().map(of).collect();
    let names: Vec<_> = row.comparing.signals.iter().map(|s| s.id()).collect();
    format!(
        "{} by {} devices held back, {} silent, harm to {} %: {}",
        if row.comparing.is_quiet {
            "silence".to_owned()
        } else {
            names.join(", ")
        },
        row.comparing.devices,
        row.comparing.silent,
        row.comparing.among,
        each.join("; ")
    )
}

/// The worst of all judged rows.
fn figures(rows: &[Row]) {
    let judged = || rows.iter().filter(|row| row.is_judged());
    let worst = |share: fn(&Row) -> f64| judged().map(share).fold(0.0, f64::max);
    let false_halts = worst(|row| row.good.count.percent(row.good.count.halts));
    let missed = worst(|row| row.bad.count.percent(row.bad.count.goes_on()));
    let asked = worst(|row| {
        let (good, bad) = (row.good.count, row.bad.count);
        good.percent(good.asks).max(bad.percent(bad.asks))
    });
    println!("figure false_halt_max {false_halts:.2} %");
    println!("figure detection_min {:.2} %", 100.0 - missed);
    println!("figure asked_max {asked:.2} %");
}

fn write(page: &PathBuf, rows: &[Row], soft: &soft_study::Rows) -> anyhow::Result<()> {
    let place = || page.display().to_string();
    let text = std::fs::read_to_string(page).with_context(place)?;
    let text = page::with_tables(&text, &page::tables(rows, soft))
        .with_context(|| format!("{} has no place for the tables", place()))?;
    std::fs::write(page, text).with_context(place)
}
