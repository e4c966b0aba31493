//! The papers that a device finds in its flash, after any accident and any attack at the chip: the
//! checksums are put right, as an attacker would.

use mainstay_device::papers::{HEADER_BYTES, claimed_version};
use mainstay_device::{Flash as _, Layout, OnFlash, Paper, Papers, SimulatedNor, Storage as _};
use mainstay_trust::RustCrypto;

use crate::Target;
use crate::policy::{GOLDEN, ROOT};
use crate::storage::{CRC, flash, layout};

pub(crate) const PAPERS: Target = Target {
    name: "papers",
    bytes_max: 4 * 1024,
    check: check_papers,
    seeds: |fixtures| {
        let (root, revocations) = (fixtures.golden("root-2"), fixtures.golden("revocations"));
        vec![copies(&root, &revocations), copies(b"", b"")]
    },
};

/// Where the checksum stands in a copy's header, by the table in `papers.rs` of the device.
const CRC_AT: usize = 12;

/// The bytes of the first copies of both papers, behind the length of the first in two bytes.
fn copies(root: &[u8], revocations: &[u8]) -> Vec<u8> {
    let copy = |document: &[u8]| {
        let mut bytes = [0xff; HEADER_BYTES];
        bytes[..4].copy_from_slice(b"MSP1");
        bytes[4..8].copy_from_slice(&1_u32.to_le_bytes());
        let length = u32::try_from(document.len()).expect("a small document");
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        [&bytes[..], document].concat()
    };
    let root = copy(root);
    let length = u16::try_from(root.len()).expect("a small document");
    [&length.to_be_bytes()[..], &root, &copy(revocations)].concat()
}

/// Whatever lies there, the device has papers; never older ones than the factory's, and once they are
/// saved again, the same ones.
fn check_papers(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (root, revocations) = rest.split_at(length);
    let (mut flash, layout) = (flash(), layout());
    put(&mut flash, &layout, Paper::Root, root);
    put(&mut flash, &layout, Paper::Revocations, revocations);
    let region = OnFlash::open(flash, layout).expect("flash works");
    let papers = Papers::lent_by(&region).expect("flash works");
    let opened = papers
        .open(&GOLDEN.root, &RustCrypto)
        .expect("the factory's root is good");
    let version = opened.root.get().version;
    assert!(version >= ROOT.get().version, "older than the factory's");
    if version > ROOT.get().version {
        let kept = &root[HEADER_BYTES..][..stated_length(root)];
        assert_eq!(
            claimed_version(kept),
            Some(version),
            "of no paper that lies there"
        );
    }
    assert_eq!(opened.held().is_some(), opened.revocations.is_some());
    let mut saved = region.clone();
    for paper in [Paper::Root, Paper::Revocations] {
        if let Some(document) = region.paper(paper).expect("flash works") {
            saved.save_paper(paper, &document).expect("flash works");
        }
    }
    let again = Papers::lent_by(&saved).expect("flash works");
    let again = again
        .open(&GOLDEN.root, &RustCrypto)
        .expect("the factory's root is good");
    assert_eq!(again.root.get().version, version, "saved again, it differs");
    assert_eq!(again.held(), opened.held(), "saved again, it differs");
}

/// Writes a copy of a paper, with its checksum put right if its length can be.
fn put(flash: &mut SimulatedNor, layout: &Layout, paper: Paper, bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    bytes.truncate(HEADER_BYTES + paper.bytes_max());
    let length = stated_length(&bytes);
    bytes.resize(bytes.len().max(HEADER_BYTES), 0xff);
    let mut document = bytes[HEADER_BYTES..].to_vec();
    // What isn't written reads as erased flash.
    document.resize(length.min(paper.bytes_max()), 0xff);
    let mut digest = CRC.digest();
    digest.update(&bytes[..CRC_AT]);
    digest.update(&document);
    bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&digest.finalize().to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0xff);
    flash
        .write(layout.paper(paper, 0), &bytes)
        .expect("a copy fits its pages");
    // A copy without a seal wouldn't count, whatever it says.
    let last = layout.paper_pages(paper, 0).last().expect("it has pages");
    let end = last + layout.page_bytes();
    flash
        .write(end - layout.write_bytes(), &[0; 4])
        .expect("the last seal's place is free");
}

fn stated_length(bytes: &[u8]) -> usize {
    let length = bytes.get(8..12).and_then(|field| field.try_into().ok());
    length.map_or(0, |field| u32::from_le_bytes(field) as usize)
}
