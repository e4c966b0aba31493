//! Two folders, and a link `current` to one of them: for a service, a container's tree, or whatever else is
//! started from a folder. There is no boot loader; the agent decides.
//!
//! | name | what |
//! |---|---|
//! | `a.image`, `b.image` | the image of each slot, a tar archive |
//! | `a`, `b` | what was unpacked of it |
//! | `a.new`, `a.old` | a folder on its way in, or out; what a power cut leaves of it is removed |
//! | `current` | the link, replaced by renaming |
//! | `applied` | the slot that the link pointed to when `apply` last succeeded: without it, what the link says needn't run yet |

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

/// Of the folder that all lies in: applications that run as other users must find their way through it.
const FOLDER_MODE: u32 = 0o755;
/// The longest word in `applied`.
const APPLIED_BYTES_MAX: u64 = 16;

/// Two folders and a link.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    apply: Program,
}

impl Directory {
    /// The slots in this folder.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn open(folder: PathBuf, apply: Program) -> Result<Self, Fault> {
        durable::make_folders(&folder, FOLDER_MODE)?;
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

    /// Whether what the link points to was applied, to the end.
    fn is_applied(&self, slot: Slot) -> bool {
        let applied = durable::read(&self.applied(), APPLIED_BYTES_MAX);
        self.points_to(slot)
            && applied.is_ok_and(|word| word.as_deref() == Some(name(slot).as_bytes()))
    }

    fn applied(&self) -> PathBuf {
        self.folder.join("applied")
    }

    /// From here on nobody can say what runs, until something was applied.
    fn point_to(&self, slot: Slot) -> Result<(), Fault> {
        let (beside, link) = (self.folder.join("current.new"), self.folder.join("current"));
        durable::remove(&beside)?;
        symlink(name(slot), &beside).map_err(|error| Fault::io("link", &beside, &error))?;
        durable::remove(&self.applied())?;
        durable::rename(&beside, &link)
    }

    fn apply(&self, slot: Slot) -> Result<(), Fault> {
        let variables = [("MAINSTAY_SLOT", name(slot).to_owned())];
        self.apply.run("slots.apply", &variables)?;
        // Not noted, it is applied again at the next start, which harms nobody.
        if let Err(fault) = durable::write(&self.applied(), name(slot).as_bytes()) {
            log::line(Level::Warning, &fault);
        }
        Ok(())
    }
}

impl Switch for Directory {
    fn origin(&self, _: Option<Slot>) -> Result<Origin, Fault> {
        Ok(Origin::Open)
    }

    fn prepare(&mut self, slot: Slot, image: &Path, length: u64) -> Result<(), Fault> {
        let tree = self.tree(slot);
        match tree.try_exists() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(Fault::io("look at", &tree, &error)),
        }
        let beside = tree.with_extension("new");
        remove_tree(&beside)?;
        unpack(image, length, &beside).inspect_err(|_| tidy_away(&beside))?;
        durable::rename(&beside, &tree)
    }

    fn is_prepared(&self, slot: Slot) -> bool {
        self.tree(slot).is_dir()
    }

    /// What a power cut left half done. Where it can't be removed, it is in nobody's way before the next installation.
    fn tidy(&mut self) {
        for name in ["a.new", "a.old", "b.new", "b.old"] {
            tidy_away(&self.folder.join(name));
        }
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
        if self.is_applied(slot) && !anew {
            return Ok(());
        }
        match self.points_to(slot) {
            true => durable::remove(&self.applied())?,
            false => self.point_to(slot)?,
        }
        // What applies an update may wait for a unit that systemd starts after the agent: the link is right from
        // here on, and that is all which others wait for.
        Notify::from_environment().ready();
        self.apply(slot)
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

fn tidy_away(path: &Path) {
    if let Err(fault) = remove_tree(path) {
        log::line(Level::Warning, &fault);
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
        let at = folder.path().display();
        let script = format!("echo $MAINSTAY_SLOT >> {at}/log; ! test -e {at}/ill");
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
        assert_eq!(
            (read("log").as_str(), read("applied").as_str()),
            ("b\n", "b")
        );
        directory.start(Slot::B, true).expect("starts anew");
        assert_eq!(read("log"), "b\nb\n");
        directory.erase(Slot::B).expect("forgets");
        assert!(!folder.path().join("b").exists() && !folder.path().join("b.old").exists());
    }

    #[test]
    fn what_couldnt_be_applied_or_was_cut_is_applied_at_the_next_start() {
        let (folder, mut directory, image) = parts();
        let length = fs::metadata(&image).expect("is there").len();
        directory.prepare(Slot::B, &image, length).expect("unpacks");
        let at = |name: &str| folder.path().join(name);
        let started = || fs::read_to_string(at("log")).map_or(0, |log| log.lines().count());
        fs::write(at("ill"), "").expect("writes");
        let fault = directory.start(Slot::B, true).expect_err("fails");
        assert_eq!(fault.id, "agent.hook-failed");
        assert!(directory.start(Slot::B, false).is_err(), "nor does it run");
        fs::remove_file(at("ill")).expect("removes");
        directory.start(Slot::B, false).expect("starts");
        directory.start(Slot::B, false).expect("runs already");
        assert_eq!(started(), 3);
        // Killed after the link moved: the program of A runs on, whatever the link says.
        fs::write(at("applied"), "a").expect("writes");
        directory.start(Slot::B, false).expect("starts");
        assert_eq!(started(), 4);
        // And while it was applied anew.
        fs::write(at("ill"), "").expect("writes");
        assert!(directory.start(Slot::B, true).is_err());
        assert!(!at("applied").exists());
    }

    #[test]
    fn others_find_their_way_whatever_the_agents_umask() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let slots = folder.path().join("srv/app");
        let apply = Program {
            command: vec!["/bin/true".to_owned()],
            limit: Duration::from_secs(60),
        };
        Directory::open(slots.clone(), apply).expect("opens");
        for made in [slots.as_path(), &folder.path().join("srv")] {
            let mode = made.metadata().expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o755);
        }
    }

    #[test]
    fn what_was_left_half_done_is_tidied_away_by_whoever_is_alone() {
        let (folder, mut directory, _) = parts();
        fs::create_dir(folder.path().join("b.new")).expect("makes");
        directory.tidy();
        assert!(!folder.path().join("b.new").exists());
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
