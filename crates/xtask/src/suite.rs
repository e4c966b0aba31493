//! The one test command: what CI runs, and what a newcomer runs.

use crate::{campaign, firmware, footprint, setup, shell, statistics, tidy};

/// Runs every check, cheapest first, and stops at the first that fails.
///
/// # Errors
/// The first check that fails.
pub fn run(install: bool) -> anyhow::Result<()> {
    if install {
        setup::run()?;
    }
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    tidy::run()?;
    shell::run(
        "cargo",
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-Dwarnings",
        ],
    )?;
    microcontroller_builds()?;
    firmware::run(true)?;
    footprint::run(true)?;
    let briefly: [&str; 0] = [];
    campaign::run(campaign::SWEEP, &briefly)?;
    statistics::run(statistics::SHORT, None, 1, false)?;
    campaign::run(campaign::SOAK, &briefly)?;
    let mut tests = shell::command("cargo", &["test", "--locked", "--workspace"]);
    shell::finish(tests.env(judges::FOLDER_VARIABLE, judges::folder()))
}

/// The features of crate `trust` with which a device checks more than ESP256. Each must build alone.
const ALGORITHM_FEATURES: [&str; 5] = ["ed25519", "p384", "ml-dsa", "lms", "every-algorithm"];

/// The device side must compile for a Cortex-M0 with neither `std` nor `alloc`.
fn microcontroller_builds() -> anyhow::Result<()> {
    for target in setup::TARGETS {
        if !setup::has_target(target) {
            setup::loud(&format!("the device crates were NOT built for {target}"));
            continue;
        }
        let packages = [
            "-pmainstay-trust",
            "-pmainstay-protocol",
            "-pmainstay-device",
            "-pmainstay-smp",
            "-pmainstay-serial",
        ];
        let build = ["build", "--locked", "--target", target];
        let features = ["--features", "mainstay-trust/rustcrypto"];
        shell::run("cargo", &[&build[..], &packages, &features].concat())?;
        for algorithm in ALGORITHM_FEATURES {
            let alone = ["-pmainstay-trust", "--features", algorithm];
            shell::run("cargo", &[&build[..], &alone].concat())?;
        }
    }
    Ok(())
}
