//! A device with slots of kind `directory` and a good image in each, for tests; and what may become of one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mainstay_device::slot::Head;
use mainstay_device::{Slot, Storage as _};
use mainstay_keys::HostPrimitives;
use mainstay_trust::Primitives as _;

use crate::command::Program;
use crate::image_file::ImageFile;
use crate::on_disk::{Look, OnDisk};
use crate::slots::directory::Directory;

/// What is done to a slot that held a good image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Good,
    /// Other bytes lie there.
    Other,
    /// Its file is gone.
    Gone,
    /// It can't be read.
    Unread,
    /// It can't be read, and nothing was unpacked of it.
    Bare,
}

/// One device. What applies an update fails while there is a file `ill`.
pub struct Device {
    pub folder: tempfile::TempDir,
    pub storage: OnDisk,
}

impl Device {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ill = folder.path().join("ill");
        let script = format!("! test -e {}", ill.display());
        let apply = Program {
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
            limit: Duration::from_secs(60),
        };
        let slots = folder.path().join("app");
        let images = [Slot::A, Slot::B].map(|slot| ImageFile::at(Directory::image(&slots, slot)));
        let switch = Box::new(Directory::open(slots, apply).expect("opens"));
        let state = folder.path().into();
        let storage = OnDisk::open(state, images, Some(1 << 20), switch, None).expect("opens");
        let mut device = Self { folder, storage };
        device.fill(Slot::A);
        device.fill(Slot::B);
        device
    }

    fn fill(&mut self, slot: Slot) {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_mode(0o644);
        let added = archive.append_data(&mut header, "version", &b"1.00"[..]);
        added.expect("appends");
        let image = archive.into_inner().expect("ends");
        let head = Head {
            image_bytes: u32::try_from(image.len()).expect("is small"),
            image_digest: HostPrimitives.digest(&image),
            root_version: 1,
            epoch: 0,
            envelope: b"envelope".as_slice(),
        };
        self.storage.write_head(slot, &head).expect("writes");
        self.storage.write_image(slot, 0, &image).expect("writes");
        assert_eq!(self.storage.look_at(slot), Look::Good);
    }

    pub fn path(&self, slot: Slot) -> (PathBuf, PathBuf) {
        let name = if slot == Slot::A { "a" } else { "b" };
        let tree = self.folder.path().join("app").join(name);
        (tree.with_extension("image"), tree)
    }

    pub fn spoil(&self, slot: Slot, state: State) {
        let (image, tree) = self.path(slot);
        if matches!(state, State::Gone | State::Unread | State::Bare) {
            fs::remove_file(&image).expect("removes");
        }
        match state {
            State::Good | State::Gone => {}
            State::Other => fs::write(&image, [7; 4096]).expect("writes"),
            State::Unread | State::Bare => fs::create_dir(&image).expect("makes"),
        }
        if state == State::Bare {
            fs::remove_dir_all(&tree).expect("removes");
        }
    }
}
