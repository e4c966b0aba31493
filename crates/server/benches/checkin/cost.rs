//! What a server's process has taken of the processor and of memory, from `/proc` (proc(5)).

use std::time::Duration;
use std::{fs, process};

use anyhow::Context as _;

/// Clock ticks a second in `/proc/PID/stat`: a constant of the kernel's interface on Linux, whatever its own clock does.
const TICKS_PER_S: u64 = 100;

/// Where [`stolen`] stands in the first line of `/proc/stat`, behind its name.
const STEAL: usize = 7;

/// Time that a process, all that descend from it and live, and the ended ones of each have spent on a processor.
///
/// # Errors
/// If there is no such process.
pub fn of_family(pid: u32) -> anyhow::Result<Duration> {
    let own = processor_time(pid)?;
    let others = family(pid).into_iter().skip(1);
    // Whoever ends meanwhile is counted with its parent.
    Ok(own
        + others
            .filter_map(|one| processor_time(one).ok())
            .sum::<Duration>())
}

/// The same of whoever asks: this process, without those that it started.
///
/// # Errors
/// If `/proc` can't be read.
pub fn of_this_process() -> anyhow::Result<Duration> {
    processor_time(process::id())
}

/// Time that a process and its ended children have spent on a processor, in itself and in the kernel for it.
///
/// # Errors
/// If there is no such process.
fn processor_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    // The name, in brackets, may hold anything; fields are counted after it, from the third.
    let (_, fields) = stat
        .rsplit_once(')')
        .context("/proc/PID/stat without a name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = [11, 12, 13, 14]
        .into_iter()
        .map(|at| {
            fields
                .get(at)
                .context("short")?
                .parse::<u64>()
                .context("no number")
        })
        .sum::<anyhow::Result<u64>>()
        .context("/proc/PID/stat")?;
    Ok(Duration::from_millis(ticks * (1000 / TICKS_PER_S)))
}

/// Time in which this machine's processors had something to do and were taken away: if it is a virtual one, by others on the same host.
///
/// # Errors
/// If `/proc/stat` doesn't tell.
pub fn stolen() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let ticks = all.and_then(|all| all.split_whitespace().nth(STEAL));
    let ticks: u64 = ticks.context("/proc/stat without steal")?.parse()?;
    Ok(Duration::from_millis(ticks * (1000 / TICKS_PER_S)))
}

/// Its processes: itself and its children's children, all that live now. Servers that fork do their work there.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(parent) = family.get(at) {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = fs::read_to_string(&path).unwrap_or_default();
        family.extend(
            children
                .split_whitespace()
                .filter_map(|child| child.parse::<u32>().ok()),
        );
        at += 1;
    }
    family
}

/// Memory that a process has resident, in MiB.
///
/// # Errors
/// If there is no such process.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most that it had resident at any time, in MiB; since [`forget_peak`], if that was called.
///
/// # Errors
/// If there is no such process.
pub fn peak_mib(pid: u32) -> anyhow::Result<f64> {
    memory_mib(pid, "VmHWM:")
}

/// From now on the most that it has resident counts anew.
///
/// # Errors
/// If there is no such process, or it is somebody else's.
pub fn forget_peak(pid: u32) -> anyhow::Result<()> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

fn memory_mib(pid: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status.lines().find_map(|told| {
        told.strip_prefix(line)?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<f64>()
            .ok()
    });
    Ok(kib.with_context(|| format!("/proc/PID/status has no {line}"))? / 1024.0)
}
