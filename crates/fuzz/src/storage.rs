//! What a device finds in its flash after any accident: a record and a slot's head, with the checksum
//! put right, as an attacker at the chip would.

use crc::{CRC_32_ISO_HDLC, Crc};
use mainstay_device::journal;
use mainstay_device::record_wire::RECORD_BYTES;
use mainstay_device::slot::{self, HEAD_BYTES, Head, Slot};
use mainstay_device::{Flash, Layout, Record, SimulatedNor};
use mainstay_trust::{Digest, RustCrypto};

use crate::Target;

pub(crate) const RECORD: Target = Target {
    name: "record",
    bytes_max: RECORD_BYTES,
    check: check_record,
    seeds: |_| vec![Record::default().encode().to_vec()],
};

pub(crate) const SLOT: Target = Target {
    name: "slot",
    bytes_max: 4 * 1024,
    check: check_slot,
    seeds: |fixtures| {
        fixtures
            .hex("envelope")
            .iter()
            .filter_map(|e| head(e))
            .collect()
    },
};

pub(crate) const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A micro:bit's pages, with room for one page of image.
pub(crate) fn layout() -> Layout {
    Layout::new(1024, 4, 1024).expect("sizes of a part in use")
}

pub(crate) fn flash() -> SimulatedNor {
    SimulatedNor::new(layout().total_bytes(), 1024, 4)
}

/// Any whole record can be saved and is read back as it was.
fn check_record(bytes: &[u8]) {
    let mut whole = [0; RECORD_BYTES];
    let length = bytes.len().min(RECORD_BYTES - 4);
    whole[..length].copy_from_slice(&bytes[..length]);
    let crc = CRC.checksum(&whole[..RECORD_BYTES - 4]);
    whole[RECORD_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    let Some(mut record) = Record::decode(&whole) else {
        return;
    };
    assert_eq!(
        Record::decode(&record.encode()),
        Some(record.clone()),
        "written again, it differs"
    );
    let mut flash = flash();
    journal::save(&mut flash, &layout(), &mut record).expect("flash works");
    let found = journal::load(&flash, &layout())
        .expect("flash works")
        .expect("a record");
    assert_eq!(found, record);
}

/// Any head is read as one, or isn't; what it says of a manifest is only ever a manifest's.
fn check_slot(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some((fixed, envelope)) = bytes.split_at_mut_checked(HEAD_BYTES) {
        let mut digest = CRC.digest();
        digest.update(&fixed[..HEAD_BYTES - 4]);
        digest.update(envelope);
        fixed[HEAD_BYTES - 4..].copy_from_slice(&digest.finalize().to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0xff);
    let (mut flash, layout) = (flash(), layout());
    flash
        .write(layout.head(Slot::A), &bytes)
        .expect("a head fits its pages");
    let head = slot::load(&flash, &layout, Slot::A).expect("flash works");
    if let Some(manifest) = head.as_ref().and_then(|head| head.manifest(&RustCrypto)) {
        assert_ne!(manifest.image_bytes, 0);
    }
}

/// The bytes of a slot that holds `envelope`.
fn head(envelope: &[u8]) -> Option<Vec<u8>> {
    let (mut flash, layout) = (flash(), layout());
    let head = Head {
        image_bytes: 1024,
        image_digest: Digest([3; 32]),
        root_version: 1,
        epoch: 0,
        envelope,
    };
    slot::save(&mut flash, &layout, Slot::A, &head).ok()?;
    let mut bytes = vec![0; HEAD_BYTES + envelope.len()];
    flash.read(layout.head(Slot::A), &mut bytes).ok()?;
    Some(bytes)
}
