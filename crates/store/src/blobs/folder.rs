//! Blobs as files of one folder: `<first two digits>/<digest>`.
//!
//! A blob is written under a temporary name, flushed to the disk, and only then given its name, so
//! that a file with a digest's name was whole once (POSIX `rename` is atomic). Its room is asked for before its first byte is. Disks forget all the
//! same: a blob that is put again takes the place of what is there. Leftovers of a crash end in `.partial` and are cleared away at the next [`FolderBlobs::open`];
//! what another server of the same folder is still writing is locked, and left to it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use mainstay_trust::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::cached;
use super::incoming::Incoming;
use super::room::reserve;
use super::{Blobs, PIECE_BYTES, Pieces, PutError};
use crate::StoreError;

/// The end of a name under which a blob is being written.
const PARTIAL: &str = "partial";
/// What is written at once. Few write at a time, and the disk should take the time and not the calls.
const WRITE_BYTES: usize = 256 * 1024;

/// What is written to see whether the folder takes writes. A crash leaves it at most once: the next try writes over it.
const PROBE: &str = "probe";

/// So many threads wait for this disk at once: one that hangs leaves threads of the runtime's to the database, and so to whoever halts something.
const THREADS_MAX: usize = 256;

/// A page: what no file system keeps beside the names, where there is room on a full disk.
const PROBE_BYTES: [u8; 4096] = [0; 4096];

/// A folder of blobs: one server's own, or on a file system that several share.
#[derive(Debug)]
pub struct FolderBlobs {
    pub(super) folder: PathBuf,
    writes: AtomicU64,
    threads: Arc<Semaphore>,
}

impl FolderBlobs {
    /// The blobs in `folder`, which is made if it isn't there. Clears away what a crash left.
    ///
    /// # Errors
    /// `store.unreadable` if the folder can't be made or listed.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        on_disk(&folder, prepare).await?;
        Ok(Self::looked_at(folder))
    }

    /// The blobs in `folder`, which is left as it is: to look at what a server keeps there while it runs.
    #[must_use]
    pub fn looked_at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            writes: AtomicU64::new(0),
            threads: Arc::new(Semaphore::new(THREADS_MAX)),
        }
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// A name that no other write uses.
    fn partial(&self, digest: &Digest) -> PathBuf {
        let (process, write) = (
            std::process::id(),
            self.writes.fetch_add(1, Ordering::Relaxed),
        );
        self.folder
            .join(format!("{digest}.{process}-{write}.{PARTIAL}"))
    }

    /// As [`on_disk`], on one of this disk's threads.
    async fn on_disk<T: Send + 'static>(
        &self,
        path: &Path,
        what: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = turn(&self.threads).await;
        let in_turn = move |path: &Path| {
            let _turn = turn;
            what(path)
        };
        on_disk(path, in_turn).await
    }
}

/// One of these threads, until it is dropped.
async fn turn(threads: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // It is never closed; if it were, everybody would have their turn.
    threads.clone().acquire_owned().await.ok()
}

#[async_trait]
impl Blobs for FolderBlobs {
    async fn put(&self, digest: &Digest, bytes: u64, pieces: Pieces<'_>) -> Result<(), PutError> {
        let path = self.path(digest);
        let create = move |at: &Path| Partial::create(at, bytes);
        let mut partial = self.on_disk(&self.partial(digest), create).await?;
        let mut incoming = Incoming::new(pieces, bytes);
        while let Some(piece) = incoming.next(WRITE_BYTES).await? {
            partial = self.on_disk(&path, move |_| partial.append(&piece)).await?;
        }
        incoming.finish(digest)?;
        self.on_disk(&path, move |path| partial.rename(path, bytes))
            .await?;
        Ok(())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.on_disk(&self.folder.join(PROBE), write_and_remove)
            .await
    }

    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let file = |path: &Path| found(fs::metadata(path));
        let found = self.on_disk(&self.path(digest), file).await?;
        Ok(found.map(|about| about.len()))
    }

    async fn read(
        &self,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<Pieces<'static>>, StoreError> {
        let file = self
            .on_disk(&self.path(digest), |path| found(File::open(path)))
            .await?;
        Ok(file.map(|file| reading(Arc::new(file), range, self.threads.clone())))
    }
}

/// Does what blocks on a thread that may.
pub(super) async fn on_disk<T: Send + 'static>(
    path: &Path,
    what: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let at = path.to_owned();
    let done = spawn_blocking(move || what(&at)).await;
    // A panic there, or a runtime that ends, is told as what it is to the caller: the disk wasn't asked.
    let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(|error| StoreError::unreadable(path, error))
}

/// What was asked for, or that there is no such file.
pub(super) fn found<T>(asked: io::Result<T>) -> io::Result<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn reading(file: Arc<File>, range: Range<u64>, threads: Arc<Semaphore>) -> Pieces<'static> {
    Box::pin(stream::try_unfold(range, move |left| {
        next_piece(file.clone(), left, threads.clone())
    }))
}

async fn next_piece(
    file: Arc<File>,
    left: Range<u64>,
    threads: Arc<Semaphore>,
) -> io::Result<Option<(Bytes, Range<u64>)>> {
    if left.is_empty() {
        return Ok(None);
    }
    let wanted = usize::try_from(left.end - left.start).unwrap_or(PIECE_BYTES);
    let mut piece = vec![0; wanted.min(PIECE_BYTES)];
    let start = left.start;
    if let Some(bytes) = cached::read(&file, &mut piece, start) {
        piece.truncate(bytes);
        // Nothing was waited for: a reader that is as fast would be served alone for as long as there is something for it.
        tokio::task::coop::consume_budget().await;
        let after = start + bytes as u64;
        return Ok(Some((piece.into(), after..left.end)));
    }
    let turn = turn(&threads).await;
    let read = spawn_blocking(move || {
        let _turn = turn;
        read_at(&file, &mut piece, start).map(|()| piece)
    });
    let piece = read.await.map_err(io::Error::other)??;
    let after = start + piece.len() as u64;
    Ok(Some((piece.into(), after..left.end)))
}

/// Fills `piece` from this place on, without moving the file's own.
#[cfg(unix)]
fn read_at(file: &File, piece: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, piece, start)
}

/// The same where there is no such call; one stream reads one file, so its place is nobody else's.
#[cfg(not(unix))]
fn read_at(mut file: &File, piece: &mut [u8], start: u64) -> io::Result<()> {
    use std::io::{Read as _, Seek as _};
    file.seek(io::SeekFrom::Start(start))?;
    file.read_exact(piece)
}

/// A file that hasn't its name yet. It goes away with this value, unless it was given one: also when whoever sends it leaves.
struct Partial {
    at: PathBuf,
    file: File,
    is_named: bool,
}

impl Partial {
    /// A new file with room for so many bytes.
    fn create(at: &Path, bytes: u64) -> io::Result<Self> {
        let partial = Self {
            file: File::create_new(at)?,
            at: at.to_owned(),
            is_named: false,
        };
        // Where the file system knows no locks, nobody else can tell, and nobody else should have the folder.
        let _ = partial.file.try_lock();
        reserve(&partial.file, bytes)?;
        Ok(partial)
    }

    fn append(mut self, piece: &[u8]) -> io::Result<Self> {
        self.file.write_all(piece)?;
        Ok(self)
    }

    /// Gives it its name, once all of it is on the disk, and the name too. What was written had the right digest; that the disk took
    /// all of it is told by each write and by the size, so that a full one never leaves a cut blob under its name.
    fn rename(mut self, path: &Path, bytes: u64) -> io::Result<()> {
        self.file.sync_all()?;
        let found = self.file.metadata()?.len();
        if found != bytes {
            let because = format!("the disk kept {found} of {bytes} bytes");
            return Err(io::Error::new(io::ErrorKind::WriteZero, because));
        }
        let shelf = path.parent().unwrap_or(path);
        fs::create_dir_all(shelf)?;
        sync_folder(shelf.parent().unwrap_or(shelf))?;
        fs::rename(&self.at, path)?;
        self.is_named = true;
        sync_folder(shelf)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_named {
            // The disk may be full: what can't be kept must not take room. What can't even be removed is cleared away at the next start.
            let _ = fs::remove_file(&self.at);
        }
    }
}

fn write_and_remove(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&PROBE_BYTES)?;
    file.sync_all()?;
    // Another server of the same folder may try it at the same moment, under the same name, and be the first to remove it.
    found(fs::remove_file(path)).map(|_| ())
}

/// Makes a new name in a folder durable. Windows does so by itself, and can't open folders.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clear_partials(folder)?;
    for shelf in fs::read_dir(folder)? {
        let shelf = shelf?;
        if shelf.file_type()?.is_dir() {
            clear_partials(&shelf.path())?;
        }
    }
    Ok(())
}

/// Earlier versions wrote them into the shelves, later ones beside them.
fn clear_partials(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == PARTIAL) && !is_being_written(&path) {
            // It may have been given its name meanwhile, or been cleared away by another server that starts.
            found(fs::remove_file(path))?;
        }
    }
    Ok(())
}

/// Whether somebody writes it: a lock ends with its process.
fn is_being_written(partial: &Path) -> bool {
    let file = File::options().write(true).open(partial);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt as _;

    use super::*;

    fn written(folder: &Path, file: File) -> Partial {
        let at = folder.join("a.0-0.partial");
        fs::write(&at, b"").expect("writable");
        let is_named = false;
        Partial { at, file, is_named }
    }

    fn assert_nothing_is_kept(folder: &Path) {
        assert_eq!(fs::read_dir(folder).expect("readable").count(), 0);
    }

    #[test]
    fn what_the_disk_kept_in_part_gets_no_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (at, path) = (folder.path().join("a.0-0.partial"), folder.path().join("a"));
        let partial = Partial::create(&at, 5).expect("writable");
        let partial = partial.append(b"who").expect("writable");
        let refused = partial.rename(&path, 5).expect_err("two are missing");
        assert_eq!(refused.to_string(), "the disk kept 3 of 5 bytes");
        assert_nothing_is_kept(folder.path());
    }

    /// Also where every piece is in memory, and nobody waits for anything.
    #[tokio::test]
    async fn who_reads_lets_others_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        let bytes = 300 * PIECE_BYTES;
        fs::write(&path, vec![7_u8; bytes]).expect("writable");
        let file = Arc::new(File::open(&path).expect("just written"));
        let other = tokio::spawn(async {});
        let threads = Arc::new(Semaphore::new(THREADS_MAX));
        let mut pieces = reading(file, 0..bytes as u64, threads);
        let mut read = 0;
        while let Some(piece) = pieces.next().await {
            read += piece.expect("readable").len();
        }
        assert_eq!(read, bytes);
        assert!(other.is_finished());
    }

    /// Whoever left goes on taking a thread, as long as the disk hangs; others wait for one, and no other disk does.
    #[tokio::test]
    async fn a_disk_that_hangs_takes_so_many_threads_and_no_more() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let blobs = FolderBlobs::looked_at(folder.path());
        let taken = blobs.threads.clone();
        let _others = taken.acquire_many_owned(255).await.expect("it is open");
        let (ends, ended) = std::sync::mpsc::channel();
        let hangs = move |_: &Path| ended.recv().map_err(io::Error::other);
        let hung = blobs.on_disk(folder.path(), hangs);
        let left = tokio::time::timeout(Duration::from_millis(50), hung).await;
        assert!(left.is_err(), "it hangs");
        let (digest, sound) = (Digest([1; 32]), FolderBlobs::looked_at(folder.path()));
        let next = tokio::time::timeout(Duration::from_millis(50), blobs.size(&digest)).await;
        assert!(next.is_err(), "there is no thread left");
        assert_eq!(sound.size(&digest).await.expect("another disk"), None);
        ends.send(()).expect("it still waits");
        assert_eq!(blobs.size(&digest).await.expect("it goes on"), None);
    }

    /// Each write to it fails as on a full disk (Linux, full(4)): at once, not when nobody listens any more.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_heard_at_the_write() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let full = File::options().write(true).open("/dev/full");
        let partial = written(folder.path(), full.expect("Linux has it"));
        let refused = partial.append(b"whole").err().expect("it is full");
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_nothing_is_kept(folder.path());
    }
}
