//! The file that was opened, and whether its name still leads to it.
//!
//! A file that was deleted, or moved away, goes on taking writes from whoever has it open; with the program's end they are gone. So
//! nothing is written, and nothing acknowledged, unless the name still leads to it. Read [`OpenedFile::is_in_place`].

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// A database file, as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: Option<Identity>,
}

/// Device and inode: what a file is whatever its name.
type Identity = (u64, u64);

impl OpenedFile {
    /// The file at `path`.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        let metadata = fs::metadata(path).map_err(|cause| StoreError::unreadable(path, cause))?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
        })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks where its name leads to: some microseconds, beside the milliseconds of a commit.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if that isn't the file that was opened.
    pub fn is_in_place(&self) -> Result<(), StoreError> {
        let found = fs::metadata(&self.path);
        if found.is_ok_and(|metadata| identity(&metadata) == self.identity) {
            return Ok(());
        }
        let path = self.path.clone();
        Err(StoreError::Moved { path })
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

/// Where files have no such number, it only counts that one is there.
#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> Option<Identity> {
    None
}
