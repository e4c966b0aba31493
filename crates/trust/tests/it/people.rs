//! The cast: people with fixed test keys, and what they sign.
//!
//! The secret keys are a byte repeated 32 times. They sign by RFC 6979, so the same story always
//! gives the same bytes.

use mainstay_trust::Primitives;
use mainstay_trust::cose::{Approval, Block, Protected, ToBeSigned};
use mainstay_trust::envelope::{ENVELOPE_BYTES_MAX, Envelope, manifest_digest, suit_digest};
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::root::{ROOT_BYTES_MAX, ROOT_CONTENT_TYPE, Root};
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::status::{STATUS_BYTES_MAX, STATUS_CONTENT_TYPE};
use mainstay_trust::verify::pinned_root;
use mainstay_trust::{
    Algorithm, BootloaderVersion, Digest, EncodeError, Key, KeyId, KeyState, Manifest, PublicKey,
    Role, RoleRule, RustCrypto, Status, Verified,
};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

/// A secret key and the public facts about it.
#[derive(Clone)]
pub struct Person {
    secret: SigningKey,
    pub key: Key<'static>,
}

pub fn person(number: u8, holder: &'static str) -> Person {
    let secret = SigningKey::from_slice(&[number; 32]).expect("a valid scalar");
    let point = secret.verifying_key().to_sec1_point(false);
    let public = PublicKey::new(Algorithm::Esp256, point.as_bytes().to_vec().leak()).unwrap();
    let id = KeyId::of(&public, &RustCrypto);
    let key = Key {
        id,
        holder,
        public,
        state: KeyState::Active,
    };
    Person { secret, key }
}

pub fn keeper() -> Person {
    person(1, "keeper@northwind.example")
}

pub fn engineer() -> Person {
    person(2, "engineer@northwind.example")
}

pub fn manager() -> Person {
    person(3, "manager@northwind.example")
}

pub fn operator() -> Person {
    person(4, "operator@northwind.example")
}

pub fn server() -> Person {
    person(6, "server.northwind.example")
}

/// Listed in no root unless a test adds it.
pub fn stranger() -> Person {
    person(9, "stranger@elsewhere.example")
}

pub fn rule(people: &[&Person], threshold: u8) -> RoleRule {
    RoleRule {
        keys: people.iter().map(|person| person.key.id).collect(),
        threshold,
        required_algorithms: [Algorithm::Esp256].into_iter().collect(),
        epoch: 0,
    }
}

/// One person for each role; nobody revokes yet.
pub fn root() -> Root<'static> {
    let (keeper, engineer, manager, operator, server) =
        (keeper(), engineer(), manager(), operator(), server());
    Root {
        version: 1,
        vendor: "northwind.example",
        environment: "production",
        issued: 1_700_000_000,
        expires: 1_800_000_000,
        roles: [
            rule(&[&keeper], 1),
            rule(&[&engineer], 1),
            rule(&[&manager], 1),
            rule(&[&operator], 1),
            RoleRule::default(),
            rule(&[&server], 1),
        ],
        keys: [keeper, engineer, manager, operator, server]
            .map(|p| p.key)
            .into_iter()
            .collect(),
        policy: heapless::Vec::new(),
    }
}

/// Lists another key and gives it a role.
pub fn add(root: &mut Root<'static>, person: &Person, role: Role) {
    root.keys.push(person.key.clone()).unwrap();
    root.roles[role as usize].keys.push(person.key.id).unwrap();
}

pub fn state_of<'r>(root: &'r mut Root<'static>, person: &Person) -> &'r mut KeyState {
    let key = root.keys.iter_mut().find(|key| key.id == person.key.id);
    &mut key.expect("a listed key").state
}

/// Fills a buffer by `write` and keeps what was written.
pub fn bytes_of(
    size: usize,
    write: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>,
) -> Vec<u8> {
    let mut buf = vec![0; size];
    let used = write(&mut buf).expect("a document that can be written");
    buf.truncate(used);
    buf
}

pub fn header(person: &Person) -> Protected<'static> {
    Protected {
        algorithm: -9,
        content_type: None,
        kid: person.key.id,
        approval: None,
    }
}

pub fn approval() -> Approval {
    Approval {
        plan: Digest([0x71; 32]),
        evidence: Digest([0x72; 32]),
    }
}

pub fn approving(person: &Person) -> Protected<'static> {
    Protected {
        approval: Some(approval()),
        ..header(person)
    }
}

pub fn block(person: &Person, protected: Protected<'_>, payload: &[u8]) -> Vec<u8> {
    let message = ToBeSigned::new(&protected, payload)
        .unwrap()
        .parts()
        .concat();
    let signature: Signature = person
        .secret
        .sign_prehash(&RustCrypto.digest(&message).0)
        .unwrap();
    let signature = signature.to_bytes();
    bytes_of(512, |buf| {
        Block {
            protected,
            signature: &signature,
        }
        .encode(buf)
    })
}

pub fn document(payload: &[u8], blocks: &[Vec<u8>]) -> Vec<u8> {
    let blocks = blocks.iter().map(Vec::as_slice).collect();
    bytes_of(SIGNED_BYTES_MAX, |buf| {
        Signed { payload, blocks }.encode(buf)
    })
}

pub fn own_document(people: &[&Person], content_type: &'static str, payload: &[u8]) -> Vec<u8> {
    let sign = |person: &&Person| {
        let protected = Protected {
            content_type: Some(content_type),
            ..header(person)
        };
        block(person, protected, payload)
    };
    document(payload, &people.iter().map(sign).collect::<Vec<_>>())
}

pub fn signed_root(root: &Root<'_>) -> Vec<u8> {
    let payload = bytes_of(ROOT_BYTES_MAX, |buf| root.encode(buf));
    own_document(&[&keeper()], ROOT_CONTENT_TYPE, &payload)
}

/// The root as a device holds it. Its bytes are leaked, as tests may.
pub fn pinned(root: &Root<'_>) -> Verified<Root<'static>> {
    pinned_root(signed_root(root).leak(), &RustCrypto).expect("a valid root")
}

pub fn status() -> Status<'static> {
    Status {
        seq: 7,
        issued: 1_750_000_000,
        expires: 1_750_000_300,
        root_version: 1,
        revocations: None,
        held: heapless::Vec::new(),
        nonce: Some(&[0x5a; 16]),
    }
}

pub fn signed_status(status: &Status<'_>) -> Vec<u8> {
    let payload = bytes_of(STATUS_BYTES_MAX, |buf| status.encode(buf));
    own_document(&[&server()], STATUS_CONTENT_TYPE, &payload)
}

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
        returns_to: [Digest([0x44; 32])].into_iter().collect(),
        sbom: Some(Digest([0x55; 32])),
        provenance: Some(Digest([0x66; 32])),
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
    let manifest = manifest_bytes(manifest);
    let digest = manifest_digest(&manifest, &RustCrypto);
    let blocks = sign(&suit_digest(&digest));
    let blocks = blocks.iter().map(Vec::as_slice).collect();
    let envelope = Envelope {
        digest,
        blocks,
        manifest: &manifest,
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
    envelope(&manifest(), |payload| {
        vec![build(&engineer(), payload), approve(&manager(), payload)]
    })
}
