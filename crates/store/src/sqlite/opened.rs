//! The file that was opened, and whether its name still leads to it.
//!
//! A file that was deleted, or moved away, goes on taking writes from whoever has it open; with the program's end they are gone. So
//! nothing is written, and nothing acknowledged, unless the name still leads to it. Read [`OpenedFile::is_in_place`].

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::LINE_TIMEOUT;
use crate::StoreError;

/// A database file, as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: Option<Identity>,
    look: Look,
    /// Held by the one thread that looks: a disk that hangs takes no more than one.
    looking: Arc<Mutex<()>>,
}

/// What the operating system knows of a name.
type Look = fn(&Path) -> io::Result<Metadata>;

/// Device and inode: what a file is whatever its name.
type Identity = (u64, u64);

impl OpenedFile {
    /// The file at `path`.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        let metadata = fs::metadata(path).map_err(|cause| StoreError::unreadable(path, cause))?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
            look: |path| fs::metadata(path),
            looking: Arc::default(),
        })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks where its name leads to: some microseconds, beside the milliseconds of a commit. A disk that hangs lets it take for ever,
    /// so it is done on a thread of its own; polls that need no disk go on.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if that isn't the file that was opened, [`StoreError::Unreachable`] if the disk can't say, [`StoreError::Busy`] if it isn't known within [`LINE_TIMEOUT`].
    pub async fn is_in_place(self: &Arc<Self>) -> Result<(), StoreError> {
        let looked = async {
            let looking = self.looking.clone().lock_owned().await;
            let file = self.clone();
            let looked = spawn_blocking(move || {
                // Whoever asked may leave; the next one looks when this one has seen something.
                let _looking = looking;
                file.leads_to_it()
            });
            looked
                .await
                .map_err(|error| StoreError::Unreachable(Box::new(error)))?
        };
        match timeout(LINE_TIMEOUT, looked).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(StoreError::Moved {
                path: self.path.clone(),
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Busy),
        }
    }

    /// That nothing has this name is one thing, that a disk can't say what has it another.
    fn leads_to_it(&self) -> Result<bool, StoreError> {
        match (self.look)(&self.path) {
            Ok(metadata) => Ok(identity(&metadata) == self.identity),
            Err(error) if is_nothing(&error) => Ok(false),
            Err(error) => Err(StoreError::Unreachable(Box::new(error))),
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Condvar, Mutex};
    use std::time::Duration;

    use super::*;

    /// A disk that hangs until it is let go on, and whether it was within ten seconds.
    static GOES_ON: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    static LOOKS: AtomicU32 = AtomicU32::new(0);

    fn hangs(path: &Path) -> io::Result<Metadata> {
        LOOKS.fetch_add(1, Ordering::SeqCst);
        let (goes_on, changed) = &GOES_ON;
        let lock = goes_on.lock().expect("nobody panics");
        let waited = changed.wait_timeout_while(lock, Duration::from_secs(10), |on| !*on);
        match waited.expect("nobody panics").1.timed_out() {
            true => Err(ErrorKind::TimedOut.into()),
            false => fs::metadata(path),
        }
    }

    fn go_on() {
        *GOES_ON.0.lock().expect("nobody panics") = true;
        GOES_ON.1.notify_all();
    }

    /// A disk that fails is no file that was moved away: whoever reads the error mends another thing.
    #[tokio::test]
    async fn a_disk_that_cannot_say_is_no_file_that_moved() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        fs::write(&path, b"a database").expect("an own folder");
        let looks: [(Look, &str); 3] = [
            (|_| Err(io::Error::other("EIO")), "store.unreachable"),
            (|_| Err(ErrorKind::NotFound.into()), "store.moved"),
            (|_| Err(ErrorKind::NotADirectory.into()), "store.moved"),
        ];
        for (look, id) in looks {
            let opened = OpenedFile::at(&path).expect("it is there");
            let file = Arc::new(OpenedFile { look, ..opened });
            assert_eq!(file.is_in_place().await.expect_err("no file").id(), id);
        }
    }

    /// On one thread: if the look were made there, nothing else could let the disk go on.
    #[tokio::test]
    async fn a_disk_that_hangs_holds_one_thread_and_nobody_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        fs::write(&path, b"a database").expect("an own folder");
        let opened = OpenedFile::at(&path).expect("it is there");
        let file = Arc::new(OpenedFile {
            look: hangs,
            ..opened
        });
        let left = timeout(Duration::from_millis(50), file.is_in_place()).await;
        assert!(left.is_err(), "it hangs");
        let others = async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(LOOKS.load(Ordering::SeqCst), 1, "the others wait in line");
            go_on();
        };
        let (one, another, ()) = tokio::join!(file.is_in_place(), file.is_in_place(), others);
        one.expect("it was never away");
        another.expect("it was never away");
        assert_eq!(LOOKS.load(Ordering::SeqCst), 3);
    }
}
