//! Unpacks an image that is a tar archive into a folder of its own.
//!
//! The archive was signed by two people, and is read as if it weren't: it is looked through first (`archive.rs`),
//! nothing lands outside of the folder, nothing but folders, plain files and links is made, and everything is bounded.
//!
//! All that is made belongs to the agent's user. Modes are those of the archive, whatever the agent's own umask; a
//! folder that the archive doesn't name, as well as its root, is open to everybody's eyes.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Entry, EntryType};

use crate::archive::{failed, look_through, unusable};
use crate::durable;
use crate::fault::Fault;
use crate::notify::Heard;

/// So much is unpacked before what was written goes out to the disk. All of a large image at the end would keep the agent from giving a
/// sign of life for as long as its disk takes, and systemd ends who gives none.
const SYNC_BYTES: u64 = 64 * 1024 * 1024;
/// Of a folder that the archive says nothing of.
const FOLDER_MODE: u32 = 0o755;

/// Unpacks the first `length` bytes of `image` into `folder`, which must not be there yet, and syncs it.
///
/// # Errors
/// [`InstallFailure::ImageUnusable`](mainstay_protocol::InstallFailure::ImageUnusable) if it isn't such an archive; or
/// if the file system fails.
pub fn unpack(image: &Path, length: u64, folder: &Path) -> Result<(), Fault> {
    let opened = File::open(image);
    let mut file = opened.map_err(|error| Fault::io("open", image, &error))?;
    look_through(&file, image, length)?;
    file.rewind()
        .map_err(|error| Fault::io("read", image, &error))?;
    durable::make_folder(folder, FOLDER_MODE)?;
    let mut archive = Archive::new(Synced {
        source: Heard::of(file.take(length)),
        disk: opened_folder(folder)?,
        unsynced: 0,
    });
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    let mut unpacking = Unpacking {
        folder,
        mode: FOLDER_MODE,
    };
    unpacking.all(&mut archive)?;
    // The last of all: it may forbid what was still to be made in it.
    durable::set_mode(folder, unpacking.mode)?;
    sync(folder)
}

struct Unpacking<'f> {
    folder: &'f Path,
    /// Of the folder itself.
    mode: u32,
}

impl Unpacking<'_> {
    fn all<R: Read>(&mut self, archive: &mut Archive<R>) -> Result<(), Fault> {
        let folder = self.folder;
        let entries = archive.entries().map_err(|error| failed(folder, &error))?;
        for entry in entries {
            self.one(entry.map_err(|error| failed(folder, &error))?)?;
        }
        Ok(())
    }

    fn one<R: Read>(&mut self, mut entry: Entry<'_, R>) -> Result<(), Fault> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let name = entry.path().map_err(|error| unusable(&error))?;
        let name = inside(&name)?;
        if name == Path::new("") {
            return self.root(&entry);
        }
        self.make_way_to(&name)?;
        match kind {
            EntryType::Directory
            | EntryType::Regular
            | EntryType::Continuous
            | EntryType::Symlink => {}
            EntryType::Link => {
                let to = entry.link_name().map_err(|error| unusable(&error))?;
                self.check_target(&inside(&to.unwrap_or_default())?)?;
            }
            other => return Err(unusable(&format_args!("{} is a {other:?}", name.display()))),
        }
        match entry.unpack_in(self.folder) {
            Ok(true) => Ok(()),
            Ok(false) => Err(outside(&name)),
            Err(error) => Err(failed(&self.folder.join(&name), &error)),
        }
    }

    /// The archive's word on the folder itself.
    fn root<R: Read>(&mut self, entry: &Entry<'_, R>) -> Result<(), Fault> {
        if entry.header().entry_type() == EntryType::Directory {
            self.mode = entry.header().mode().map_err(|error| unusable(&error))?;
        }
        Ok(())
    }

    /// Makes the folders that lead to an entry, where the archive didn't name them. Nothing is made behind a link, or
    /// through one.
    fn make_way_to(&self, name: &Path) -> Result<(), Fault> {
        let mut place = self.folder.to_owned();
        for part in name.parent().into_iter().flatten() {
            place.push(part);
            match found(&place)? {
                None => durable::make_folder(&place, FOLDER_MODE)?,
                Some(kind) if kind.is_dir() => {}
                Some(_) => return Err(outside(name)),
            }
        }
        match found(&self.folder.join(name))? {
            Some(kind) if kind.is_symlink() => Err(outside(name)),
            _ => Ok(()),
        }
    }

    /// Whether a hard link may lead here: to a file that was unpacked, and not by way of another link.
    fn check_target(&self, to: &Path) -> Result<(), Fault> {
        let mut place = self.folder.to_owned();
        let mut last = None;
        for part in to {
            place.push(part);
            last = found(&place)?;
            if last.is_none_or(|kind| kind.is_symlink()) {
                return Err(outside(to));
            }
        }
        match last.is_some_and(|kind| kind.is_file()) {
            true => Ok(()),
            false => Err(outside(to)),
        }
    }
}

/// What lies there, itself: a link isn't followed.
fn found(place: &Path) -> Result<Option<fs::FileType>, Fault> {
    match fs::symlink_metadata(place) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(place, &error)),
    }
}

/// A name as a path below the folder.
fn inside(name: &Path) -> Result<PathBuf, Fault> {
    let harmless = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    match name.components().all(harmless) {
        true => Ok(name
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect()),
        false => Err(outside(name)),
    }
}

fn outside(name: &Path) -> Fault {
    unusable(&format_args!(
        "{} lies outside of it, or behind something that is no folder",
        name.display()
    ))
}

/// An archive that is read only as fast as what was made of it goes out to the disk.
struct Synced<R> {
    source: R,
    /// A folder of the file system that is written to.
    disk: File,
    /// Bytes that were read since the disk had all.
    unsynced: u64,
}

impl<R: Read> Read for Synced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unsynced >= SYNC_BYTES {
            rustix::fs::syncfs(&self.disk)?;
            self.unsynced = 0;
        }
        let read = self.source.read(buffer)?;
        self.unsynced += read as u64;
        Ok(read)
    }
}

/// Makes a whole tree last: one call for its file system, instead of one for each file.
fn sync(folder: &Path) -> Result<(), Fault> {
    let handle = opened_folder(folder)?;
    rustix::fs::syncfs(handle).map_err(|error| Fault::io("sync", folder, &error.into()))
}

fn opened_folder(folder: &Path) -> Result<File, Fault> {
    File::open(folder).map_err(|error| Fault::io("sync", folder, &error))
}

#[cfg(test)]
mod tests;
