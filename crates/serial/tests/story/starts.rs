//! The start of a bundle file, however much of it has come.

use mainstay_serial::{BundleStart, BundleStartError};
use proptest::prelude::*;

use crate::world::{World, image};

#[test]
fn the_start_is_whole_at_the_images_first_byte_and_not_before() {
    let world = World::new();
    let image = image(2);
    let envelope = world.envelope("B", 2, &image);
    let file = world.bundle(&envelope, &image);
    let documents = file.len() - image.len();
    for length in 0..documents {
        assert_eq!(BundleStart::read(&file[..length]), Ok(None), "{length}");
    }
    for length in [documents, file.len()] {
        let start = BundleStart::read(&file[..length]).expect("a bundle");
        let start = start.expect("all documents");
        assert_eq!((start.bytes, start.image_bytes), (documents, 4331));
        assert_eq!(start.parts().envelope, envelope);
        assert_eq!(start.parts().roots, [world.config().root]);
    }
}

proptest! {
    /// What is no bundle stays none, whatever follows; what is one says the same with more behind it.
    #[test]
    fn more_bytes_never_change_an_answer(
        tail in prop::collection::vec(any::<u8>(), 0..80),
        more in any::<u8>(),
    ) {
        let bytes = [&b"\xdaMSTB\x85"[..], &tail].concat();
        let longer = [&bytes[..], &[more]].concat();
        match BundleStart::read(&bytes) {
            Ok(None) => {}
            answer => prop_assert_eq!(answer, BundleStart::read(&longer)),
        }
    }
}

#[test]
fn what_begins_otherwise_is_named() {
    for (expected, bytes) in [
        (BundleStartError::NotABundle, &b"\x7fELF"[..]),
        (BundleStartError::NotABundle, b"\xdaMSTB\x84"),
        (BundleStartError::MalformedHead, b"\xdaMSTB\x85\x9f"),
        (BundleStartError::MalformedHead, b"\xdaMSTB\x85\x81\x40"),
        (BundleStartError::MalformedHead, b"\xdaMSTB\x85\x81\x58\x17"),
        (BundleStartError::RootCount, b"\xdaMSTB\x85\x80"),
        (BundleStartError::RootCount, b"\xdaMSTB\x85\x91"),
    ] {
        assert_eq!(BundleStart::read(bytes), Err(expected), "{bytes:02x?}");
    }
}
