//! The cast: people with fixed test keys, and what they sign.
//!
//! The secret keys are a byte repeated 32 times. They sign by RFC 6979, so the same story always
//! gives the same bytes.

pub use crate::packed::*;
use mainstay_trust::Primitives;
use mainstay_trust::cose::{Approval, Block, Protected, ToBeSigned};
use mainstay_trust::manifest::Uuid;
use mainstay_trust::root::{ClassPolicy, Root};
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::verify::pinned_root;
use mainstay_trust::{
    Algorithm, BundleStatement, Digest, Document, EncodeError, Key, KeyId, KeyState, List,
    PublicKey, Revocations, Role, RoleRule, RustCrypto, Schedule, Status, Verified,
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

/// Holds role revocation where a test says so.
pub fn guardian() -> Person {
    person(5, "guardian@northwind.example")
}

pub fn server() -> Person {
    person(6, "server.northwind.example")
}

/// Listed in no root unless a test adds it.
pub fn stranger() -> Person {
    person(9, "stranger@elsewhere.example")
}

/// A root that can still be changed.
#[derive(Clone, Debug)]
pub struct Draft {
    pub version: u32,
    pub vendor: &'static str,
    pub environment: &'static str,
    pub issued: u64,
    pub expires: u64,
    pub keys: Vec<Key<'static>>,
    pub roles: [Rule; 6],
    pub policy: Vec<(Uuid, Vec<Role>)>,
}

/// A role's rule that can still be changed.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub keys: Vec<KeyId>,
    pub threshold: u8,
    pub required_algorithms: Vec<Algorithm>,
    pub epoch: u32,
}

impl Draft {
    /// The root. What it borrows is leaked, as tests may.
    pub fn done(&self) -> Root<'static> {
        let rules = self.roles.iter().map(|rule| RoleRule {
            keys: leaked(&rule.keys),
            threshold: rule.threshold,
            required_algorithms: leaked(&rule.required_algorithms),
            epoch: rule.epoch,
        });
        let policies = self.policy.iter().map(|(class, roles)| ClassPolicy {
            class: *class,
            roles: leaked(roles),
        });
        Root {
            version: self.version,
            vendor: self.vendor,
            environment: self.environment,
            issued: self.issued,
            expires: self.expires,
            keys: leaked(&self.keys),
            roles: leaked(&rules.collect::<Vec<_>>()),
            policy: leaked(&policies.collect::<Vec<_>>()),
        }
    }

    pub fn role(&mut self, role: Role) -> &mut Rule {
        &mut self.roles[role as usize]
    }

    /// The guardian may revoke.
    pub fn with_guardian(mut self) -> Draft {
        self.keys.push(guardian().key);
        *self.role(Role::Revocation) = rule(&[&guardian()], 1);
        self
    }
}

pub fn leaked<T: Clone>(items: &[T]) -> List<'static, T> {
    List::from(&*items.to_vec().leak())
}

pub fn rule(people: &[&Person], threshold: u8) -> Rule {
    Rule {
        keys: people.iter().map(|person| person.key.id).collect(),
        threshold,
        required_algorithms: vec![Algorithm::Esp256],
        epoch: 0,
    }
}

/// One person for each role; nobody revokes yet.
pub fn root() -> Draft {
    let (keeper, engineer, manager, operator, server) =
        (keeper(), engineer(), manager(), operator(), server());
    Draft {
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
            Rule::default(),
            rule(&[&server], 1),
        ],
        keys: [keeper, engineer, manager, operator, server]
            .map(|p| p.key)
            .to_vec(),
        policy: Vec::new(),
    }
}

/// Lists another key and gives it a role.
pub fn add(root: &mut Draft, person: &Person, role: Role) {
    root.keys.push(person.key);
    root.role(role).keys.push(person.key.id);
}

pub fn state_of<'r>(root: &'r mut Draft, person: &Person) -> &'r mut KeyState {
    let key = root.keys.iter_mut().find(|key| key.id == person.key.id);
    &mut key.expect("a listed key").state
}

/// The bytes of hexadecimal digits.
pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
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
    let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    let blocks = List::from(&blocks[..]);
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

/// The payload of a document of our own.
pub fn payload<'d, D: Document<'d>>(document: &D) -> Vec<u8> {
    bytes_of(D::BYTES_MAX, |buf| document.encode(buf))
}

/// The document signed by `people`, as what it is.
pub fn signed<'d, D: Document<'d>>(document: &D, people: &[&Person]) -> Vec<u8> {
    own_document(people, D::CONTENT_TYPE, &payload(document))
}

pub fn signed_root(root: &Draft) -> Vec<u8> {
    signed(&root.done(), &[&keeper()])
}

/// The root as a device holds it. Its bytes are leaked, as tests may.
pub fn pinned(root: &Draft) -> Verified<Root<'static>> {
    pinned_root(signed_root(root).leak(), &RustCrypto).expect("a valid root")
}

pub fn status() -> Status<'static> {
    Status {
        seq: 7,
        issued: 1_750_000_000,
        expires: 1_750_000_300,
        root_version: 1,
        revocations: None,
        held: List::default(),
        nonce: Some(&[0x5a; 16]),
    }
}

pub fn signed_status(status: &Status<'_>) -> Vec<u8> {
    signed(status, &[&server()])
}

/// Withdraws nothing yet.
pub fn revocations() -> Revocations<'static> {
    Revocations {
        digest: Digest::ZERO,
        epoch: 0,
        seq: 3,
        issued: 1_749_000_000,
        next_update: 1_751_000_000,
        keys: List::default(),
        releases: List::default(),
        minimums: List::default(),
    }
}

/// Of the ordinary release, for the whole class.
pub fn schedule() -> Schedule {
    Schedule {
        release: manifest().digest,
        class: manifest().class_id,
        share: 10_000,
        not_before: 1_749_000_000,
        expires: 1_751_000_000,
    }
}

/// Of the ordinary release, by somebody who knew the ordinary revocations.
pub fn bundle_statement() -> BundleStatement {
    BundleStatement {
        release: manifest().digest,
        revocations: revocations().mark(),
        issued: 1_749_000_000,
        expires: 1_751_000_000,
    }
}
