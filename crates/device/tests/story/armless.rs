//! A boot loader of others that can't be told to try a new image: the installation ends, on this start and for good.

use mainstay_device::papers::Paper;
use mainstay_device::slot::Head;
use mainstay_device::{
    Device, FlashError, Grain, Record, Slot, Storage, Want, boot::power_up, observe,
};
use mainstay_protocol::{BootReason, Event, InstallFailure};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{DigestAlgorithm, Image, Primitives};

use crate::world::{Region, World};

/// A region whose boot loader is another's, out of reach, and starts slot A.
struct Armless {
    region: Region,
    /// What the boot loader was told to start.
    settled: Option<Slot>,
}

impl Storage for Armless {
    type View<'s> = Vec<u8>;

    fn grain(&self) -> Grain {
        self.region.grain()
    }

    fn record(&self) -> Result<Option<Record>, FlashError> {
        self.region.record()
    }

    fn save_record(&mut self, record: &mut Record) -> Result<(), FlashError> {
        self.region.save_record(record)
    }

    fn paper(&self, paper: Paper) -> Result<Option<Vec<u8>>, FlashError> {
        self.region.paper(paper)
    }

    fn save_paper(&mut self, paper: Paper, document: &[u8]) -> Result<(), FlashError> {
        self.region.save_paper(paper, document)
    }

    fn head(&self, slot: Slot) -> Result<Option<Head<Vec<u8>>>, FlashError> {
        self.region.head(slot)
    }

    fn write_head(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), FlashError> {
        self.region.write_head(slot, head)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), FlashError> {
        self.region.erase(slot)
    }

    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError> {
        self.region.erase_image_from(slot, offset)
    }

    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.region.write_image(slot, offset, bytes)
    }

    fn measure(
        &self,
        slot: Slot,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, FlashError> {
        self.region.measure(slot, length, algorithm, primitives)
    }

    fn arm(&mut self, _slot: Slot, _boots: u8) -> Result<(), FlashError> {
        Err(FlashError::Hindered(InstallFailure::HookFailed))
    }

    fn settle(&mut self, slot: Slot) -> Result<(), FlashError> {
        self.settled = Some(slot);
        Ok(())
    }
}

#[test]
fn a_trial_that_no_boot_loader_heard_of_is_taken_back() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &[1; 2500]);
    let second = world.vendor.release(2, &[&first], &[2; 2500]);
    let mut region = world.factory(&first);
    let booted = power_up(&mut region, &RustCrypto, world.now_ms / 1000).expect("flash works");
    let storage = Armless {
        region,
        settled: None,
    };
    let started = Device::start(storage, RustCrypto, world.config(), booted, world.now_ms);
    let mut device = started.map_err(|(_, error)| error).expect("flash works");
    world.offered = Some(second.clone());
    while !matches!(device.wants(world.now_ms), Want::Sleep { .. })
        || !world.events.iter().any(|event| event.kind() == "failed")
    {
        world.serve_one(&mut device).expect("the power stays");
    }
    let failed = Event::Failed {
        manifest: second.manifest,
        cause: InstallFailure::HookFailed,
    };
    assert!(world.events.contains(&failed), "{:?}", world.events);
    let (storage, ..) = device.power_off();
    assert_eq!(storage.settled, Some(Slot::A));
    let mut record = storage.record().expect("flash works").expect("a record");
    assert_eq!(record.trial, None);
    let seen = observe::Seen {
        slot: Slot::A,
        spent: false,
    };
    let booted = observe::observe(&mut record, seen, observe::Look::First, 0);
    assert_eq!(booted.reason, BootReason::Confirmed);
}
