//! Runs other programs from the repository's root and says which one failed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The repository's root folder: two above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("this crate lies two folders below the root")
        .to_owned()
}

/// A command that starts in the repository's root.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command to its end; its output goes where ours goes.
///
/// # Errors
/// If the program can't be started, or ends with anything but success.
pub fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    println!("\n$ {program} {}", arguments.join(" "));
    finish(&mut command(program, arguments))
}

/// As [`run`], for a command that was prepared by the caller.
///
/// # Errors
/// If the program can't be started, or ends with anything but success.
pub fn finish(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("`{name}` can't be started"))?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}

/// Whether a file is there, named by its whole path; or else whether a program answers `--version`, or `version` as
/// some spell it.
pub fn exists(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).is_file();
    }
    ["--version", "-version", "version"].iter().any(|word| {
        let output = Command::new(program).arg(word).output();
        output.is_ok_and(|output| output.status.success())
    })
}
