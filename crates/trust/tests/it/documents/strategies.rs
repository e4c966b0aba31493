//! Documents of every kind with any values that they may have.

use crate::people::{self, Draft, leaked};
use mainstay_trust::cose::{Approval, Protected};
use mainstay_trust::{
    Banks, BootloaderVersion, BundleStatement, Digest, Digest384, Image, KeyId, KeyState, Manifest,
    Mark, Minimum, Revocations, Role, Schedule, Status, SuitDigest,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(super) fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

pub(super) fn digest384() -> impl Strategy<Value = Digest384> {
    any::<[u8; 48]>().prop_map(Digest384::new)
}

pub(super) fn suit_digests() -> impl Strategy<Value = SuitDigest> {
    prop_oneof![
        digest().prop_map(SuitDigest::Sha256),
        digest384().prop_map(SuitDigest::Sha384)
    ]
}

pub(super) fn text(max: usize) -> impl Strategy<Value = &'static str> {
    vec(0x21_u8..0x7f, 1..=max).prop_map(|bytes| &*String::from_utf8(bytes).unwrap().leak())
}

/// A payload of so many bytes, cut somewhere in it; none if it is too short to be cut.
fn banks(bytes: u32, cut: u32, digests: [(Digest, Digest384); 2], longer: bool) -> Option<Banks> {
    let a = 1 + cut % bytes.checked_sub(1).filter(|room| *room > 0)?;
    let [(a_digest, a_sha384), (b_digest, b_sha384)] = digests;
    let image = |bytes: u32, digest, sha384| Image {
        bytes: bytes.into(),
        digest,
        sha384: longer.then_some(sha384),
    };
    Banks::known([
        image(a, a_digest, a_sha384),
        image(bytes - a, b_digest, b_sha384),
    ])
}

prop_compose! {
    pub(super) fn manifests()(
        (sequence, below) in any::<(u64, u64)>(),
        (vendor_id, class_id, major, minor, patch) in any::<([u8; 16], [u8; 16], u16, u16, u16)>(),
        image_digest in digest(),
        image_bytes in 1_u32..,
        version in text(64),
        use_before in option::of(any::<u64>()),
        returns_to in vec(digest(), 0..=4),
        sbom in option::of(digest()),
        provenance in option::of(digest()),
        image_sha384 in option::of(digest384()),
        (cut, bank_a, bank_b) in (option::of(0_u32..u32::MAX), (digest(), digest384()), (digest(), digest384())),
    ) -> Manifest<'static> {
        Manifest {
            digest: Digest::ZERO, sequence, vendor_id, class_id, image_digest, image_bytes, version,
            security_floor: below.min(sequence), use_before,
            bootloader_min: BootloaderVersion { major, minor, patch },
            returns_to: leaked(&returns_to), sbom, provenance, image_sha384,
            banks: cut.and_then(|cut| banks(image_bytes, cut, [bank_a, bank_b], image_sha384.is_some())),
        }
    }
}

prop_compose! {
    pub(super) fn statuses()(
        (seq, issued, lasts, root_version) in (any::<u64>(), 0..u64::MAX / 2, 1_u64..=7 * 86_400, any::<u32>()),
        revocations in option::of(digest()),
        held in vec(digest(), 0..=16),
        nonce in option::of(any::<[u8; 16]>()),
    ) -> Status<'static> {
        Status {
            seq, issued, expires: issued + lasts, root_version, revocations,
            held: leaked(&held),
            nonce: nonce.map(|nonce| &*Box::leak(Box::new(nonce))),
        }
    }
}

prop_compose! {
    pub(super) fn revocations()(
        (epoch, seq, issued, lasts) in (any::<u32>(), 1_u64.., 0..u64::MAX / 2, 1_u64..=400 * 86_400),
        keys in vec(any::<[u8; 16]>().prop_map(KeyId), 0..=32),
        releases in vec(digest(), 0..=32),
        minimums in proptest::collection::btree_map(any::<[u8; 16]>(), any::<u64>(), 0..=16),
    ) -> Revocations<'static> {
        let minimums: Vec<_> = minimums.into_iter()
            .map(|(class, sequence)| Minimum { class, sequence })
            .collect();
        Revocations {
            digest: Digest::ZERO, epoch, seq, issued, next_update: issued + lasts,
            keys: leaked(&keys), releases: leaked(&releases), minimums: leaked(&minimums),
        }
    }
}

prop_compose! {
    pub(super) fn schedules()(
        release in digest(),
        (class, share) in (any::<[u8; 16]>(), 0..=10_000_u16),
        (not_before, lasts) in (0..u64::MAX / 2, 1_u64..=400 * 86_400),
    ) -> Schedule {
        Schedule { release, class, share, not_before, expires: not_before + lasts }
    }
}

prop_compose! {
    pub(super) fn statements()(
        release in digest(),
        (epoch, number) in any::<(u32, u64)>(),
        (issued, lasts) in (0..u64::MAX / 2, 1_u64..=400 * 86_400),
    ) -> BundleStatement {
        let revocations = Mark { epoch, number };
        BundleStatement { release, revocations, issued, expires: issued + lasts }
    }
}

prop_compose! {
    /// Fields of any value; whether such a root is *valid* is another question.
    pub(super) fn roots()(
        (version, threshold, epoch, max_sequence) in any::<(u32, u8, u32, u64)>(),
        (vendor, environment) in (text(64), text(64)),
        classes in vec((any::<[u8; 16]>(), vec(0_usize..6, 0..6)), 0..16),
        (revoked, lasts) in (0_usize..5, 1_u64..1_000_000),
    ) -> Draft {
        let mut root = people::root();
        (root.version, root.vendor, root.environment) = (version, vendor, environment);
        root.expires = root.issued + lasts;
        root.roles[1].threshold = threshold;
        root.roles[2].epoch = epoch;
        root.keys[revoked].state = KeyState::Revoked;
        root.keys[4].state = KeyState::Retired { max_sequence };
        root.policy = classes.into_iter().map(|(class, roles)| {
            (class, roles.into_iter().map(|number| Role::ALL[number]).collect())
        }).collect();
        root
    }
}

prop_compose! {
    pub(super) fn headers()(
        algorithm in any::<i32>(),
        content_type in option::of(text(64)),
        kid in any::<[u8; 16]>(),
        approval in option::of((digest(), digest())),
    ) -> Protected<'static> {
        let approval = approval.map(|(plan, evidence)| Approval { plan, evidence });
        Protected { algorithm, content_type, kid: KeyId(kid), approval }
    }
}
