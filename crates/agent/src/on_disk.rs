//! What the device keeps, in a folder and two image files.
//!
//! | file | what |
//! |---|---|
//! | `record` | the record, see `record_file.rs` |
//! | `root.cbor`, `revocations.cbor` | the papers, as they came |
//! | `a.head`, `b.head` | what was accepted for a slot, see `head_file.rs` |
//! | `on-trial` | empty; there from when a slot is armed until one is settled, for `mainstay-trial.service` |
//!
//! Each is replaced whole (`durable.rs`).
//! An image's bytes last from the next record on: before it says that they are there, they are synced.

mod look;

use std::path::PathBuf;

use mainstay_device::papers::Paper;
use mainstay_device::{FlashError, Grain, Record, Slot, Storage, slot::Head};
use mainstay_trust::{DigestAlgorithm, Image, Primitives};

pub use self::look::Look;
use crate::command::Program;
use crate::durable;
use crate::fault::Fault;
use crate::image_file::ImageFile;
use crate::slots::Switch;
use crate::{head_file, record_file};

/// A checkpoint never splits so many bytes: a page of most file systems.
const PAGE_BYTES: u32 = 4096;

/// A folder, two images, and who starts them.
pub struct OnDisk {
    folder: PathBuf,
    images: [ImageFile; 2],
    image_bytes_max: u32,
    switch: Box<dyn Switch>,
    after_install: Option<Program>,
    /// The slot that the system runs from: nothing writes to it.
    in_use: Option<Slot>,
    /// The slot whose image isn't what was accepted for it.
    disowned: Option<Slot>,
    /// The slot that holds what is kept and couldn't be looked at: nothing writes to it either.
    kept: Option<Slot>,
    /// A record that was decided on and couldn't be saved: what runs runs by it.
    unsaved: Option<Record>,
    /// What failed last: the machine is told no more than that something did.
    fault: Option<Fault>,
}

impl OnDisk {
    /// What is kept in `folder`, which must be there, and in these images.
    ///
    /// # Errors
    /// If a block device can't be opened.
    pub fn open(
        folder: PathBuf,
        images: [ImageFile; 2],
        image_bytes_max: Option<u32>,
        switch: Box<dyn Switch>,
        after_install: Option<Program>,
    ) -> Result<Self, Fault> {
        let mut bytes_max = image_bytes_max.unwrap_or(u32::MAX);
        for image in &images {
            image.check_place()?;
            let device = image.device_bytes()?.unwrap_or(u64::MAX);
            bytes_max = bytes_max.min(u32::try_from(device).unwrap_or(u32::MAX));
        }
        Ok(Self {
            folder,
            images,
            image_bytes_max: bytes_max,
            switch,
            after_install,
            in_use: None,
            disowned: None,
            kept: None,
            unsaved: None,
            fault: None,
        })
    }

    /// Who starts a slot.
    pub fn switch(&mut self) -> &mut dyn Switch {
        &mut *self.switch
    }

    /// Protects the slot that the system runs from: a device that knows no release of its own would install
    /// into the first slot, whatever runs there. And the slot that is `kept`, if it couldn't be looked at and so
    /// something else runs: by the record alone, an update would go there. Where a boot loader chose, nothing is `kept` so.
    pub fn protect(&mut self, in_use: Option<Slot>, kept: Option<Slot>) {
        self.in_use = in_use;
        self.kept = kept;
    }

    /// From here on, until one can be saved, the record is this one; none: the one on the disk.
    pub fn go_by(&mut self, unsaved: Option<Record>) {
        self.unsaved = unsaved;
    }

    /// Forgets what was accepted for a slot, since something else lies there. Returns whether it is forgotten for good;
    /// until the next start it is in any case.
    pub fn disown(&mut self, slot: Slot) -> bool {
        self.disowned = Some(slot);
        durable::remove(&self.head_path(slot)).is_ok()
    }

    /// What failed last, once.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// An outcome of this storage, with the fault that it is known for.
    ///
    /// # Errors
    /// That fault.
    pub fn known<T>(&mut self, outcome: Result<T, FlashError>) -> Result<T, Fault> {
        outcome.map_err(|error| {
            self.fault.take().unwrap_or_else(|| {
                let what = format!("{} can't be read: {error}", self.folder.display());
                Fault::new(
                    "agent.storage-failed",
                    what,
                    "Look at the kernel's log for that disk.",
                )
            })
        })
    }

    /// The newest record; none on a device that never had one.
    ///
    /// # Errors
    /// If it can't be read, or is damaged.
    pub fn kept_record(&self) -> Result<Option<Record>, Fault> {
        record_file::read(&self.path("record"))
    }

    fn prepare(&mut self, slot: Slot, image_bytes: u32) -> Result<(), Fault> {
        let image = &mut self.images[slot.number() as usize];
        image.close()?;
        self.switch.prepare(slot, image.path(), image_bytes.into())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn head_path(&self, slot: Slot) -> PathBuf {
        self.path(match slot {
            Slot::A => "a.head",
            Slot::B => "b.head",
        })
    }

    fn paper_path(&self, paper: Paper) -> PathBuf {
        self.path(match paper {
            Paper::Root => "root.cbor",
            Paper::Revocations => "revocations.cbor",
        })
    }

    fn read_head(&self, slot: Slot) -> Result<Option<Head<Vec<u8>>>, Fault> {
        match self.disowned == Some(slot) {
            true => Ok(None),
            false => head_file::read(&self.head_path(slot)),
        }
    }

    fn image(&mut self, slot: Slot) -> Result<&mut ImageFile, Fault> {
        if self.in_use == Some(slot) {
            return Err(Fault::new(
                "agent.slot-in-use",
                "the release would go into the slot that the system runs from",
                "Tell the agent what runs: mainstay-agent install --factory ARTIFACT.",
            ));
        }
        self.check_free(slot)?;
        Ok(&mut self.images[slot.number() as usize])
    }

    /// Whether a slot may be written to, for all that is known of it.
    fn check_free(&self, slot: Slot) -> Result<(), Fault> {
        match self.kept == Some(slot) {
            false => Ok(()),
            true => Err(Fault::new(
                "agent.slot-unread",
                "the release would go into the slot of the one that is kept, which couldn't be looked at",
                "Mend what keeps the agent from it: the log says what.",
            )),
        }
    }

    /// Nor may a record say that it will be.
    fn check_download(&self, record: &Record) -> Result<(), Fault> {
        let download = record.download.map(|download| download.slot);
        download.map_or(Ok(()), |slot| self.check_free(slot))
    }

    fn forget(&mut self, slot: Slot) -> Result<(), Fault> {
        self.image(slot)?;
        self.switch.erase(slot)?;
        durable::remove(&self.head_path(slot))?;
        self.disowned = self.disowned.filter(|disowned| *disowned != slot);
        self.image(slot)?.erase_from(0)
    }

    fn accept(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), Fault> {
        self.image(slot)?.reserve(head.image_bytes.into())?;
        head_file::write(&self.head_path(slot), head)
    }

    fn hand_over(&mut self, slot: Slot, boots: u8) -> Result<(), Fault> {
        let bytes = self.read_head(slot)?.map_or(0, |head| head.image_bytes);
        self.prepare(slot, bytes)?;
        if let Some(hook) = &self.after_install {
            let image = self.images[slot.number() as usize].path();
            let variables = [("MAINSTAY_IMAGE", image.display().to_string())];
            hook.run("hooks.after_install", &variables)?;
        }
        // Before the boot loader is told: no image is ever tried that nobody watches.
        durable::write(&self.path("on-trial"), b"")?;
        self.switch.arm(slot, boots)
    }

    fn settle_on(&mut self, slot: Slot) -> Result<(), Fault> {
        self.switch.settle(slot)?;
        durable::remove(&self.path("on-trial"))
    }

    fn sync_images(&mut self) -> Result<(), Fault> {
        self.images.iter_mut().try_for_each(ImageFile::sync)
    }

    /// Keeps what failed for whoever asks, and tells the machine that something did.
    fn remember<T>(&mut self, outcome: Result<T, Fault>) -> Result<T, FlashError> {
        outcome.map_err(|fault| self.fault.insert(fault).as_error())
    }
}

/// What fails while something is only read is told to the log by whoever asked.
fn unread(_: Fault) -> FlashError {
    FlashError::Failed
}

impl Storage for OnDisk {
    type View<'s> = Vec<u8>;

    fn grain(&self) -> Grain {
        Grain {
            image_bytes: self.image_bytes_max,
            page_bytes: PAGE_BYTES,
            write_bytes: 1,
            single_slot: false,
        }
    }

    fn record(&self) -> Result<Option<Record>, FlashError> {
        match &self.unsaved {
            Some(record) => Ok(Some(record.clone())),
            None => self.kept_record().map_err(unread),
        }
    }

    fn save_record(&mut self, record: &mut Record) -> Result<(), FlashError> {
        let free = self.check_download(record);
        self.remember(free)?;
        let synced = self.sync_images();
        self.remember(synced)?;
        record.number = record.number.saturating_add(1);
        let written = durable::write(&self.path("record"), &record.encode());
        self.remember(written)?;
        self.unsaved = None;
        Ok(())
    }

    fn paper(&self, paper: Paper) -> Result<Option<Vec<u8>>, FlashError> {
        durable::read(&self.paper_path(paper), paper.bytes_max() as u64).map_err(unread)
    }

    fn save_paper(&mut self, paper: Paper, document: &[u8]) -> Result<(), FlashError> {
        let written = durable::write(&self.paper_path(paper), document);
        self.remember(written)
    }

    fn head(&self, slot: Slot) -> Result<Option<Head<Vec<u8>>>, FlashError> {
        self.read_head(slot).map_err(unread)
    }

    fn write_head(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), FlashError> {
        let accepted = self.accept(slot, head);
        self.remember(accepted)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), FlashError> {
        let forgotten = self.forget(slot);
        self.remember(forgotten)
    }

    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError> {
        let erased = self
            .image(slot)
            .and_then(|image| image.erase_from(offset.into()));
        self.remember(erased)
    }

    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let written = self
            .image(slot)
            .and_then(|image| image.write(offset.into(), bytes));
        self.remember(written)
    }

    fn measure(
        &self,
        slot: Slot,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, FlashError> {
        let image = &self.images[slot.number() as usize];
        image.measure(length, algorithm, primitives).map_err(unread)
    }

    fn arm(&mut self, slot: Slot, boots: u8) -> Result<(), FlashError> {
        let armed = self.hand_over(slot, boots);
        self.remember(armed)
    }

    fn settle(&mut self, slot: Slot) -> Result<(), FlashError> {
        let settled = self.settle_on(slot);
        self.remember(settled)
    }
}

#[cfg(test)]
mod tests;
