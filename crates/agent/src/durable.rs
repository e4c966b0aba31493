//! Files that are there whole or not at all, and stay: written beside, synced, renamed, and the folder synced.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::fault::Fault;

/// The id of the fault that a file with more than its bytes is.
pub const TOO_LARGE: &str = "agent.file-too-large";

/// Puts `bytes` at `path` for good. A power cut leaves what was there before, or all of `bytes`.
///
/// # Errors
/// If the file system fails.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let beside = path.with_extension("new");
    put(&beside, bytes).map_err(|error| Fault::io("write", &beside, &error))?;
    rename(&beside, path)
}

/// The same, for what nobody but the agent's user may read, at no moment.
///
/// # Errors
/// If the file system fails.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let beside = path.with_extension("new");
    // What an attempt before it left has the mode that it has.
    remove(&beside)?;
    put_secret(&beside, bytes).map_err(|error| Fault::io("write", &beside, &error))?;
    rename(&beside, path)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn put_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames for good, within one folder.
///
/// # Errors
/// If the file system fails.
pub fn rename(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::rename(from, to).map_err(|error| Fault::io("rename to", to, &error))?;
    sync_folder_of(to)
}

/// Removes a file for good; one that isn't there is removed already.
///
/// # Errors
/// If the file system fails.
pub fn remove(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // A file system that can't be written to says no more than that, also of a file that isn't there.
        Err(_) if matches!(path.try_exists(), Ok(false)) => Ok(()),
        Err(error) => Err(Fault::io("remove", path, &error)),
    }
}

/// Makes one folder, with this mode whatever the agent's umask: the packaged unit's keeps everybody else out of all that
/// the agent makes, also out of what is for others.
///
/// # Errors
/// If the file system fails, or something is there already.
pub fn make_folder(path: &Path, mode: u32) -> Result<(), Fault> {
    fs::create_dir(path).map_err(|error| Fault::io("make", path, &error))?;
    set_mode(path, mode)
}

/// Makes a folder and those that lead to it, as [`make_folder`] does. What is there stays as it is.
///
/// # Errors
/// If the file system fails.
pub fn make_folders(path: &Path, mode: u32) -> Result<(), Fault> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folders(parent, mode)?;
    }
    make_folder(path, mode)
}

/// Sets the mode of what lies there.
///
/// # Errors
/// If the file system fails.
pub fn set_mode(path: &Path, mode: u32) -> Result<(), Fault> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|error| Fault::io("set the mode of", path, &error))
}

/// Makes what happened to the names in the folder of `path` last.
///
/// # Errors
/// If the file system fails.
pub fn sync_folder_of(path: &Path) -> Result<(), Fault> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Fault::io("sync", folder, &error))
}

/// All bytes of a file; none if it isn't there.
///
/// # Errors
/// If the file system fails, or it has more than `bytes_max`.
pub fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::io("open", path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::io("read", path, &error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(Fault::new(
            TOO_LARGE,
            format!("{} has more than {bytes_max} bytes", path.display()),
            "Put back what belongs there; the agent never writes so much.",
        ));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record");
        assert_eq!(read(&path, 9).expect("reads"), None);
        write(&path, b"one").expect("writes");
        write(&path, b"two").expect("writes");
        assert_eq!(read(&path, 3).expect("reads").as_deref(), Some(&b"two"[..]));
        assert_eq!(read(&path, 2).unwrap_err().id, TOO_LARGE);
        let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(names.len(), 1, "nothing is left beside it");
        remove(&path).expect("removes");
        remove(&path).expect("is gone");
    }

    #[test]
    fn a_folder_that_isnt_there_is_named() {
        let fault = write(Path::new("/nonexistent/record"), b"x").unwrap_err();
        assert!(fault.what.contains("/nonexistent/record"), "{fault}");
    }
}
