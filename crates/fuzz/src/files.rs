//! The artifact file: its frame, and what is said of an envelope that nobody has verified.

use std::io::Cursor;

use mainstay_artifact::container::{ArtifactFile, to_bytes};
use mainstay_artifact::inspect;
use mainstay_trust::RustCrypto;

use crate::Target;
use crate::policy::ROOT;

pub(crate) const CONTAINER: Target = Target {
    name: "container",
    bytes_max: 4 * 1024,
    check: check_container,
    seeds: |fixtures| {
        let image = [0x5a; 300];
        let file = |envelope: &Vec<u8>| to_bytes(envelope, &image).ok();
        fixtures.hex("envelope").iter().filter_map(file).collect()
    },
};

pub(crate) const INSPECT: Target = Target {
    name: "inspect",
    bytes_max: 4 * 1024,
    check: |bytes| {
        let _ = inspect(bytes, None, &RustCrypto);
        let _ = inspect(bytes, Some(&ROOT), &RustCrypto);
    },
    seeds: |fixtures| fixtures.hex("envelope"),
};

/// One artifact has one file; and reading it as a stream finds the same.
fn check_container(bytes: &[u8]) {
    let file = ArtifactFile::from_bytes(bytes);
    let streamed = ArtifactFile::read(&mut Cursor::new(bytes));
    assert_eq!(
        file.as_ref().ok(),
        streamed.as_ref().ok(),
        "the stream differs"
    );
    if let Ok(file) = file {
        let again =
            to_bytes(&file.envelope, file.payload(bytes)).expect("what was read can be written");
        assert_eq!(again, bytes, "read and written again, it differs");
    }
}
