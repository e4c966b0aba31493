//! The micro:bit in QEMU, stopped at many random moments of its updates; a short form runs in every test run.

use crate::shell;

/// Says how many stops to `crates/rig/tests/story/stops.rs`.
const STOPS: &str = "MAINSTAY_STOPS";

/// Runs the story with so many stops; prints `figure NAME NUMBER UNIT` lines.
///
/// # Errors
/// If the device doesn't come back from one of them.
pub fn run(stops: u32) -> anyhow::Result<()> {
    let test = ["test", "--locked", "-pmainstay-rig", "--test", "story"];
    let one = ["--", "--nocapture", "stops::"];
    let mut cargo = shell::command("cargo", &[&test[..], &one].concat());
    cargo.env(judges::FOLDER_VARIABLE, judges::folder());
    shell::finish(cargo.env(STOPS, stops.to_string()))
}
