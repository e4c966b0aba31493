//! A block device without a file system, whose power can be cut: a slot, or where a boot loader's environment lies.
//!
//! What is written to it waits in the kernel's memory until it is synced, or the last who has it open lets go. So
//! somebody else has it open all the time here, and a cut is the copy of its backing file that is taken while that holds:
//! what the loop device was handed is in it (direct I/O), what only memory had isn't. Whoever wrote to it is dead by then.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::disk::{must, run, text};

/// One such device, under a name of its own: the kernel's number may be another after each cut.
pub struct RawDisk {
    name: PathBuf,
    backing: PathBuf,
    /// Lets nobody be the last to close it.
    held: File,
}

impl RawDisk {
    /// A new one of zeros at `name`, in a file beside it.
    pub fn new(name: &Path, bytes: u64) -> Self {
        let backing = name.with_extension("raw");
        File::create(&backing).unwrap().set_len(bytes).unwrap();
        let held = attach(&backing, name);
        Self {
            name: name.to_owned(),
            backing,
            held,
        }
    }

    /// Takes its power, and gives it back.
    pub fn cut(&mut self) {
        let copy = self.backing.with_extension("copy");
        let words = ["--sparse=always", "--reflink=never"];
        must(
            "cp",
            &[&words[..], &[text(&self.backing), text(&copy)]].concat(),
        );
        self.detach();
        fs::rename(&copy, &self.backing).unwrap();
        self.held = attach(&self.backing, &self.name);
    }

    /// What memory still had goes to the backing file now, which nobody looks at any more.
    fn detach(&mut self) {
        let device = fs::read_link(&self.name).unwrap();
        fs::remove_file(&self.name).unwrap();
        let _ = run("losetup", &["--detach", text(&device)]);
    }
}

impl Drop for RawDisk {
    fn drop(&mut self) {
        self.detach();
    }
}

fn attach(backing: &Path, name: &Path) -> File {
    let words = ["--find", "--show", "--direct-io=on", text(backing)];
    let device = must("losetup", &words);
    symlink(device.trim(), name).unwrap();
    File::open(name).unwrap()
}

/// A cut that forgave what wasn't synced would show nothing.
#[test]
fn a_cut_loses_what_was_not_synced() {
    use std::os::unix::fs::FileExt as _;
    let folder = tempfile::tempdir().unwrap();
    if let Err(why) = super::disk::Disk::new(&folder.path().join("disk")) {
        return super::say_loudly(&why);
    }
    let name = folder.path().join("slot");
    let mut disk = RawDisk::new(&name, 1024 * 1024);
    let put = |at: u64, synced: bool| {
        let file = File::options().write(true).open(&name).unwrap();
        file.write_all_at(&[7; 4096], at).unwrap();
        if synced {
            file.sync_data().unwrap();
        }
    };
    put(0, true);
    put(65_536, false);
    disk.cut();
    let found = fs::read(&name).unwrap();
    assert_eq!(found[..4096], [7; 4096], "it was synced");
    assert_eq!(found[65_536..65_536 + 4096], [0; 4096], "it wasn't");
}
