//! Runs other programs from the repository's root and says which one failed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
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

/// Where programs are that only an administrator's `PATH` names, on Debian.
const FOR_ADMINISTRATORS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Whether a file is there, named by its whole path; or else whether a program of this name can be started. It isn't
/// started for that: there are servers that take any question for a wish to serve, and never end.
pub fn exists(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = FOR_ADMINISTRATORS.map(PathBuf::from);
    is_in(std::env::split_paths(&path).chain(others), program)
}

fn is_in(folders: impl IntoIterator<Item = PathBuf>, program: &str) -> bool {
    let mut folders = folders.into_iter();
    folders.any(|folder| can_be_started(&folder.join(program)))
}

/// Whether this is a file that somebody may execute.
fn can_be_started(file: &Path) -> bool {
    let mode = |file: fs::Metadata| file.permissions().mode();
    file.metadata()
        .is_ok_and(|file| file.is_file() && mode(file) & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of those that were once asked for their version served instead, until somebody ended it.
    #[test]
    fn a_program_is_found_without_being_started_and_what_nobody_may_start_is_none() {
        let folder = std::env::temp_dir().join(format!("mainstay-found-{}", std::process::id()));
        fs::create_dir_all(folder.join("a-folder")).expect("room for a folder");
        let [server, page] = ["server", "page"].map(|name| folder.join(name));
        fs::write(&server, "#!/bin/sh\ntouch \"$0.was-started\"\nsleep 600\n").expect("room");
        fs::write(&page, "not a program").expect("room");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&server, everybody).expect("its owner may");
        let found = ["server", "page", "a-folder", "missing"]
            .map(|name| is_in(["/nowhere".into(), folder.clone()], name));
        let was_started = folder.join("server.was-started").exists();
        let by_path = [&server, &page].map(|file| exists(&file.display().to_string()));
        fs::remove_dir_all(folder).expect("an own folder");
        assert_eq!(found, [true, false, false, false]);
        assert!(!was_started, "it is only looked for");
        assert_eq!(
            by_path, [true; 2],
            "a file that is asked for need not be a program"
        );
        assert!(exists("sh") && !exists("mainstay-no-such-program"));
    }
}
