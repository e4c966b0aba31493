//! Whole fleets in virtual time: `crates/soak`, built with optimisation.

use crate::shell;

/// Lives through seeds as `options` say; through 200 without any, as the test command does.
///
/// # Errors
/// If it can't be built, or a promise is broken.
pub fn run(options: &[String]) -> anyhow::Result<()> {
    let mut arguments = vec![
        "run",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        "mainstay-soak",
        "--",
    ];
    arguments.extend(options.iter().map(String::as_str));
    shell::run("cargo", &arguments)
}
