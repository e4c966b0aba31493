//! A disk that is really full, or really can't be written to: a file system of its own in the place of one of the device's
//! folders. Where this machine lets nobody mount one, that is said loudly: another user, who may not write, stands in for
//! a read-only disk, and a story that needs a full one fails.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Bench;
use crate::kills::must_once_free;

/// A folder on a disk of its own.
pub struct SmallDisk {
    folder: PathBuf,
    mounted: bool,
}

fn run(program: &str, words: &[&str]) -> bool {
    let output = Command::new(program).args(words).output();
    output.is_ok_and(|output| output.status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl SmallDisk {
    /// Puts `name` on a disk of so many KiB, before anything is in it.
    pub fn at(bench: &Bench, name: &str, kib: u32) -> Self {
        let folder = bench.path(name);
        fs::create_dir(&folder).unwrap();
        let size = format!("size={kib}k,mode=755");
        let words = ["-t", "tmpfs", "-o", &size, "mainstay-story", text(&folder)];
        let mounted = run("mount", &words);
        if !mounted {
            println!("\n*** nobody may mount a file system here\n");
        }
        Self { folder, mounted }
    }

    /// Fills it, but for so many KiB.
    pub fn fill_but(&self, kib: usize) {
        assert!(
            self.mounted,
            "no disk can be full here: let the tests mount a tmpfs (root, or CAP_SYS_ADMIN)"
        );
        let mut junk = fs::File::create(self.junk()).unwrap();
        while junk.write_all(&[0; 1024]).is_ok() {}
        let full = junk.metadata().unwrap().len();
        junk.set_len(full.saturating_sub(kib as u64 * 1024))
            .unwrap();
    }

    /// Gives it room.
    pub fn make_room(&self) {
        fs::remove_file(self.junk()).unwrap();
    }

    /// From now on nobody writes there, or anybody again.
    pub fn set_writable(&self, bench: &mut Bench, writable: bool) {
        if self.mounted {
            let mode = if writable { "remount,rw" } else { "remount,ro" };
            must_once_free("mount", &["-o", mode, text(&self.folder)]);
            return;
        }
        println!("\n*** permissions stand in for a disk that can't be written to\n");
        let all = text(bench.folder.path());
        assert!(run("chmod", &["-R", "a+rwX", all]));
        if !writable {
            assert!(run("chmod", &["-R", "a-w", text(&self.folder)]));
        }
        // Root writes whatever the permissions say; nobody doesn't.
        let root = run("sh", &["-c", "test $(id -u) = 0"]);
        let nobody = "exec setpriv --reuid 65534 --clear-groups \"$0\" \"$@\"";
        bench.wrapper = (root && !writable).then_some(nobody);
    }

    fn junk(&self) -> PathBuf {
        self.folder.join("junk")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.mounted {
            run("umount", &["-l", text(&self.folder)]);
        }
    }
}
