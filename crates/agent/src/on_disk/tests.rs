//! What is kept, found by the next process; damaged heads; and slots that nobody writes to.

use mainstay_keys::HostPrimitives;

use super::*;
use crate::slots::fake::FakeSwitch;

fn parts(folder: &tempfile::TempDir) -> OnDisk {
    let image = |name: &str| ImageFile::at(folder.path().join(name));
    let images = [image("a.image"), image("b.image")];
    let switch = Box::new(FakeSwitch::default());
    OnDisk::open(folder.path().into(), images, Some(1000), switch, None).expect("opens")
}

fn head(image: &[u8]) -> Head<&'static [u8]> {
    Head {
        image_bytes: image.len() as u32,
        image_digest: HostPrimitives.digest(image),
        root_version: 7,
        epoch: 2,
        envelope: b"envelope",
    }
}

#[test]
fn what_is_kept_is_found_by_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut storage = parts(&folder);
    assert_eq!(storage.record(), Ok(None));
    let mut record = Record::default();
    record.counters.time = 9;
    storage.save_record(&mut record).expect("saves");
    storage.save_paper(Paper::Root, b"root").expect("saves");
    storage.write_head(Slot::B, &head(b"image")).expect("saves");
    storage.write_image(Slot::B, 0, b"image").expect("writes");
    let mut storage = parts(&folder);
    assert_eq!(storage.record(), Ok(Some(record)));
    assert_eq!(
        storage.paper(Paper::Root).expect("reads").as_deref(),
        Some(&b"root"[..])
    );
    let found = storage.head(Slot::B).expect("reads").expect("is there");
    assert_eq!((found.root_version, found.epoch), (7, 2));
    assert_eq!(found.envelope, b"envelope");
    assert_eq!(storage.look_at(Slot::B), Look::Good);
    assert_eq!(storage.look_at(Slot::A), Look::Bad, "it holds nothing");
    storage.write_image(Slot::B, 1, b"x").expect("writes");
    assert_eq!(storage.look_at(Slot::B), Look::Bad, "another image");
}

#[test]
fn a_damaged_head_is_none_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = parts(&folder);
    for bytes in [&b""[..], b"MSH1", &[0; 47], &[0xff; 972], &[0; 972]] {
        std::fs::write(folder.path().join("a.head"), bytes).expect("writes");
        assert!(storage.head(Slot::A).expect("reads").is_none());
    }
}

#[test]
fn the_slot_in_use_is_never_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut storage = parts(&folder);
    storage.protect(Some(Slot::A), None);
    assert!(storage.erase(Slot::A).is_err());
    assert_eq!(
        storage.take_fault().expect("is kept").id,
        "agent.slot-in-use"
    );
    assert!(storage.write_image(Slot::A, 0, b"x").is_err());
    assert!(storage.erase(Slot::B).is_ok());
}
