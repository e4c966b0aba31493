//! `cargo xtask bench agent`: what the Linux agent takes of a device, as the guide has it built: its binary, its
//! memory at rest, and the most of it in an update of 64 MiB from the real server, for each kind of slots.
//!
//! The memory is measured by `crates/agent/tests/it/memory.rs`, which also holds it to its goals.

use super::figure;
use crate::{agent_kills, shell};

/// Runs the bench.
///
/// # Errors
/// If the agent can't be built, an update doesn't end, or a goal is missed.
pub fn run() -> anyhow::Result<()> {
    let agent = agent_kills::release()?;
    let bytes = std::fs::metadata(&agent)?.len();
    figure(
        "agent_binary_size_mib",
        bytes as f64 / f64::from(1024 * 1024),
        "MiB",
    );
    shell::finish(&mut agent_kills::tests("memory::", &agent))
}
