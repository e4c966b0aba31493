//! Each defect of an image by its name, and all of them at once.

use std::io::{Cursor, Write as _};

use mainstay_trust::{Hasher as _, Primitives as _};

use super::fixture::*;
use crate::Signer;
use crate::mcuboot::tlv::{self, Area, TlvType};
use crate::mcuboot::{Dependency, Facts, Header, IMAGE_BYTES_MAX, ImageVersion, accept};

/// Entries of an area, before they are bytes.
type Entries = Vec<(TlvType, Vec<u8>)>;

/// An image in parts, hashed and signed only when it is put together.
struct Draft {
    flags: u32,
    protected: Entries,
    /// In place of hash, key and signature, if any.
    unprotected: Option<Entries>,
    behind: Vec<u8>,
}

impl Draft {
    fn good() -> Self {
        Self {
            flags: 0,
            protected: vec![(TlvType::SEC_CNT, vec![7, 0, 0, 0])],
            unprotected: None,
            behind: Vec::new(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let protected = area(Area::Protected, &self.protected);
        let protected = if self.protected.is_empty() {
            Vec::new()
        } else {
            protected
        };
        let header = Header {
            load_address: 0,
            header_bytes: 32,
            protected_bytes: protected.len() as u16,
            image_bytes: PROGRAM.len() as u32,
            flags: self.flags,
            version: ImageVersion::default(),
        };
        let hashed = [&header.encode(), PROGRAM, &protected].concat();
        let unprotected = match &self.unprotected {
            Some(entries) => entries.clone(),
            None => signed(&hashed),
        };
        [
            hashed,
            area(Area::Unprotected, &unprotected),
            self.behind.clone(),
        ]
        .concat()
    }

    /// The defects of the image, with no key given.
    fn ids(&self) -> Vec<&'static str> {
        ids(accept(&mut Cursor::new(self.bytes()), None, &BothCurves))
    }
}

fn area(area: Area, entries: &Entries) -> Vec<u8> {
    let borrowed: Vec<_> = entries.iter().map(|(k, v)| (*k, v.as_slice())).collect();
    tlv::encode(area, &borrowed)
}

/// Hash, key and signature, as they should be.
fn signed(hashed: &[u8]) -> Entries {
    let mut hasher = BothCurves.hasher();
    hasher.update(hashed);
    let hash = hasher.finish().0;
    let signature = EdSigner::new(1).sign(&hash).unwrap();
    vec![
        (TlvType::SHA256, hash.to_vec()),
        (TlvType::KEYHASH, vec![1; 32]),
        (TlvType::ED25519, signature),
    ]
}

fn check(change: impl FnOnce(&mut Draft), expected: &[&str]) {
    let mut draft = Draft::good();
    change(&mut draft);
    assert_eq!(draft.ids(), expected);
}

#[test]
fn flags_and_what_lies_behind() {
    check(|_| (), &[]);
    check(|d| d.flags = 0x20 | 0x10, &[]);
    check(|d| d.flags = 0x1, &["mcuboot.flags"]);
    check(|d| d.flags = 0x8000_0000, &["mcuboot.flags"]);
    check(|d| d.flags = 0x4, &["mcuboot.encrypted"]);
    check(|d| d.behind = vec![0xff; 16], &["mcuboot.trailing-bytes"]);
}

#[test]
fn protected_entries() {
    let counter = |len: usize| (TlvType::SEC_CNT, vec![0; len]);
    let add = |entry| move |d: &mut Draft| d.protected.push(entry);
    check(|d| d.protected.clear(), &[]);
    check(add((TlvType(0xa0), vec![1])), &[]);
    check(add((TlvType::DEPENDENCY, vec![0; 12])), &[]);
    check(
        add((TlvType::DEPENDENCY, vec![0; 11])),
        &["mcuboot.tlv-length"],
    );
    check(add(counter(4)), &["mcuboot.tlv-repeated"]);
    check(
        add((TlvType::SHA256, vec![0; 32])),
        &["mcuboot.tlv-misplaced"],
    );
    check(
        add((TlvType::ED25519, vec![0; 64])),
        &["mcuboot.tlv-misplaced"],
    );
    check(|d| d.protected = vec![counter(8)], &["mcuboot.tlv-length"]);
}

#[test]
fn unprotected_entries() {
    let instead = |entries: Entries| move |d: &mut Draft| d.unprotected = Some(entries);
    let hash = (TlvType::SHA256, vec![0; 32]);
    let signature = (TlvType::ED25519, vec![0; 64]);
    check(
        instead(vec![]),
        &["mcuboot.hash-missing", "mcuboot.unsigned"],
    );
    check(
        instead(vec![hash.clone()]),
        &["mcuboot.hash", "mcuboot.unsigned"],
    );
    check(
        instead(vec![(TlvType::SHA512, vec![0; 64]), signature.clone()]),
        &["mcuboot.hash-algorithm"],
    );
    check(
        instead(vec![hash.clone(), hash.clone(), signature.clone()]),
        &["mcuboot.tlv-repeated", "mcuboot.hash"],
    );
    check(
        instead(vec![
            hash.clone(),
            (TlvType::SIG_PURE, vec![1]),
            signature.clone(),
        ]),
        &["mcuboot.hash", "mcuboot.signature-pure"],
    );
    check(
        instead(vec![
            (TlvType::SEC_CNT, vec![0; 4]),
            (TlvType(0xa0), vec![]),
            hash,
            (TlvType::ED25519, vec![0; 63]),
        ]),
        &[
            "mcuboot.tlv-misplaced",
            "mcuboot.tlv-misplaced",
            "mcuboot.tlv-length",
            "mcuboot.hash",
        ],
    );
}

#[test]
fn each_broken_frame_is_named() {
    let good = Draft::good().bytes();
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let found = accept(&mut Cursor::new(&bytes), None, &BothCurves);
        assert_eq!(ids(found), [expected]);
    };
    let tlvs = 32 + PROGRAM.len();
    check(&Vec::clear, "mcuboot.not-an-image");
    check(&|b| b[0] ^= 1, "mcuboot.not-an-image");
    check(&|b| b.truncate(31), "mcuboot.cut-short");
    check(&|b| b[8] = 31, "mcuboot.header-size");
    check(&|b| b[12] = 0, "mcuboot.empty");
    check(&|b| b[15] = 0xff, "mcuboot.cut-short");
    check(&|b| b.truncate(b.len() - 1), "mcuboot.cut-short");
    check(&|b| b[tlvs] ^= 1, "mcuboot.tlv-area");
    check(&|b| b[tlvs + 2] = 3, "mcuboot.tlv-area-size");
    check(&|b| b[10] = 16, "mcuboot.tlv-area-size");
    check(&|b| b[10] = 0, "mcuboot.tlv-area");
    check(&|b| b[tlvs + 6] = 5, "mcuboot.tlv-overrun");
    check(&|b| b.push(0), "mcuboot.trailing-bytes");
}

/// A good image, and holes behind it up to the bound: with one byte more, its size is what is told.
#[test]
fn what_is_larger_than_any_flash_is_told_so() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&Draft::good().bytes()).unwrap();
    for (bytes, expected) in [
        (IMAGE_BYTES_MAX, "mcuboot.trailing-bytes"),
        (IMAGE_BYTES_MAX + 1, "mcuboot.too-large"),
        (2 << 30, "mcuboot.too-large"),
    ] {
        file.set_len(bytes).unwrap();
        assert_eq!(ids(accept(&mut file, None, &BothCurves)), [expected]);
    }
}

#[test]
fn facts_of_everything_that_an_image_may_say() {
    let mut draft = Draft::good();
    draft.flags = 0x20;
    let other = [3, 0, 0, 0, 1, 2, 3, 0, 4, 0, 0, 0].to_vec();
    draft.protected.push((TlvType::DEPENDENCY, other));
    let bytes = draft.bytes();
    let facts = accept(&mut Cursor::new(&bytes), None, &BothCurves).unwrap();
    let Facts {
        version,
        security_counter,
        flags,
        dependencies,
        ..
    } = facts;
    assert_eq!((version.as_str(), security_counter), ("0.0.0", Some(7)));
    assert_eq!(flags, ["RAM_LOAD"]);
    let expected = Dependency {
        image: 3,
        version_min: "1.2.3+4".to_owned(),
    };
    assert_eq!(dependencies, [expected]);
}
