//! The fuzzing campaign: every target of `crates/fuzz` under libFuzzer, guided by coverage.
//!
//! It needs neither a nightly compiler nor cargo-fuzz: coverage counters are an LLVM pass that the
//! stable compiler can be asked for, and our own code has no `unsafe` for which a sanitizer would be
//! worth a second compiler. (Whoever has both can run `cargo fuzz run NAME`; the folder is laid out for
//! it.) Finds stay in `fuzz/corpus`, so that the next campaign starts where this one ended. Read
//! [`run`] first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::{setup, shell};

/// What cargo-fuzz passes too: counters at every edge, and the operands of comparisons.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// No input may take longer. The slowest honest one, a root with 32 keys, takes milliseconds.
const TIMEOUT_S: u32 = 10;

/// No target may need more memory: libFuzzer itself takes some hundred megabytes for its tables.
const RSS_MB_MAX: u32 = 1024;

/// A target as `mainstay-fuzz` lists it.
struct Target {
    name: String,
    bytes_max: u32,
}

/// What a run of one target came to.
struct Outcome {
    executions: u64,
    peak_rss_mb: u64,
    is_clean: bool,
}

/// Runs the targets, or `only` one, for `minutes` in total, one after the other on one core.
///
/// # Errors
/// If the programs can't be built, no target has that name, or any input crashed, hung or took too much
/// memory; the reproducers are named before.
pub fn run(minutes: u32, only: Option<&str>) -> anyhow::Result<()> {
    if !shell::exists("c++") {
        setup::install(&["g++"]).context("libFuzzer is C++, and needs a compiler for it")?;
    }
    let targets: Vec<Target> = seeded()?
        .into_iter()
        .filter(|target| only.is_none_or(|name| name == target.name))
        .collect();
    ensure!(
        !targets.is_empty(),
        "no target is called {}",
        only.unwrap_or("anything")
    );
    let programs = build(only)?;
    let seconds = u64::from(minutes) * 60 / targets.len() as u64;
    let mut total = 0;
    let mut failed = Vec::new();
    for target in &targets {
        let outcome = campaign(target, &programs, seconds.max(1))?;
        println!(
            "figure fuzz_{}_execs {} runs",
            target.name, outcome.executions
        );
        println!(
            "figure fuzz_{}_peak_rss {} MB",
            target.name, outcome.peak_rss_mb
        );
        total += outcome.executions;
        if !outcome.is_clean {
            failed.push(target.name.as_str());
        }
    }
    println!("figure fuzz_total_execs {total} runs");
    ensure!(failed.is_empty(), "found something: {}", failed.join(", "));
    println!(
        "{} target(s): no crash, no hang, memory within {RSS_MB_MAX} MB",
        targets.len()
    );
    Ok(())
}

fn folder() -> PathBuf {
    shell::root().join("fuzz")
}

/// Writes every target's seeds into its corpus, and lists the targets.
fn seeded() -> anyhow::Result<Vec<Target>> {
    println!("\n$ cargo run --package mainstay-fuzz -- fuzz/corpus");
    let seeding = [
        "run",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-fuzz",
        "--",
        "fuzz/corpus",
    ];
    let output = shell::command("cargo", &seeding)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the seeds can't be written");
    let text = String::from_utf8(output.stdout).context("the list of targets")?;
    text.lines().map(read_target).collect()
}

/// A line `target NAME BYTES_MAX`.
fn read_target(line: &str) -> anyhow::Result<Target> {
    let ["target", name, bytes_max] = line.split(' ').collect::<Vec<_>>()[..] else {
        bail!("not a line about a target: {line:?}");
    };
    Ok(Target {
        name: name.to_owned(),
        bytes_max: bytes_max.parse().context("a target's size")?,
    })
}

/// Builds the programs, and returns the folder that they are in.
fn build(only: Option<&str>) -> anyhow::Result<PathBuf> {
    println!("\n$ cargo build --release (in fuzz/, with coverage counters)");
    let host = host()?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(folder())
        .args(["build", "--release", "--locked"]);
    // Naming the target keeps the counters out of build scripts, which have nobody to count for.
    cargo.args(["--target-dir", "target", "--target", &host]);
    match only {
        Some(name) => cargo.args(["--bin", name]),
        None => cargo.arg("--bins"),
    };
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    shell::finish(&mut cargo)?;
    Ok(folder().join("target").join(host).join("release"))
}

fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc names its host")
}

fn campaign(target: &Target, programs: &Path, seconds: u64) -> anyhow::Result<Outcome> {
    let name = &target.name;
    let finds = folder().join("artifacts").join(name);
    fs::create_dir_all(&finds).with_context(|| finds.display().to_string())?;
    let log = finds.with_extension("log");
    println!(
        "\n{name}: {seconds} s, inputs up to {} bytes",
        target.bytes_max
    );
    let program = programs.join(name);
    let status = Command::new(&program)
        .arg(folder().join("corpus").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", target.bytes_max))
        .arg(format!("-timeout={TIMEOUT_S}"))
        .arg(format!("-rss_limit_mb={RSS_MB_MAX}"))
        .arg(format!("-artifact_prefix={}/", finds.display()))
        .arg("-print_final_stats=1")
        .stdout(File::create(&log)?)
        .stderr(File::options().append(true).open(&log)?)
        .status()
        .with_context(|| program.display().to_string())?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        explain(&program, &said, &log);
    }
    Ok(Outcome {
        executions: statistic(&said, "number_of_executed_units"),
        peak_rss_mb: statistic(&said, "peak_rss_mb"),
        is_clean: status.success(),
    })
}

/// Says what was found, where it lies, and how to see it again.
fn explain(program: &Path, said: &str, log: &Path) {
    let telling = |line: &&str| line.contains("panicked") || line.starts_with("SUMMARY");
    said.lines()
        .filter(telling)
        .for_each(|line| println!("FOUND: {line}"));
    match said
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))
    {
        Some((_, input)) => println!("FOUND: run it again with\n  {} {input}", program.display()),
        None => println!("FOUND: no input was kept; see {}", log.display()),
    }
}

/// A line `stat::NAME: NUMBER` of libFuzzer's last words.
fn statistic(said: &str, name: &str) -> u64 {
    let value = |line: &str| {
        let rest = line.strip_prefix("stat::")?.strip_prefix(name)?;
        rest.strip_prefix(':')?.trim().parse().ok()
    };
    said.lines().find_map(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_read() {
        let said = "Done 9 runs\nstat::number_of_executed_units: 41234\nstat::peak_rss_mb:  87\n";
        assert_eq!(statistic(said, "number_of_executed_units"), 41234);
        assert_eq!(statistic(said, "peak_rss_mb"), 87);
        assert_eq!(statistic(said, "peak"), 0);
    }

    #[test]
    fn a_list_of_targets_is_read_or_refused() {
        let target = read_target("target cbor 4160").expect("a good line");
        assert_eq!((target.name.as_str(), target.bytes_max), ("cbor", 4160));
        for bad in ["", "target cbor", "target cbor many", "cbor 4160"] {
            assert!(read_target(bad).is_err(), "{bad:?}");
        }
    }
}
