//! A file under way to its name: written under another, and already on its way to the disk meanwhile.
//!
//! A name must not appear before the bytes behind it are safe, and waiting for the disk at the very
//! end would double the time that a large file takes. So a second thread syncs what is there while
//! the first writes on. Read [`Draft`] first.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// After so many bytes a sync is begun: few enough that little is left to wait for at the end, and
/// so many that small files need no thread.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

/// A file that nobody else knows yet.
pub struct Draft {
    file: File,
    unsynced: u64,
    syncer: Option<Syncer>,
}

impl Draft {
    /// Creates it; there must be none of this name.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::create_by(path, &mut OpenOptions::new())
    }

    /// As [`create`](Self::create), for its owner alone to read.
    pub fn create_private(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Self::create_by(path, &mut options)
    }

    fn create_by(path: &Path, options: &mut OpenOptions) -> io::Result<Self> {
        let file = options.write(true).create_new(true).open(path)?;
        Ok(Self {
            file,
            unsynced: 0,
            syncer: None,
        })
    }

    /// Ends when every byte is on the disk.
    pub fn finish(self) -> io::Result<()> {
        // The clone shares one open file with this one, so an error that its syncs met is told to it
        // alone, and must be heard.
        self.syncer.map_or(Ok(()), Syncer::finish)?;
        self.file.sync_all()
    }

    fn begin_sync(&mut self) -> io::Result<()> {
        self.unsynced = 0;
        if self.syncer.is_none() {
            self.syncer = Some(Syncer::start(self.file.try_clone()?));
        }
        if let Some(syncer) = &self.syncer {
            syncer.begin();
        }
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written as u64;
        if self.unsynced >= SYNC_BYTES {
            self.begin_sync()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Draft {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The second thread.
struct Syncer {
    wake: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Syncer {
    fn start(file: File) -> Self {
        let (wake, woken) = sync_channel(1);
        let sync = move |woken: Receiver<()>| woken.iter().try_for_each(|()| file.sync_data());
        let thread = thread::spawn(move || sync(woken));
        Self { wake, thread }
    }

    fn begin(&self) {
        // Full: a sync that comes anyway will see these bytes too. Gone: it failed, as `finish` tells.
        let _ = self.wake.try_send(());
    }

    fn finish(self) -> io::Result<()> {
        drop(self.wake);
        self.thread.join().expect("a sync doesn't panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_arrives_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("large");
        let piece: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
        let mut draft = Draft::create(&path).expect("a new file");
        for _ in 0..40 {
            draft.write_all(&piece).expect("there is room");
        }
        draft.seek(SeekFrom::Start(3)).expect("within the file");
        draft.write_all(b"late").expect("there is room");
        draft.finish().expect("the disk takes it");
        let mut expected = piece.repeat(40);
        expected[3..7].copy_from_slice(b"late");
        assert!(std::fs::read(&path).expect("it is there") == expected);
        assert!(Draft::create(&path).is_err(), "never over a file");
    }
}
