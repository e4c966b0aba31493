//! Blobs as files of one folder: `<first two digits>/<digest>`.
//!
//! A blob is written under a temporary name, flushed to the disk, and only then given its name, so
//! that a file with a digest's name is always whole (POSIX `rename` is atomic). Leftovers of a crash
//! end in `.partial` and are cleared away at the next [`FolderBlobs::open`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use super::Blobs;
use crate::StoreError;

/// The end of a name under which a blob is being written.
const PARTIAL: &str = "partial";

/// What is written to see whether the folder takes writes. A crash leaves it at most once: the next try writes over it.
const PROBE: &str = "probe";

/// A page: what no file system keeps beside the names, where there is room on a full disk.
const PROBE_BYTES: [u8; 4096] = [0; 4096];

/// A folder of blobs. One process writes to it at a time: the server that owns the data directory.
#[derive(Debug)]
pub struct FolderBlobs {
    folder: PathBuf,
    writes: AtomicU64,
}

impl FolderBlobs {
    /// The blobs in `folder`, which is made if it isn't there. Clears away what a crash left.
    ///
    /// # Errors
    /// `store.unreadable` if the folder can't be made or listed.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let ready = prepare(&folder).await;
        ready.map_err(|error| StoreError::unreadable(&folder, error))?;
        Ok(Self {
            folder,
            writes: AtomicU64::new(0),
        })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// A name that no other write uses.
    fn partial(&self, path: &Path) -> PathBuf {
        let (process, write) = (
            std::process::id(),
            self.writes.fetch_add(1, Ordering::Relaxed),
        );
        path.with_extension(format!("{process}-{write}.{PARTIAL}"))
    }
}

#[async_trait]
impl Blobs for FolderBlobs {
    async fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if Sha256::digest(bytes).as_slice() != digest.0 {
            return Err(StoreError::damaged(
                "blob",
                format_args!("its digest isn't {digest}"),
            ));
        }
        let path = self.path(digest);
        let written = write_once(&path, &self.partial(&path), bytes).await;
        written.map_err(|error| StoreError::unreadable(&path, error))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let path = self.folder.join(PROBE);
        let tried = write_and_remove(&path).await;
        tried.map_err(|error| StoreError::unreadable(&path, error))
    }

    async fn open(&self, digest: &Digest) -> Result<Option<(File, u64)>, StoreError> {
        let path = self.path(digest);
        match open_sized(&path).await {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::unreadable(&path, error)),
        }
    }
}

async fn open_sized(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let len = file.metadata().await?.len();
    Ok((file, len))
}

async fn write_once(path: &Path, partial: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::try_exists(path).await? {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).await?;
    if let Some(above) = folder.parent() {
        sync_folder(above).await?;
    }
    if let Err(error) = write_and_rename(path, partial, bytes).await {
        // The disk may be full: what can't be kept must not take room.
        let _ = fs::remove_file(partial).await;
        return Err(error);
    }
    sync_folder(folder).await
}

async fn write_and_rename(path: &Path, partial: &Path, bytes: &[u8]) -> io::Result<()> {
    write_durably(File::create_new(partial).await?, bytes).await?;
    fs::rename(partial, path).await
}

async fn write_and_remove(path: &Path) -> io::Result<()> {
    write_durably(File::create(path).await?, &PROBE_BYTES).await?;
    fs::remove_file(path).await
}

/// All of `bytes` on the disk. A write that is still under way when `sync_all` is called fails unheard, so it is waited for first.
async fn write_durably(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes).await?;
    file.flush().await?;
    file.sync_all().await
}

/// Makes a new name in a folder durable. Windows does so by itself, and can't open folders.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        return File::open(folder).await?.sync_all().await;
    }
    Ok(())
}

async fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder).await?;
    let mut shelves = fs::read_dir(folder).await?;
    while let Some(shelf) = shelves.next_entry().await? {
        if shelf.file_type().await?.is_dir() {
            clear_partials(&shelf.path()).await?;
        }
    }
    Ok(())
}

async fn clear_partials(shelf: &Path) -> io::Result<()> {
    let mut files = fs::read_dir(shelf).await?;
    while let Some(file) = files.next_entry().await? {
        let path = file.path();
        if path.extension().is_some_and(|end| end == PARTIAL) {
            fs::remove_file(path).await?;
        }
    }
    Ok(())
}
