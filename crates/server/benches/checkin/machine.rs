//! On what is measured, and how busy that is: figures without it say nothing. Read [`print`].

use std::fs;

/// A machine with more to do than this, before the bench begins, takes processor time away from servers and from whoever asks.
const BUSY: f64 = 0.5;

/// Prints which machine it is, and what else it does.
///
/// # Errors
/// If `/proc` can't be read.
pub fn print() -> anyhow::Result<()> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let kinds = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name"));
    let kind = kinds.clone().next().unwrap_or("of a kind that isn't told");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!(
        "machine: {} processors {}, Linux {}",
        kinds.count(),
        kind.trim_start_matches(['\t', ' ', ':']),
        kernel.trim()
    );
    let load = print_load()?;
    if load > BUSY {
        println!(
            "*** the machine is busy with other things (load {load}): costs on the processor and their ratios can be compared, \
             answers a second and waits are worse than they would be"
        );
    }
    Ok(())
}

/// Prints and returns how many processes have wanted to run at a time, over the last minute.
///
/// # Errors
/// As [`print`].
pub fn print_load() -> anyhow::Result<f64> {
    let load = fs::read_to_string("/proc/loadavg")?;
    println!("load average: {}", load.trim());
    Ok(load.split(' ').next().unwrap_or("").parse()?)
}
