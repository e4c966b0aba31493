//! A home of blobs that is kept in step with another one: things leave it, and it has a note of what it holds. Read [`MirrorHome`].

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use mainstay_trust::Digest;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutPayload};

use super::folder::{found, on_disk};
use super::s3::failed;
use super::{Blobs, FolderBlobs, S3Blobs};
use crate::StoreError;

/// What the note is called, beside the blobs.
const NOTE: &str = "mainstay-mirror.json";
/// A thousand payloads have a note of a few hundred kilobytes; more isn't one.
const NOTE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A home from which blobs are removed, with one note.
#[async_trait]
pub trait MirrorHome: Blobs {
    /// Removes a blob. One that isn't there is removed already.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] or [`StoreError::ReadOnly`] if it may be there still.
    async fn remove(&self, digest: &Digest) -> Result<(), StoreError>;

    /// The note; none if there is none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if it can't be read, or is larger than any note.
    async fn note(&self) -> Result<Option<Bytes>, StoreError>;

    /// Writes the note over the one that is there. It is durable before this returns, and nobody sees half of one.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::ReadOnly`] or [`StoreError::Unreadable`]; the old one is there then.
    async fn write_note(&self, note: Bytes) -> Result<(), StoreError>;
}

#[async_trait]
impl MirrorHome for FolderBlobs {
    async fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let remove = |path: &Path| found(fs::remove_file(path)).map(drop);
        on_disk(&self.path(digest), remove).await
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        on_disk(&self.folder.join(NOTE), read_note).await
    }

    async fn write_note(&self, note: Bytes) -> Result<(), StoreError> {
        on_disk(&self.folder.join(NOTE), move |path| write(path, &note)).await
    }
}

fn read_note(path: &Path) -> io::Result<Option<Bytes>> {
    let Some(file) = found(File::open(path))? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > NOTE_BYTES_MAX {
        true => Err(too_large()),
        false => Ok(Some(bytes.into())),
    }
}

/// Under another name first; what a crash leaves of that is cleared away when the folder is opened.
fn write(path: &Path, note: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("json.partial");
    let mut file = File::create(&partial)?;
    file.write_all(note)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it is larger than any note of a mirror",
    )
}

impl S3Blobs {
    fn note_key(&self) -> object_store::path::Path {
        object_store::path::Path::from(format!("{}{NOTE}", self.prefix))
    }

    /// Whether nothing at all is below the prefix: a bucket that is somebody else's isn't to be made a mirror.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if that can't be told.
    pub async fn holds_nothing(&self) -> Result<bool, StoreError> {
        let below = self.prefix.trim_end_matches('/');
        let below = (!below.is_empty()).then(|| object_store::path::Path::from(below));
        let mut listed = self.bucket.list(below.as_ref());
        let first = listed.try_next().await;
        first
            .map(|first| first.is_none())
            .map_err(|error| failed(&self.prefix, &error))
    }
}

#[async_trait]
impl MirrorHome for S3Blobs {
    async fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        match self.bucket.delete(&self.key(digest)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&digest.to_string(), &error)),
        }
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        let found = match self.bucket.get(&self.note_key()).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(NOTE, &error)),
        };
        if found.meta.size > NOTE_BYTES_MAX {
            return Err(StoreError::unreadable(Path::new(NOTE), too_large()));
        }
        let read = found.bytes().await;
        read.map(Some).map_err(|error| failed(NOTE, &error))
    }

    async fn write_note(&self, note: Bytes) -> Result<(), StoreError> {
        let key = self.note_key();
        let written = self.bucket.put(&key, PutPayload::from(note));
        written
            .await
            .map(drop)
            .map_err(|error| failed(NOTE, &error))
    }
}
