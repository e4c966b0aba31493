//! Images of up to 2 GiB, which no microcontroller has room for: the numbers of a whole download hold, and what a cut left of it is gone on with.

use mainstay_device::papers::Paper;
use mainstay_device::slot::Head;
use mainstay_device::{
    Config, Device, FlashError, Grain, Record, Slot, Storage, Want, boot::power_up,
};
use mainstay_protocol::Event;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{
    Digest, DigestAlgorithm, Envelope, Image, List, Manifest, Primitives, SuitDigest,
};

use crate::vendor::{Release, Vendor};
use crate::world::{Region, World};

/// Bytes of the largest image.
const IMAGE_BYTES: u32 = (1 << 31) - 1;
/// What comes at once: not a part of the image's size, so that the last piece is a shorter one.
const FETCH_BYTES: u32 = 100 << 20;
/// What is fetched from one checkpoint to the next.
const CHECKPOINT_BYTES: u32 = 300 << 20;

/// A region beside a partition for slot B that keeps no bytes, and is believed about what lies there.
struct Partition {
    region: Region,
    holds: Image,
    written: u32,
}

impl Storage for Partition {
    type View<'s> = Vec<u8>;

    fn grain(&self) -> Grain {
        Grain {
            image_bytes: u32::MAX,
            ..self.region.grain()
        }
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
        self.written = 0;
        self.region.erase(slot)
    }

    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError> {
        assert_eq!(slot, Slot::B);
        assert!(offset <= self.written, "what was said to be there is");
        self.written = offset;
        Ok(())
    }

    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        assert_eq!((slot, offset), (Slot::B, self.written));
        self.written += u32::try_from(bytes.len()).expect("a piece");
        Ok(())
    }

    fn measure(
        &self,
        slot: Slot,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, FlashError> {
        match slot {
            Slot::A => self.region.measure(slot, length, algorithm, primitives),
            Slot::B => {
                assert_eq!(length, self.written);
                Ok(self.holds)
            }
        }
    }

    fn arm(&mut self, _slot: Slot, _boots: u8) -> Result<(), FlashError> {
        Ok(())
    }

    fn settle(&mut self, _slot: Slot) -> Result<(), FlashError> {
        Ok(())
    }
}

/// A release that says its image has so many bytes.
fn large(vendor: &Vendor) -> Release {
    let small = vendor.build(&Vendor::request("B", 2, &[]), &[2; 100]);
    let envelope = Envelope::parse(&small.envelope).expect("packed");
    let manifest = Manifest {
        image_bytes: IMAGE_BYTES,
        ..envelope.open(&RustCrypto).expect("packed")
    };
    let mut bytes = [0; MANIFEST_BYTES_MAX];
    let length = manifest.encode(&mut bytes).expect("it fits");
    let manifest = &bytes[..length];
    let digest = SuitDigest::of(manifest, DigestAlgorithm::Sha256, &RustCrypto);
    let envelope = Envelope {
        digest: digest.expect("SHA-256 is there"),
        blocks: List::default(),
        manifest,
    };
    let mut bytes = vec![0; ENVELOPE_BYTES_MAX];
    let length = envelope.encode(&mut bytes).expect("it fits");
    vendor.approve(vendor.sign(&bytes[..length], Vec::new()))
}

fn image_of(release: &Release) -> Image {
    let envelope = Envelope::parse(&release.envelope).expect("signed");
    let manifest = envelope.open(&RustCrypto).expect("signed");
    Image {
        bytes: IMAGE_BYTES.into(),
        digest: manifest.image_digest,
        sha384: None,
    }
}

#[test]
fn an_image_of_2_gib_is_fetched_cut_off_and_gone_on_with() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &[1; 2500]);
    let second = large(&world.vendor);
    let mut region = world.factory(&first);
    let booted = power_up(&mut region, &RustCrypto, world.now_ms / 1000).expect("flash works");
    let mut storage = Partition {
        region,
        holds: image_of(&second),
        written: 0,
    };
    world.offered = Some(second.clone());
    let zeros = vec![0; FETCH_BYTES as usize];
    let mut offsets = Vec::new();
    // The first life ends after 1.7 GiB, the second one with the image.
    for pieces in [17, u32::MAX] {
        let config = Config {
            fetch_bytes: FETCH_BYTES,
            checkpoint_bytes: CHECKPOINT_BYTES,
            ..world.config()
        };
        let started = Device::start(storage, RustCrypto, config, booted, world.now_ms);
        let mut device = started.map_err(|(_, error)| error).expect("flash works");
        let mut fetched = 0;
        while fetched < pieces {
            match device.wants(world.now_ms) {
                Want::Reboot => break,
                Want::Fetch { offset, left, .. } => {
                    offsets.push((offset, left));
                    let taken = device.take_image_bytes(&zeros[..left as usize], world.now_ms);
                    taken.expect("flash works");
                    fetched += 1;
                }
                _ => world.serve_one(&mut device).expect("the power stays"),
            }
        }
        (storage, ..) = device.power_off();
    }
    assert_eq!(storage.written, IMAGE_BYTES);
    let resumed = offsets[17].0;
    assert_eq!(resumed, 15 * FETCH_BYTES, "from the last checkpoint on");
    let ends: Vec<u64> = offsets
        .iter()
        .map(|(offset, left)| u64::from(*offset) + u64::from(*left))
        .collect();
    assert_eq!(ends.last(), Some(&u64::from(IMAGE_BYTES)));
    assert!(ends.iter().all(|end| *end <= u64::from(IMAGE_BYTES)));
    let record = storage.record().expect("flash works").expect("a record");
    let trial = record.trial.expect("it is to be tried");
    assert_eq!((trial.slot, trial.manifest), (Slot::B, second.manifest));
    assert_ne!(trial.manifest, Digest::ZERO);
    let installed = Event::Installed {
        manifest: second.manifest,
    };
    assert!(
        record
            .reports
            .iter()
            .any(|report| report.event == installed)
    );
}
