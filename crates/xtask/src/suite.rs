//! The one test command: what CI runs, and what a newcomer runs.

use crate::lanes::{self, Job, Manner};
use crate::{
    campaign, firmware, footprint, setup, shell, statistics, test_binaries, tidy, timetable,
};

/// Runs every check, cheapest first, and stops at the first that fails; of the tests, all are run, whichever fail.
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
    small_processors()?;
    let canaries = statistics::SHORT.to_string();
    campaign::run_all(&[
        (campaign::SWEEP, &[]),
        (
            campaign::CANARIES,
            &["--canaries", &canaries, "--seed", "1"],
        ),
        (campaign::SOAK, &[]),
    ])?;
    tests()
}

/// What is built for microcontrollers. The two halves go on beside each other: cargo has one processor to do where a
/// whole program is optimised as one.
fn small_processors() -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let images = scope.spawn(|| firmware::run(true).and_then(|()| footprint::run(true)));
        let devices = microcontroller_builds();
        let images = images.join().expect("it doesn't panic");
        devices.and(images)
    })
}

/// Where each test binary leaves what it said.
const LOGS: &str = "target/tests";

/// Every test of the workspace, and the examples in its documentation.
fn tests() -> anyhow::Result<()> {
    let mut jobs = timetable::jobs(&test_binaries::build()?)?;
    jobs.push(Job {
        name: "examples".to_owned(),
        command: shell::command("cargo", &["test", "--locked", "--workspace", "--doc"]),
        // It takes one processor, and there are hardly any.
        manner: Manner::Waits,
    });
    lanes::run(jobs, &shell::root().join(LOGS))
}

/// The features of crate `trust` with which a device checks more than ESP256. Each must build alone.
const ALGORITHM_FEATURES: [&str; 5] = ["ed25519", "p384", "ml-dsa", "lms", "every-algorithm"];

/// The device side must compile for a Cortex-M0 with neither `std` nor `alloc`. Whether the machine code works, what
/// is built from `firmware/` shows.
fn microcontroller_builds() -> anyhow::Result<()> {
    let mut check = vec!["check", "--locked"];
    for target in setup::TARGETS {
        if setup::has_target(target) {
            check.extend(["--target", *target]);
        } else {
            setup::loud(&format!("the device crates were NOT built for {target}"));
        }
    }
    if !check.contains(&"--target") {
        return Ok(());
    }
    let packages = [
        "-pmainstay-trust",
        "-pmainstay-protocol",
        "-pmainstay-device",
        "-pmainstay-smp",
        "-pmainstay-serial",
    ];
    let features = ["--features", "mainstay-trust/rustcrypto"];
    shell::run("cargo", &[&check[..], &packages, &features].concat())?;
    for algorithm in ALGORITHM_FEATURES {
        let alone = ["-pmainstay-trust", "--features", algorithm];
        shell::run("cargo", &[&check[..], &alone].concat())?;
    }
    Ok(())
}
