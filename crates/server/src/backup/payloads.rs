//! Bytes on their way into a new folder, with their digest taken on the way: payloads, and files. Read [`Filling`].

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use futures_util::TryStreamExt as _;
use mainstay_store::whole::{Progress, Watch};
use mainstay_store::{Blobs, Payloads as _, ReleasePayload, Roots as _, SqliteStore, StoreError};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

use super::error::{BackupError, unusable};
use super::manifest::Kept;
use super::name::Name;
use super::new_folder::NewFolder;
use crate::soundness::Damage;

/// What is read of a file at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// How far the bytes are.
const TOLD_AS: &str = "bytes";

/// A folder that is filled, and how far that is.
pub(super) struct Filling<'a, 'w> {
    folder: &'a NewFolder,
    watch: &'a mut Watch<'w>,
    done: u64,
    of: u64,
}

impl<'a, 'w> Filling<'a, 'w> {
    /// Begins; `of` bytes are to come.
    pub fn of(folder: &'a NewFolder, watch: &'a mut Watch<'w>, of: u64) -> Self {
        Self {
            folder,
            watch,
            done: 0,
            of,
        }
    }

    fn tell(&mut self, more: usize) {
        self.done += more as u64;
        (self.watch)(Progress {
            table: TOLD_AS,
            rows: self.done,
            of: self.of,
        });
    }

    /// Takes a payload out of its home. What isn't what its release says isn't kept.
    ///
    /// # Errors
    /// [`BackupError::Payload`], with what is wrong with it.
    pub async fn payload(
        &mut self,
        blobs: &dyn Blobs,
        payload: ReleasePayload,
    ) -> Result<(Name, Kept), BackupError> {
        let ReleasePayload { image, bytes } = payload;
        let damaged = |because: String| BackupError::Payload {
            image: image.to_string(),
            because,
        };
        if let Some(damage) = Damage::by_size(blobs.size(&image).await?, bytes) {
            return Err(damaged(damage.to_string()));
        }
        let pieces = blobs.read(&image, 0..bytes).await?;
        let mut pieces = pieces.ok_or_else(|| damaged(Damage::Missing.to_string()))?;
        let name = Name::Blob(image);
        let path = name.below(self.folder.path());
        let (mut file, mut hasher) = (self.folder.create(&path)?, Sha256::new());
        loop {
            let piece = pieces.try_next().await;
            let piece =
                piece.map_err(|error| damaged(format!("{}: {error}", Damage::Unreadable)))?;
            let Some(piece) = piece else { break };
            hasher.update(&piece);
            file.write_all(&piece).map_err(unusable(&path))?;
            self.tell(piece.len());
        }
        file.sync_all().map_err(unusable(&path))?;
        let sha256 = Digest(hasher.finalize().into());
        match sha256 == image {
            true => Ok((name, Kept { bytes, sha256 })),
            false => Err(damaged(Damage::Bytes.to_string())),
        }
    }

    /// Copies a file of a backup, which must be what the list says.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] or [`BackupError::NotAFile`], if it isn't.
    pub fn file(&mut self, from: &Path, name: &Name, expected: Kept) -> Result<(), BackupError> {
        let path = name.below(self.folder.path());
        let mut file = self.folder.create(&path)?;
        let wrote = |piece: &[u8]| file.write_all(piece).map_err(unusable(&path));
        read(from, name, expected, wrote, |more| self.tell(more))?;
        file.sync_all().map_err(unusable(&path))
    }
}

/// Reads a file of a backup from its begin to its end, which must be what the list says.
///
/// # Errors
/// As [`Filling::file`].
pub(super) fn read(
    backup: &Path,
    name: &Name,
    expected: Kept,
    mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
    mut tell: impl FnMut(usize),
) -> Result<(), BackupError> {
    let path = name.below(backup);
    let damaged = |because: String| BackupError::Damaged {
        name: name.to_string(),
        because,
    };
    let found = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Err(BackupError::NotAFile(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged(Damage::Missing.to_string()));
        }
        Err(error) => return Err(unusable(&path)(error)),
    };
    if let Some(damage) = Damage::by_size(Some(found), expected.bytes) {
        return Err(damaged(damage.to_string()));
    }
    let mut file = File::open(&path).map_err(unusable(&path))?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        let some = some_of(&mut file, &mut piece).map_err(unusable(&path))?;
        if some == 0 {
            break;
        }
        hasher.update(&piece[..some]);
        take(&piece[..some])?;
        tell(some);
    }
    match Digest(hasher.finalize().into()) == expected.sha256 {
        true => Ok(()),
        false => Err(damaged("its bytes aren't those that were kept".to_owned())),
    }
}

/// Reads on; a signal in between is no failure.
fn some_of(file: &mut File, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// What a file comes to that was just written.
pub(super) fn kept(path: &Path) -> Result<Kept, BackupError> {
    let mut file = File::open(path).map_err(unusable(path))?;
    let (mut hasher, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE_BYTES], 0);
    loop {
        let some = some_of(&mut file, &mut piece).map_err(unusable(path))?;
        if some == 0 {
            break;
        }
        hasher.update(&piece[..some]);
        bytes += some as u64;
    }
    let sha256 = Digest(hasher.finalize().into());
    Ok(Kept { bytes, sha256 })
}

/// The same of bytes in memory.
pub(super) fn kept_bytes(bytes: &[u8]) -> Kept {
    let sha256 = Digest(Sha256::digest(bytes).into());
    let bytes = bytes.len() as u64;
    Kept { bytes, sha256 }
}

/// What a database that was copied needs beside it: the payloads of its releases; and its first root, if a server has ever started on it.
/// Nobody else has it open.
pub(super) async fn needed(
    database: &Path,
) -> Result<(Vec<ReleasePayload>, Option<Vec<u8>>), StoreError> {
    let store = SqliteStore::open(database).await?;
    let needed = store.payloads_of_releases().await;
    let roots = store.roots().await;
    store.close().await;
    let first = roots?.into_iter().next().map(|root| root.signed);
    Ok((needed?, first))
}
