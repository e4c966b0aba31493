//! What the cast packs: manifests, and the envelopes that its people sign.

use crate::people::{Person, approving, block, bytes_of, engineer, header, manager};
use mainstay_trust::envelope::{
    DigestAlgorithm, ENVELOPE_BYTES_MAX, Envelope, SUIT_DIGEST_BYTES_MAX, SuitDigest,
    manifest_digest,
};
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::{
    Banks, BootloaderVersion, Digest, Digest384, Image, List, Manifest, RustCrypto,
};

/// A manifest with every field filled.
pub fn manifest() -> Manifest<'static> {
    let mut manifest = Manifest {
        digest: Digest::ZERO,
        sequence: 12,
        vendor_id: [0x11; 16],
        class_id: [0x22; 16],
        image_digest: Digest([0x33; 32]),
        image_bytes: 40_960,
        version: "1.1.0",
        security_floor: 10,
        use_before: Some(1_760_000_000),
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: List::from(&[Digest([0x44; 32])][..]),
        sbom: Some(Digest([0x55; 32])),
        provenance: Some(Digest([0x66; 32])),
        image_sha384: None,
        banks: None,
    };
    manifest.digest = identity(&manifest);
    manifest
}

/// The same, bound by SHA-384.
pub fn bound_by_sha384() -> Manifest<'static> {
    let mut manifest = Manifest {
        image_sha384: Some(Digest384::new([0x38; 48])),
        ..manifest()
    };
    manifest.digest = identity(&manifest);
    manifest
}

/// A manifest for devices that start images where they lie: 20,000 bytes for bank A, the rest for bank B.
pub fn for_two_banks() -> Manifest<'static> {
    let image = |bytes, byte| Image {
        bytes,
        digest: Digest([byte; 32]),
        sha384: None,
    };
    let mut manifest = Manifest {
        banks: Banks::known([image(20_000, 0x3a), image(20_960, 0x3b)]),
        ..manifest()
    };
    manifest.digest = identity(&manifest);
    manifest
}

pub fn manifest_bytes(manifest: &Manifest<'_>) -> Vec<u8> {
    bytes_of(MANIFEST_BYTES_MAX, |buf| manifest.encode(buf))
}

pub fn identity(manifest: &Manifest<'_>) -> Digest {
    manifest_digest(&manifest_bytes(manifest), &RustCrypto)
}

/// An envelope around `manifest` with the blocks that `sign` makes of the encoded SUIT_Digest.
pub fn envelope(manifest: &Manifest<'_>, sign: impl FnOnce(&[u8]) -> Vec<Vec<u8>>) -> Vec<u8> {
    enveloped(
        &manifest_bytes(manifest),
        manifest.image().algorithm(),
        sign,
    )
}

/// As [`envelope`], of manifest bytes that are bound by `algorithm`, whatever they say.
pub fn enveloped(
    manifest: &[u8],
    algorithm: DigestAlgorithm,
    sign: impl FnOnce(&[u8]) -> Vec<Vec<u8>>,
) -> Vec<u8> {
    let digest = SuitDigest::of(manifest, algorithm, &RustCrypto).unwrap();
    let blocks = sign(digest.encode(&mut [0; SUIT_DIGEST_BYTES_MAX]));
    let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    let blocks = List::from(&blocks[..]);
    let envelope = Envelope {
        digest,
        blocks,
        manifest,
    };
    bytes_of(ENVELOPE_BYTES_MAX, |buf| envelope.encode(buf))
}

pub fn build(person: &Person, payload: &[u8]) -> Vec<u8> {
    block(person, header(person), payload)
}

pub fn approve(person: &Person, payload: &[u8]) -> Vec<u8> {
    block(person, approving(person), payload)
}

/// Built by the engineer, approved by the manager.
pub fn good_envelope() -> Vec<u8> {
    good_envelope_of(&manifest())
}

/// As [`good_envelope`], of another release.
pub fn good_envelope_of(manifest: &Manifest<'_>) -> Vec<u8> {
    envelope(manifest, |payload| {
        vec![build(&engineer(), payload), approve(&manager(), payload)]
    })
}
