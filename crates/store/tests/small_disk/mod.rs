//! A disk that is really full: a file system of its own for one folder. Where this machine lets nobody mount one, a story that needs it
//! fails and says so. Read [`SmallDisk`].

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder on a disk of its own, which is gone with this value.
pub struct SmallDisk {
    at: TempDir,
}

impl SmallDisk {
    /// An empty one of so many MiB. They take memory as they are filled.
    ///
    /// # Panics
    /// If nobody may mount a file system here.
    pub fn new(mib: u32) -> Self {
        let at = tempfile::tempdir().expect("a temporary folder");
        let size = format!("size={mib}m,mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "mainstay-story"])
            .arg(at.path())
            .output();
        assert!(
            mounted.is_ok_and(|output| output.status.success()),
            "no disk can be full here: let the tests mount a tmpfs (root, or CAP_SYS_ADMIN)"
        );
        Self { at }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.at.path()
    }

    /// What takes room there.
    pub fn junk(&self) -> PathBuf {
        self.path().join("junk")
    }

    /// Gives back what [`fill`] took.
    pub fn make_room(&self) {
        fs::remove_file(self.junk()).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that still has files open there keeps it for itself until it ends.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Writes into a file until its disk takes nothing more. It blocks.
pub fn fill(junk: &Path) {
    let mut junk = File::create(junk).expect("an own disk");
    for bytes in [64 * 1024, 4096] {
        let piece = vec![0; bytes];
        while junk.write_all(&piece).is_ok() {}
    }
}
