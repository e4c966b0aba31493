//! The campaign over several real servers: it needs their binary beside its own program. Read [`run`].

use crate::{campaign, shell};

/// The campaign's program.
const REPLICAS: &str = "mainstay-replicas";

/// Builds the servers' binary and the campaign, both with optimisation, and runs it with these options.
///
/// # Errors
/// If they can't be built, the options make no sense, PostgreSQL isn't installed, or a promise is broken; what it found is printed before.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let build = [
        "build",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-cli",
    ];
    shell::run("cargo", &build)?;
    campaign::run(REPLICAS, options)
}
