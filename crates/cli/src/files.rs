//! Reading and writing files for the verbs: bounded reads, whole writes, clear errors.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::draft::Draft;
use crate::failure::Failure;

/// Opens a file that is read piece by piece.
pub fn open(path: &Path, what: &str) -> Result<File, Failure> {
    let opened = File::open(path).map_err(|error| unreadable(path, what, &error))?;
    // A folder can be opened, and fails only when it is read, where nobody knows its path any more.
    if opened.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(unreadable(path, what, &error));
    }
    Ok(opened)
}

/// Reads a file of at most `max` bytes that must not be empty. `what` names it, as in "plan".
pub fn read(path: &Path, what: &str, max: u64) -> Result<Vec<u8>, Failure> {
    let place = path.display();
    let file = open(path, what)?;
    let mut bytes = Vec::new();
    let read = file.take(max + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(path, what, &error))?;
    if bytes.is_empty() {
        let cure = format!("give a {what} that has content");
        return Err(Failure::usage(
            format!("{what}.empty"),
            format!("{place} is empty"),
            cure,
        ));
    }
    if bytes.len() as u64 > max {
        let problem = format!("{place} has more than {max} bytes, the most that a {what} may have");
        let cure = format!("check that this is the {what} you meant");
        return Err(Failure::usage(format!("{what}.too-large"), problem, cure));
    }
    Ok(bytes)
}

/// As [`read`], for text.
pub fn read_text(path: &Path, what: &str, max: u64) -> Result<String, Failure> {
    String::from_utf8(read(path, what, max)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let problem = format!("{} isn't text: byte {at} isn't UTF-8", path.display());
        Failure::usage(
            format!("{what}.not-text"),
            problem,
            format!("give a text file as {what}"),
        )
    })
}

/// What can't be read, and why.
pub fn unreadable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    let place = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(
            format!("{what}.missing"),
            format!("there is no {what} at {place}"),
            "check the path",
        ),
        _ => Failure::usage(
            format!("{what}.unreadable"),
            format!("{place} can't be read: {error}"),
            "check that it is a file, and that you may read it",
        ),
    }
}

/// Writes a whole new file, or nothing. An existing file is never replaced.
pub fn write_new(path: &Path, what: &str, bytes: &[u8]) -> Result<(), Failure> {
    write_new_with(path, what, |file| {
        file.write_all(bytes)
            .map_err(|e| unwritable(path, what, &e))
    })
}

/// As [`write_new`], for content that `fill` writes piece by piece.
pub fn write_new_with<T>(
    path: &Path,
    what: &str,
    fill: impl FnOnce(&mut Draft) -> Result<T, Failure>,
) -> Result<T, Failure> {
    must_be_new(path, what)?;
    replace_with(path, what, fill)
}

/// Refuses a path at which there is something already.
pub fn must_be_new(path: &Path, what: &str) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let problem = format!("{} exists already", path.display());
    let cure = "choose another path, or move the old file away";
    Err(Failure::usage(format!("{what}.exists"), problem, cure))
}

/// Writes a whole file in place of an older one: a reader sees the old bytes or the new ones, and
/// after a failure the old ones stay.
pub fn replace_with<T>(
    path: &Path,
    what: &str,
    fill: impl FnOnce(&mut Draft) -> Result<T, Failure>,
) -> Result<T, Failure> {
    replace_by(Draft::create, path, what, fill)
}

/// Writes a whole file in place of an older one, for its owner alone to read. When it returns, the bytes and their name are on the disk.
pub fn replace_private(path: &Path, what: &str, bytes: &[u8]) -> Result<(), Failure> {
    replace_by(Draft::create_private, path, what, |file| {
        file.write_all(bytes)
            .map_err(|e| unwritable(path, what, &e))
    })?;
    sync_folder_of(path).map_err(|error| unwritable(path, what, &error))
}

/// Waits until the names in a file's folder are on the disk: until then, a power cut may bring the older file back.
fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    // Elsewhere a folder can't be opened, and its names are written with the files.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn replace_by<T>(
    create: fn(&Path) -> std::io::Result<Draft>,
    path: &Path,
    what: &str,
    fill: impl FnOnce(&mut Draft) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    let draft = create(&temporary).map_err(|error| unwritable(path, what, &error));
    let written = draft.and_then(|draft| write_synced(draft, path, what, fill));
    let written = written.and_then(|filled| {
        fs::rename(&temporary, path).map_err(|error| unwritable(path, what, &error))?;
        Ok(filled)
    });
    if written.is_err() {
        // Nothing half-written stays; if even that fails, the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_synced<T>(
    mut draft: Draft,
    path: &Path,
    what: &str,
    fill: impl FnOnce(&mut Draft) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let filled = fill(&mut draft)?;
    let synced = draft.finish();
    synced.map_err(|error| unwritable(path, what, &error))?;
    Ok(filled)
}

/// What can't be written, and why.
pub fn unwritable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    let problem = format!("{} can't be written: {error}", path.display());
    let cure = "check that the folder exists, and that you may write there";
    Failure::usage(format!("{what}.unwritable"), problem, cure)
}
