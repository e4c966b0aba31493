//! Unpacks an image that is a tar archive into a folder of its own.
//!
//! The archive was signed by two people, and is read as if it weren't: nothing lands outside of the folder,
//! nothing but folders, plain files and links is made, and everything is bounded.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use mainstay_protocol::InstallFailure;
use tar::{Archive, Entry, EntryType};

use crate::fault::Fault;
use crate::notify::Heard;

/// The most entries: twice those of a large desktop's root file system.
pub const ENTRIES_MAX: usize = 1_000_000;
/// The most bytes of all files together, in multiples of the archive's own: only holes could be more, and they
/// aren't unpacked.
const BYTES_MAX_FOR_EACH: u64 = 1;

/// Unpacks the first `length` bytes of `image` into `folder`, which must not be there yet, and syncs it.
///
/// # Errors
/// [`InstallFailure::ImageUnusable`] if it isn't such an archive; or if the file system fails.
pub fn unpack(image: &Path, length: u64, folder: &Path) -> Result<(), Fault> {
    let file = File::open(image).map_err(|error| Fault::io("open", image, &error))?;
    fs::create_dir(folder).map_err(|error| Fault::io("make", folder, &error))?;
    let mut archive = Archive::new(Heard::of(file.take(length)));
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    let mut unpacking = Unpacking {
        folder,
        links: BTreeSet::new(),
        left: length * BYTES_MAX_FOR_EACH,
    };
    unpacking.all(&mut archive)?;
    sync(folder)
}

struct Unpacking<'f> {
    folder: &'f Path,
    /// Symbolic links that were made: nothing is unpacked through one.
    links: BTreeSet<PathBuf>,
    left: u64,
}

impl Unpacking<'_> {
    fn all<R: Read>(&mut self, archive: &mut Archive<R>) -> Result<(), Fault> {
        let entries = archive.entries().map_err(|error| unusable(&error))?;
        let mut count = 0;
        for entry in entries {
            count += 1;
            if count > ENTRIES_MAX {
                return Err(unusable(&"it has too many entries"));
            }
            self.one(entry.map_err(|error| unusable(&error))?)?;
        }
        match count {
            0 => Err(unusable(&"it has no entries")),
            _ => Ok(()),
        }
    }

    fn one<R: Read>(&mut self, mut entry: Entry<'_, R>) -> Result<(), Fault> {
        let name = entry.path().map_err(|error| unusable(&error))?.into_owned();
        self.check_place(&name)?;
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::Regular | EntryType::Continuous => {}
            EntryType::Symlink => {
                self.links.insert(plain(&name));
            }
            EntryType::Link => {
                let to = entry.link_name().map_err(|error| unusable(&error))?;
                self.check_place(&to.unwrap_or_default())?;
            }
            EntryType::XGlobalHeader => return Ok(()),
            other => {
                return Err(unusable(&format_args!(
                    "{} is a {other:?}, neither file, folder nor link",
                    name.display()
                )));
            }
        }
        self.left = self
            .left
            .checked_sub(entry.size())
            .ok_or_else(|| unusable(&"its files are larger than itself"))?;
        let place = self.folder.join(plain(&name));
        if place == self.folder {
            return Ok(());
        }
        match entry.unpack_in(self.folder) {
            Ok(true) => Ok(()),
            Ok(false) => Err(outside(&name)),
            Err(error) => Err(failed(&place, &error)),
        }
    }

    /// Whether an entry lies within the folder, and not behind a link.
    fn check_place(&self, name: &Path) -> Result<(), Fault> {
        let harmless = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !name.components().all(harmless) {
            return Err(outside(name));
        }
        let name = plain(name);
        match name.ancestors().any(|part| self.links.contains(part)) {
            true => Err(outside(&name)),
            false => Ok(()),
        }
    }
}

fn plain(name: &Path) -> PathBuf {
    name.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}

fn outside(name: &Path) -> Fault {
    unusable(&format_args!("{} lies outside of it", name.display()))
}

/// An error while one entry was made: of the disk's, or of the archive's.
fn failed(place: &Path, error: &io::Error) -> Fault {
    match inner_kind(error) {
        Some(kind) => Fault::io("unpack", place, &io::Error::from(kind)),
        None => unusable(error),
    }
}

/// What the file system said, below what the library put around it.
fn inner_kind(error: &io::Error) -> Option<io::ErrorKind> {
    let disk = |kind| {
        use io::ErrorKind as K;
        matches!(
            kind,
            K::StorageFull
                | K::QuotaExceeded
                | K::FileTooLarge
                | K::ReadOnlyFilesystem
                | K::PermissionDenied
        )
    };
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(at) = cause {
        let kind = at.downcast_ref::<io::Error>().map(io::Error::kind);
        if let Some(kind) = kind.filter(|kind| disk(*kind)) {
            return Some(kind);
        }
        cause = at.source();
    }
    None
}

fn unusable(why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        "agent.image-unusable",
        format!("the image is no archive that can be unpacked: {why}"),
        "Pack a plain tar archive of files, folders and links as the image.",
    )
    .told_as(InstallFailure::ImageUnusable)
}

/// Makes a whole tree last: one call for its file system, instead of one for each file.
fn sync(folder: &Path) -> Result<(), Fault> {
    let failed = |error| Fault::io("sync", folder, &error);
    let handle = File::open(folder).map_err(failed)?;
    rustix::fs::syncfs(handle).map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod tests {
    use tar::{Builder, Header};

    use super::*;

    struct Made {
        kind: EntryType,
        name: &'static str,
        link: &'static str,
    }

    fn archive(entries: &[Made]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for entry in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(entry.kind);
            header.set_mode(0o755);
            let body: &[u8] = match entry.kind {
                EntryType::Regular => b"body",
                _ => b"",
            };
            header.set_size(body.len() as u64);
            // The library refuses to write bad names; an attacker's doesn't.
            header.as_old_mut().name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
            header.as_old_mut().linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
            header.set_cksum();
            builder.append(&header, body).expect("appends");
        }
        builder.into_inner().expect("ends")
    }

    fn check(bytes: &[u8]) -> (tempfile::TempDir, Result<(), Fault>) {
        let folder = tempfile::tempdir().expect("a folder");
        let image = folder.path().join("image");
        fs::write(&image, bytes).expect("writes");
        let outcome = unpack(&image, bytes.len() as u64, &folder.path().join("tree"));
        (folder, outcome)
    }

    fn entry(kind: EntryType, name: &'static str, link: &'static str) -> Made {
        Made { kind, name, link }
    }

    #[test]
    fn files_folders_and_links_arrive() {
        use EntryType as E;
        let (folder, outcome) = check(&archive(&[
            entry(E::Directory, "./", ""),
            entry(E::Directory, "./bin", ""),
            entry(E::Regular, "./bin/app", ""),
            entry(E::Symlink, "app", "bin/app"),
            entry(E::Link, "hard", "bin/app"),
        ]));
        outcome.expect("unpacks");
        let tree = folder.path().join("tree");
        for name in ["bin/app", "app", "hard"] {
            assert_eq!(
                fs::read(tree.join(name)).expect("is there"),
                b"body",
                "{name}"
            );
        }
    }

    #[test]
    fn nothing_hostile_gets_out() {
        use EntryType as E;
        let cases: &[&[Made]] = &[
            &[entry(E::Regular, "../evil", "")],
            &[entry(E::Regular, "/tmp/mainstay-evil", "")],
            &[entry(E::Regular, "a/../../evil", "")],
            &[
                entry(E::Symlink, "out", ".."),
                entry(E::Regular, "out/evil", ""),
            ],
            &[
                entry(E::Symlink, "out", "/tmp"),
                entry(E::Regular, "./out/mainstay-evil", ""),
            ],
            &[
                entry(E::Link, "hard", "../image"),
                entry(E::Regular, "hard", ""),
            ],
            &[
                entry(E::Symlink, "out", "../image"),
                entry(E::Link, "hard", "out"),
            ],
            &[entry(E::Block, "disk", "")],
            &[entry(E::Fifo, "pipe", "")],
            &[],
        ];
        for (number, case) in cases.iter().enumerate() {
            let (folder, outcome) = check(&archive(case));
            let fault = outcome.expect_err("is refused");
            assert_eq!(fault.id, "agent.image-unusable", "case {number}");
            assert!(!folder.path().join("evil").exists(), "case {number}");
            assert!(!Path::new("/tmp/mainstay-evil").exists(), "case {number}");
        }
    }

    #[test]
    fn what_is_cut_short_or_no_archive_is_refused() {
        let whole = archive(&[entry(EntryType::Regular, "app", "")]);
        for bytes in [&whole[..514], &b"plain text"[..], &[0; 2048], &[7; 4096]] {
            let (_folder, outcome) = check(bytes);
            assert_eq!(
                outcome.expect_err("is refused").obstacle,
                InstallFailure::ImageUnusable
            );
        }
    }
}
