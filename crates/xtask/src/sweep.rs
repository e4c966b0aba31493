//! The power-cut campaign over the device core: `crates/sweep`, built with optimisation.

use crate::shell;

/// Runs the campaign with these options; without any it takes under three minutes on two cores.
///
/// # Errors
/// If it can't be built, the options make no sense, or an invariant is broken; what it found is printed before.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let cargo = [
        "run",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-sweep",
        "--",
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    shell::run("cargo", &[&cargo[..], &options].concat())
}
