//! Looks an archive through before anything is made of it: every header, and nothing of what lies between them.
//!
//! What a library would read into memory whole is bounded here, and what must not be made is refused while nothing was
//! made yet: anything but folders, plain files and links, and files that run with somebody else's rights.

use std::fs::File;
use std::io;
use std::path::Path;

use mainstay_protocol::InstallFailure;
use tar::{Archive, Entry, EntryType};

use crate::fault::Fault;

/// The most entries: twice those of a large desktop's root file system.
pub const ENTRIES_MAX: usize = 1_000_000;
/// The longest record that describes another entry, such as a long name: sixteen times Linux's longest path, and
/// little beside the memory that the agent has.
pub const RECORD_BYTES_MAX: u64 = 64 * 1024;
/// Set-user-ID and set-group-ID (chmod(2)). The packaged unit lets nobody make such files (`RestrictSUIDSGID=`), and
/// with owners left out they would all be root's.
const SET_ID_BITS: u32 = 0o6000;

/// Looks the first `length` bytes of an image through, which lies at `place`; `image` stands at its start.
///
/// # Errors
/// [`InstallFailure::ImageUnusable`] if they aren't an archive that can be unpacked; or if the disk fails.
pub fn look_through(image: &File, place: &Path, length: u64) -> Result<(), Fault> {
    let mut archive = Archive::new(image);
    let entries = archive.entries_with_seek();
    let entries = entries.map_err(|error| failed(place, &error))?;
    let mut count = 0;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| failed(place, &error))?;
        count += 1;
        if count > ENTRIES_MAX {
            return Err(unusable(&"it has too many entries"));
        }
        check(&mut entry, place, length)?;
    }
    match count {
        0 => Err(unusable(&"it has no entries")),
        _ => Ok(()),
    }
}

fn check(entry: &mut Entry<'_, &File>, place: &Path, length: u64) -> Result<(), Fault> {
    let end = entry.raw_file_position().checked_add(entry.size());
    if end.is_none_or(|end| end > length) {
        return Err(unusable(&"it is cut short"));
    }
    match entry.header().entry_type() {
        EntryType::Directory | EntryType::Regular | EntryType::Continuous => check_mode(entry),
        EntryType::Symlink | EntryType::Link => Ok(()),
        EntryType::GNULongName
        | EntryType::GNULongLink
        | EntryType::XHeader
        | EntryType::XGlobalHeader => check_record(entry, place),
        other => Err(unusable(&format_args!(
            "{} is a {other:?}, neither file, folder nor link",
            name(entry)
        ))),
    }
}

fn check_mode(entry: &Entry<'_, &File>) -> Result<(), Fault> {
    let mode = entry.header().mode().map_err(|error| unusable(&error))?;
    match mode & SET_ID_BITS {
        0 => Ok(()),
        _ => Err(unusable(&format_args!(
            "{} has mode {:o}: setuid and setgid aren't unpacked",
            name(entry),
            mode & 0o7777
        ))),
    }
}

/// A record that describes the next entry. Where it gave that one another size, this look at the headers would see
/// other entries than whoever unpacks them; and no image is so large that it takes one.
fn check_record(entry: &mut Entry<'_, &File>, place: &Path) -> Result<(), Fault> {
    if entry.size() > RECORD_BYTES_MAX {
        return Err(unusable(&format_args!(
            "a name or record in it has {} bytes, more than {RECORD_BYTES_MAX}",
            entry.size()
        )));
    }
    if entry.header().entry_type() != EntryType::XHeader {
        return Ok(());
    }
    let records = entry.pax_extensions();
    let records = records.map_err(|error| failed(place, &error))?;
    for record in records.into_iter().flatten().flatten() {
        let key = record.key_bytes();
        if key == b"size" || key.starts_with(b"GNU.sparse.") {
            return Err(unusable(&format_args!(
                "a record in it says {}: files have the size in their header, and no holes",
                String::from_utf8_lossy(key)
            )));
        }
    }
    Ok(())
}

fn name(entry: &Entry<'_, &File>) -> String {
    String::from_utf8_lossy(&entry.header().path_bytes()).into_owned()
}

/// What an archive is that can't be unpacked, for this reason.
pub(crate) fn unusable(why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        "agent.image-unusable",
        format!("the image is no archive that can be unpacked: {why}"),
        "Pack a plain tar archive of files, folders and links as the image.",
    )
    .told_as(InstallFailure::ImageUnusable)
}

/// What an error means that came up while an entry was read, or made at this place: the disk's fault, or the
/// archive's.
pub(crate) fn failed(place: &Path, error: &io::Error) -> Fault {
    match of_the_disk(error) {
        Some(cause) => Fault::io("unpack", place, &cause),
        None => unusable(error),
    }
}

/// What the system said, below what the library put around it; none if it is the archive that asks for something
/// which no disk could do.
fn of_the_disk(error: &io::Error) -> Option<io::Error> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(at) = cause {
        let code = at
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error);
        if let Some(said) = code.map(io::Error::from_raw_os_error) {
            return is_the_disks(said.kind()).then_some(said);
        }
        cause = at.source();
    }
    // Some of them the library puts into words of its own, and keeps the kind.
    is_the_disks(error.kind()).then(|| io::Error::new(error.kind(), error.to_string()))
}

/// By what it isn't: a disk has more ways to fail than there are kinds of errors, and what is taken for the archive's
/// fault costs a good image its trial.
fn is_the_disks(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    !matches!(
        kind,
        K::AlreadyExists
            | K::DirectoryNotEmpty
            | K::InvalidData
            | K::InvalidFilename
            | K::InvalidInput
            | K::IsADirectory
            | K::NotADirectory
            | K::NotFound
            | K::Other
            | K::TooManyLinks
            | K::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library makes of it: the system's own error within, or its kind and other words.
    fn wrapped(code: i32) -> [io::Error; 2] {
        let system = || io::Error::from_raw_os_error(code);
        [system(), io::Error::new(system().kind(), "in other words")]
    }

    #[test]
    fn the_disks_faults_arent_the_archives() {
        let place = Path::new("/srv/app/a.new/bin");
        for (code, id) in [
            (5, "agent.storage-failed"),
            (12, "agent.storage-failed"),
            (13, "agent.storage-read-only"),
            (28, "agent.storage-full"),
            (30, "agent.storage-read-only"),
            (17, "agent.image-unusable"),
            (20, "agent.image-unusable"),
            (36, "agent.image-unusable"),
        ] {
            for error in wrapped(code) {
                assert_eq!(failed(place, &error).id, id, "{error}");
            }
        }
        let corrupt = io::Error::other("archive header checksum mismatch");
        assert_eq!(failed(place, &corrupt).id, "agent.image-unusable");
    }
}
