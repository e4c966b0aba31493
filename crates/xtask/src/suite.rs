//! The one test command: what CI runs, and what a newcomer runs.

use crate::{firmware, setup, shell, tidy};

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
    let mut tests = shell::command("cargo", &["test", "--locked", "--workspace"]);
    shell::finish(tests.env(judges::FOLDER_VARIABLE, judges::folder()))
}

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
        ];
        let features = ["--features", "mainstay-trust/rustcrypto"];
        let build = ["build", "--locked", "--target", target];
        shell::run("cargo", &[&build[..], &packages, &features].concat())?;
    }
    Ok(())
}
