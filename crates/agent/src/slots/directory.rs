//! Two folders, and a link `current` to one of them: for a service, a container's tree, or whatever else is
//! started from a folder. There is no boot loader; the agent decides.
//!
//! | name | what |
//! |---|---|
//! | `a.image`, `b.image` | the image of each slot, a tar archive |
//! | `a`, `b` | what was unpacked of it |
//! | `a.new`, `a.old` | a folder on its way in, or out; what a power cut leaves of it is removed |
//! | `current` | the link, replaced by renaming |

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mainstay_device::Slot;

use super::{Origin, Switch};
use crate::command::Program;
use crate::durable;
use crate::fault::Fault;
use crate::log::{self, Level};
use crate::notify::Notify;
use crate::unpack::unpack;

/// Two folders and a link.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    apply: Program,
}

impl Directory {
    /// The slots in this folder. What a power cut left half done is removed; where that can't be, it is in nobody's
    /// way before the next installation.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn open(folder: PathBuf, apply: Program) -> Result<Self, Fault> {
        fs::create_dir_all(&folder).map_err(|error| Fault::io("make", &folder, &error))?;
        for name in ["a.new", "a.old", "b.new", "b.old"] {
            if let Err(fault) = remove_tree(&folder.join(name)) {
                log::line(Level::Warning, &fault);
            }
        }
        Ok(Self { folder, apply })
    }

    /// Where a slot's image lies.
    #[must_use]
    pub fn image(folder: &Path, slot: Slot) -> PathBuf {
        folder.join(format!("{}.image", name(slot)))
    }

    fn tree(&self, slot: Slot) -> PathBuf {
        self.folder.join(name(slot))
    }

    /// Whether the link points to this slot already.
    fn points_to(&self, slot: Slot) -> bool {
        fs::read_link(self.folder.join("current")).is_ok_and(|to| to == Path::new(name(slot)))
    }

    fn point_to(&self, slot: Slot) -> Result<(), Fault> {
        let (beside, link) = (self.folder.join("current.new"), self.folder.join("current"));
        durable::remove(&beside)?;
        symlink(name(slot), &beside).map_err(|error| Fault::io("link", &beside, &error))?;
        durable::rename(&beside, &link)
    }
}

impl Switch for Directory {
    fn origin(&self, _: Option<Slot>) -> Result<Origin, Fault> {
        Ok(Origin::Open)
    }

    fn prepare(&mut self, slot: Slot, image: &Path, length: u64) -> Result<(), Fault> {
        let tree = self.tree(slot);
        if tree.exists() {
            return Ok(());
        }
        let beside = tree.with_extension("new");
        remove_tree(&beside)?;
        let unpacked = unpack(image, length, &beside);
        if unpacked.is_err() {
            remove_tree(&beside)?;
        }
        unpacked?;
        durable::rename(&beside, &tree)
    }

    /// Nothing: the agent decides by its record.
    fn arm(&mut self, _: Slot, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    /// Nothing: the agent decides by its record.
    fn settle(&mut self, _: Slot) -> Result<(), Fault> {
        Ok(())
    }

    fn start(&mut self, slot: Slot, anew: bool) -> Result<(), Fault> {
        if self.points_to(slot) && !anew {
            return Ok(());
        }
        self.point_to(slot)?;
        // What applies an update may wait for a unit that systemd starts after the agent: the link is right from
        // here on, and that is all which others wait for.
        Notify::from_environment().ready();
        let variables = [("MAINSTAY_SLOT", name(slot).to_owned())];
        self.apply.run("slots.apply", &variables)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), Fault> {
        let tree = self.tree(slot);
        let out = tree.with_extension("old");
        remove_tree(&out)?;
        match fs::rename(&tree, &out) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            outcome => outcome.map_err(|error| Fault::io("rename", &tree, &error))?,
        }
        durable::sync_folder_of(&tree)?;
        remove_tree(&out)
    }
}

fn name(slot: Slot) -> &'static str {
    match slot {
        Slot::A => "a",
        Slot::B => "b",
    }
}

fn remove_tree(path: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Fault::io("remove", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parts() -> (tempfile::TempDir, Directory, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let image = folder.path().join("b.image");
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, "version", &b"1.1"[..])
            .expect("appends");
        fs::write(&image, archive.into_inner().expect("ends")).expect("writes");
        let log = folder.path().join("applied");
        let script = format!("echo $MAINSTAY_SLOT >> {}", log.display());
        let apply = Program {
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
            limit: Duration::from_secs(60),
        };
        let directory = Directory::open(folder.path().into(), apply).expect("opens");
        (folder, directory, image)
    }

    #[test]
    fn a_slot_is_prepared_started_once_and_forgotten() {
        let (folder, mut directory, image) = parts();
        let length = fs::metadata(&image).expect("is there").len();
        directory.prepare(Slot::B, &image, length).expect("unpacks");
        directory.start(Slot::B, false).expect("starts");
        directory.start(Slot::B, false).expect("runs already");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("is there");
        assert_eq!(read("current/version"), "1.1");
        assert_eq!(read("applied"), "b\n");
        directory.start(Slot::B, true).expect("starts anew");
        assert_eq!(read("applied"), "b\nb\n");
        directory.erase(Slot::B).expect("forgets");
        assert!(!folder.path().join("b").exists() && !folder.path().join("b.old").exists());
    }

    #[test]
    fn what_a_power_cut_left_is_no_slot() {
        let (folder, mut directory, image) = parts();
        fs::create_dir(folder.path().join("b.new")).expect("makes");
        fs::write(folder.path().join("b.new/half"), "x").expect("writes");
        let length = fs::metadata(&image).expect("is there").len();
        directory.prepare(Slot::B, &image, length).expect("unpacks");
        assert!(!folder.path().join("b/half").exists());
    }
}
