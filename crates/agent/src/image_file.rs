//! Where an image lies: a file that grows, or a block device that doesn't.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use mainstay_trust::{DigestAlgorithm, Image, Measuring, Primitives};
use rustix::fs::OFlags;

use crate::durable;
use crate::fault::Fault;
use crate::notify::Heard;

/// Bytes read at once when an image is measured.
const PIECE_BYTES: usize = 64 * 1024;

/// The place of one slot's image.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    open: Option<File>,
    dirty: bool,
}

impl ImageFile {
    /// The image at this path; the file need not be there yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            open: None,
            dirty: false,
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that a block device holds; none for a file, which grows, or is not there yet.
    ///
    /// # Errors
    /// If the device can't be opened.
    pub fn device_bytes(&self) -> Result<Option<u64>, Fault> {
        if !self.is_device() {
            return Ok(None);
        }
        let end = File::open(&self.path).and_then(|mut file| file.seek(SeekFrom::End(0)));
        end.map(Some)
            .map_err(|error| Fault::io("open", &self.path, &error))
    }

    fn is_device(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| found.file_type().is_block_device())
    }

    /// Forgets the bytes from `offset` on. A block device keeps them until they are written over.
    ///
    /// # Errors
    /// If the file system fails.
    pub fn erase_from(&mut self, offset: u64) -> Result<(), Fault> {
        if self.is_device() {
            return Ok(());
        }
        self.with("truncate", |file| {
            let length = file.metadata()?.len();
            file.set_len(length.min(offset))
        })
    }

    /// Asks the file system for room for `bytes`, so that a full disk is told before anything is fetched.
    /// File systems that can't promise are believed.
    ///
    /// # Errors
    /// If there is not so much room.
    pub fn reserve(&mut self, bytes: u64) -> Result<(), Fault> {
        use rustix::fs::{FallocateFlags, fallocate};
        if self.is_device() || bytes == 0 {
            return Ok(());
        }
        self.with("reserve room for", |file| {
            match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
                Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
                outcome => Ok(outcome?),
            }
        })
    }

    /// Writes `bytes` at `offset`. They last from the next [`ImageFile::sync`] on.
    ///
    /// # Errors
    /// If the file system fails.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.dirty = true;
        self.with("write", |file| file.write_all_at(bytes, offset))
    }

    /// Makes all that was written last.
    ///
    /// # Errors
    /// If the file system fails: what was written since the last sync must be written again then.
    pub fn sync(&mut self) -> Result<(), Fault> {
        if !self.dirty {
            return Ok(());
        }
        self.with("sync", |file| file.sync_data())?;
        durable::sync_folder_of(&self.path)?;
        self.dirty = false;
        Ok(())
    }

    /// Lets go of it, so that nobody writes to it any more: RAUC takes no bundle that somebody could still change.
    ///
    /// # Errors
    /// If the file system fails: what was written since the last sync must be written again then.
    pub fn close(&mut self) -> Result<(), Fault> {
        self.sync()?;
        self.open = None;
        Ok(())
    }

    /// The first `length` bytes, as they lie there.
    ///
    /// # Errors
    /// If the file system fails, or there are fewer.
    pub fn measure(
        &self,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, Fault> {
        let failed = |error| Fault::io("read", &self.path, &error);
        let file = File::open(&self.path).map_err(failed)?;
        // What the disk holds counts, not what memory remembers of it. What was never written out can't be forgotten,
        // so it goes out first; where the kernel can't forget otherwise, it doesn't.
        file.sync_data().map_err(failed)?;
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        measure(&mut Heard::of(file), length, algorithm, primitives).map_err(failed)
    }

    /// Opens the file to be written, does something to it, and names what failed.
    fn with(
        &mut self,
        doing: &str,
        act: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<(), Fault> {
        if self.open.is_none() {
            self.open = Some(self.writable()?);
        }
        let outcome = self.open.as_ref().map_or(Ok(()), act);
        outcome.map_err(|error| Fault::io(doing, &self.path, &error))
    }

    /// The place, opened to be written: a file is made where there is none. A block device is taken for this alone
    /// (open(2), `O_EXCL`), which the kernel refuses for one that is mounted, or belongs to something that is.
    fn writable(&self) -> Result<File, Fault> {
        let mut options = OpenOptions::new();
        match self.is_device() {
            true => options.custom_flags(OFlags::EXCL.bits().cast_signed()),
            false => options.create(true).truncate(false),
        };
        match options.write(true).open(&self.path) {
            Err(error) if self.is_device() && error.kind() == io::ErrorKind::ResourceBusy => {
                Err(in_use(&self.path))
            }
            outcome => outcome.map_err(|error| Fault::io("open", &self.path, &error)),
        }
    }

    /// Whether it can be a slot's place: below `/dev` that is a block device. A name that isn't there would be made
    /// as a file in memory, measured, and never started.
    ///
    /// # Errors
    /// If it can't.
    pub fn check_place(&self) -> Result<(), Fault> {
        match self.path.starts_with("/dev") && !self.is_device() {
            true => Err(Fault::new(
                "agent.slot-unusable",
                format!("{} isn't a block device", self.path.display()),
                "Name the slot's partition in agent.toml, and see that it is there before the agent starts.",
            )),
            false => Ok(()),
        }
    }
}

fn in_use(path: &Path) -> Fault {
    Fault::new(
        "agent.slot-in-use",
        format!(
            "{} is mounted, or belongs to something that is",
            path.display()
        ),
        "See that the boot loader starts slot a from slots.a and slot b from slots.b of agent.toml, and that nothing mounts the other one.",
    )
}

fn measure(
    source: &mut impl Read,
    length: u32,
    algorithm: DigestAlgorithm,
    primitives: &impl Primitives,
) -> io::Result<Image> {
    let mut measuring = Measuring::new(algorithm, primitives);
    let mut piece = vec![0; PIECE_BYTES];
    let mut left = length as usize;
    while left > 0 {
        let part = &mut piece[..left.min(PIECE_BYTES)];
        source.read_exact(part)?;
        measuring.update(part);
        left -= part.len();
    }
    Ok(measuring.finish())
}

#[cfg(test)]
mod tests {
    use mainstay_keys::HostPrimitives;

    use super::*;

    #[test]
    fn bytes_come_back_measured_and_are_forgotten_from_an_offset() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut image = ImageFile::at(folder.path().join("a.image"));
        image.reserve(6).expect("room");
        image.write(0, b"abc").expect("writes");
        image.write(3, b"def").expect("writes");
        image.sync().expect("syncs");
        let whole = image.measure(6, DigestAlgorithm::Sha256, &HostPrimitives);
        assert_eq!(
            whole.expect("reads").digest,
            HostPrimitives.digest(b"abcdef")
        );
        image.erase_from(3).expect("truncates");
        assert!(
            image
                .measure(6, DigestAlgorithm::Sha256, &HostPrimitives)
                .is_err()
        );
        image.erase_from(9).expect("never lengthens");
        assert_eq!(std::fs::metadata(image.path()).expect("is there").len(), 3);
    }

    #[test]
    fn a_full_disk_is_named_before_a_byte_is_fetched() {
        let mut image = ImageFile::at("/dev/shm/mainstay-agent-full.image");
        let fault = image.reserve(1 << 50).unwrap_err();
        let _ = std::fs::remove_file(image.path());
        assert_eq!(fault.id, "agent.storage-full", "{fault}");
    }

    #[test]
    fn writing_to_a_full_device_is_named() {
        let mut image = ImageFile::at("/dev/full");
        assert_eq!(image.write(0, b"x").unwrap_err().id, "agent.storage-full");
    }
}
