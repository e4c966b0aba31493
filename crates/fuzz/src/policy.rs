//! Who must have signed: nothing but the fixtures' documents is ever believed under the golden root, and
//! with a signature check that an attacker could satisfy, the AND of the roles still holds.

use std::sync::LazyLock;

use mainstay_trust::cose::Block;
use mainstay_trust::envelope::Envelope;
use mainstay_trust::signed::Signed;
use mainstay_trust::{
    BadSignature, Digest, Digest384, Hasher, KeyId, Primitives, PublicKey, Role, Root, RustCrypto,
    Verified, verify,
};

use crate::trust::payloads;
use crate::{Fixtures, Target};

/// Some times the golden documents: room for more blocks, and little enough to mutate well.
const BYTES_MAX: usize = 4 * 1024;

pub(crate) const PINNED_ROOT: Target = Target {
    name: "pinned_root",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        if verify::pinned_root(bytes, &RustCrypto).is_ok() {
            // A root vouches for itself, so others may pass; but by the golden keeper's key only what
            // he has signed, for good or for an attack's story.
            let known = is_among(bytes, &GOLDEN.roots);
            assert!(known || !is_signed_by_keeper(bytes), "a root was forged");
        }
    },
    seeds: |fixtures| fixtures.hex("root"),
};

pub(crate) const RELEASE: Target = Target {
    name: "release",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        if let Ok(manifest) = verify::release(bytes, &*ROOT, &RustCrypto) {
            assert!(
                GOLDEN.is_release(&manifest.get().digest),
                "a release was forged"
            );
        }
    },
    seeds: |fixtures| fixtures.hex("envelope"),
};

pub(crate) const STATUS_POLICY: Target = Target {
    name: "status_policy",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        if verify::status(bytes, &*ROOT, &RustCrypto).is_ok() {
            assert!(is_among(bytes, &GOLDEN.statuses), "a status was forged");
        }
    },
    seeds: |fixtures| fixtures.hex("status"),
};

pub(crate) const ROLES: Target = Target {
    name: "roles",
    bytes_max: BYTES_MAX,
    check: check_roles,
    seeds: |fixtures| fixtures.hex("envelope"),
};

/// What the golden people have signed: the golden documents, and those of the attacks' stories, of
/// which some are refused for other reasons than who signed them.
pub(crate) struct Golden {
    pub(crate) root: Vec<u8>,
    envelope: Vec<u8>,
    /// The payloads of all roots.
    roots: Vec<Vec<u8>>,
    releases: Vec<Digest>,
    /// The payloads of all statuses.
    statuses: Vec<Vec<u8>>,
}

impl Golden {
    pub(crate) fn manifest_digest(&self) -> Digest {
        digest_in(&self.envelope)
    }

    /// Whether the golden people signed this release.
    pub(crate) fn is_release(&self, digest: &Digest) -> bool {
        self.releases.contains(digest)
    }
}

/// The releases in all fixtures.
fn releases(fixtures: &Fixtures) -> Vec<Digest> {
    let envelopes = fixtures.hex("envelope");
    let parsed = envelopes
        .iter()
        .filter_map(|bytes| Envelope::parse(bytes).ok());
    parsed
        .map(|envelope| envelope.identity(&RustCrypto))
        .collect()
}

fn digest_in(envelope: &[u8]) -> Digest {
    let envelope = Envelope::parse(envelope).expect("a golden document");
    envelope.identity(&RustCrypto)
}

pub(crate) static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    let fixtures = Fixtures::load();
    Golden {
        root: fixtures.golden("root"),
        roots: payloads(&fixtures, "root"),
        envelope: fixtures.golden("envelope"),
        releases: releases(&fixtures),
        statuses: payloads(&fixtures, "status"),
    }
});

/// The golden root, opened.
pub(crate) static ROOT: LazyLock<Verified<Root<'static>>> = LazyLock::new(|| {
    verify::pinned_root(&GOLDEN.root, &RustCrypto).expect("the golden root is a good one")
});

fn payload(signed: &[u8]) -> Option<&[u8]> {
    Some(Signed::parse(signed).ok()?.payload)
}

fn is_among(signed: &[u8], payloads: &[Vec<u8>]) -> bool {
    payload(signed).is_some_and(|payload| payloads.iter().any(|known| known == payload))
}

fn is_signed_by_keeper(signed: &[u8]) -> bool {
    Signed::parse(signed).is_ok_and(|signed| {
        signed
            .blocks
            .iter()
            .any(|block| is_by_role(block, Role::Root))
    })
}

fn is_by_role(block: &[u8], role: Role) -> bool {
    signer(block).is_some_and(|kid| ROOT.get().role(role).keys.contains(&kid))
}

fn signer(block: &[u8]) -> Option<KeyId> {
    Some(Block::parse(block).ok()?.protected.kid)
}

/// An accepted envelope has a good block of each role, and no bad one by any key of the root.
fn check_roles(bytes: &[u8]) {
    if verify::release(bytes, &*ROOT, &Lenient).is_err() {
        return;
    }
    let envelope = Envelope::parse(bytes).expect("an accepted envelope");
    let is_good = |block: &&[u8]| Block::parse(block).is_ok_and(|block| accepts(block.signature));
    for role in [Role::Build, Role::Release] {
        let mut of_role = envelope
            .blocks
            .iter()
            .filter(|block| is_by_role(block, role));
        assert!(
            of_role.any(|block| is_good(&block)),
            "nobody signed as {}",
            role.id()
        );
    }
    let known = |block: &&[u8]| signer(block).is_some_and(|kid| ROOT.get().key(&kid).is_some());
    assert!(
        envelope
            .blocks
            .iter()
            .filter(known)
            .all(|block| is_good(&block)),
        "a bad block passed"
    );
}

/// Primitives that an attacker could satisfy: every manifest has the golden digest, and a signature is
/// good if it begins with an even byte. What still refuses is policy alone.
pub(crate) struct Lenient;

pub(crate) struct Constant;

fn accepts(signature: &[u8]) -> bool {
    signature.first().is_some_and(|byte| byte % 2 == 0)
}

impl Hasher for Constant {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self) -> Digest {
        GOLDEN.manifest_digest()
    }
}

impl Hasher<Digest384> for Constant {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self) -> Digest384 {
        Digest384::new([7; 48])
    }
}

impl Primitives for Lenient {
    type Hasher = Constant;
    type Hasher384 = Constant;

    fn hasher(&self) -> Constant {
        Constant
    }

    fn hasher384(&self) -> Option<Constant> {
        Some(Constant)
    }

    fn supports(&self, algorithm: mainstay_trust::Algorithm) -> bool {
        RustCrypto.supports(algorithm)
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        if accepts(signature) {
            Ok(())
        } else {
            Err(BadSignature)
        }
    }
}
