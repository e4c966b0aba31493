//! Whole profiles, from fresh keys to a believed release: each role demands two algorithms, and one
//! block less is a refusal.

use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, SignError, Signer, add_approval,
    add_build_signature, pack,
};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::verify::{pinned_root, release};
use mainstay_trust::{
    Algorithm, BadSignature, BootloaderVersion, Digest, DigestAlgorithm, Envelope, KeyId, List,
    Primitives, PublicKey, Refusal, Role,
};

use super::rust_signer;
use crate::{FileSigner, HostPrimitives, generate};

/// Post-quantum beside classical: a break of either alone forges nothing.
const HYBRID: [Algorithm; 2] = [Algorithm::Esp256, Algorithm::MlDsa65];

/// The strongest parameter sets, as NSA's CNSA 2.0 has them for the years of transition.
const CNSA: [Algorithm; 2] = [Algorithm::Esp384, Algorithm::MlDsa87];

type Person = [FileSigner; 2];

struct Cast {
    custodian: Person,
    ana: Person,
    mia: Person,
    server: Person,
}

impl Cast {
    fn new(algorithms: [Algorithm; 2]) -> Self {
        let person = |holder: &str| {
            algorithms.map(|it| generate::fresh(it, holder).unwrap().signer().unwrap())
        };
        Self {
            custodian: person("custodian@northwind.example"),
            ana: person("ana@northwind.example"),
            mia: person("mia@northwind.example"),
            server: person("server.northwind.example"),
        }
    }

    fn draft(&self) -> RootDraft {
        let keys = |role, person: &Person| {
            let member = |signer: &FileSigner| Member::of(role, signer);
            person.iter().map(member).collect::<Vec<_>>()
        };
        let members = [
            keys(Role::Root, &self.custodian),
            keys(Role::Build, &self.ana),
            keys(Role::Release, &self.mia),
            keys(Role::Status, &self.server),
        ];
        RootDraft {
            members: members.concat(),
            ..empty_draft()
        }
    }

    /// Built by Ana, approved by Mia, each in both algorithms.
    fn release(&self, root: &[u8], digest: DigestAlgorithm) -> Vec<u8> {
        let root = pinned_root(root, &HostPrimitives).unwrap();
        let request = PackRequest {
            digest,
            ..request()
        };
        let mut envelope = pack(&request, &mut &b"firmware"[..], &HostPrimitives)
            .unwrap()
            .envelope;
        for key in &self.ana {
            envelope = add_build_signature(&envelope, key, Some(&root), &HostPrimitives).unwrap();
        }
        for key in &self.mia {
            let (plan, evidence) = (Digest([2; 32]), Digest([3; 32]));
            let approval = Approval { plan, evidence };
            envelope = add_approval(&envelope, key, approval, &root, &HostPrimitives).unwrap();
        }
        envelope
    }
}

fn empty_draft() -> RootDraft {
    RootDraft {
        version: 1,
        vendor: "northwind.example".to_owned(),
        environment: "production".to_owned(),
        issued: 1_700_000_000,
        expires: 1_800_000_000,
        ..RootDraft::default()
    }
}

fn request() -> PackRequest {
    PackRequest {
        class: ClassName::parse("northwind.example/production/thermo-v2/B+C").unwrap(),
        version: "1.1.0".to_owned(),
        sequence: 2,
        security_floor: 1,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: vec![],
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    }
}

/// What a device, or a host, says of a release under a root.
fn verdict(primitives: &impl Primitives, root: &[u8], envelope: &[u8]) -> Result<(), Refusal> {
    let root = pinned_root(root, primitives)?;
    release(envelope, &root, primitives).map(|_| ())
}

fn both(root: &[u8], envelope: &[u8]) -> Result<(), Refusal> {
    let device = verdict(&RustCrypto, root, envelope);
    assert_eq!(verdict(&HostPrimitives, root, envelope), device);
    device
}

/// All but one.
fn without<'a>(blocks: &List<'a, &'a [u8]>, index: usize) -> Vec<&'a [u8]> {
    let others = blocks.iter().enumerate().filter(|(at, _)| *at != index);
    others.map(|(_, block)| block).collect()
}

fn envelope_without(envelope: &[u8], index: usize) -> Vec<u8> {
    let parsed = Envelope::parse(envelope).unwrap();
    let blocks = without(&parsed.blocks, index);
    let blocks = List::from(&blocks[..]);
    let mut buf = vec![0; ENVELOPE_BYTES_MAX];
    let used = Envelope { blocks, ..parsed }.encode(&mut buf).unwrap();
    buf[..used].to_vec()
}

fn root_without(root: &[u8], index: usize) -> Vec<u8> {
    let parsed = Signed::parse(root).unwrap();
    let blocks = without(&parsed.blocks, index);
    let blocks = List::from(&blocks[..]);
    let mut buf = vec![0; SIGNED_BYTES_MAX];
    let used = Signed { blocks, ..parsed }.encode(&mut buf).unwrap();
    buf[..used].to_vec()
}

fn check(algorithms: [Algorithm; 2], digest: DigestAlgorithm) {
    let cast = Cast::new(algorithms);
    let [classical, lattice] = &cast.custodian;
    let root = cast
        .draft()
        .signed(&[classical, lattice], &HostPrimitives)
        .unwrap();
    let envelope = cast.release(&root, digest);
    assert_eq!(both(&root, &envelope), Ok(()));
    for index in 0..4 {
        let stripped = envelope_without(&envelope, index);
        assert_eq!(both(&root, &stripped), Err(Refusal::HybridIncomplete));
    }
    for index in 0..2 {
        let stripped = root_without(&root, index);
        assert_eq!(both(&stripped, &envelope), Err(Refusal::HybridIncomplete));
    }
}

#[test]
fn a_hybrid_role_takes_both_blocks() {
    check(HYBRID, DigestAlgorithm::Sha256);
    check(HYBRID, DigestAlgorithm::Sha384);
}

#[test]
fn a_cnsa_root_works_from_pack_to_verify() {
    check(CNSA, DigestAlgorithm::Sha384);
}

/// The builder's own tool refuses first; here the signatures are there, and it is the devices.
#[test]
fn under_a_cnsa_root_a_release_is_bound_by_sha384() {
    let cast = Cast::new(CNSA);
    let [classical, lattice] = &cast.custodian;
    let root = cast
        .draft()
        .signed(&[classical, lattice], &HostPrimitives)
        .unwrap();
    let mut weak = pack(&request(), &mut &b"firmware"[..], &HostPrimitives)
        .unwrap()
        .envelope;
    let pinned = pinned_root(&root, &HostPrimitives).unwrap();
    let refused = add_build_signature(&weak, &cast.ana[0], Some(&pinned), &HostPrimitives);
    assert_eq!(refused.unwrap_err().id(), "trust.digest-too-weak");
    for key in &cast.ana {
        weak = add_build_signature(&weak, key, None, &HostPrimitives).unwrap();
    }
    assert_eq!(both(&root, &weak), Err(Refusal::DigestTooWeak));
}

/// A library without SHA-384 says so, and believes nothing.
#[test]
fn what_cannot_be_computed_is_refused() {
    let cast = Cast::new(HYBRID);
    let [classical, lattice] = &cast.custodian;
    let root = cast
        .draft()
        .signed(&[classical, lattice], &HostPrimitives)
        .unwrap();
    let envelope = cast.release(&root, DigestAlgorithm::Sha384);
    assert_eq!(
        verdict(&WithoutSha384, &root, &envelope),
        Err(Refusal::AlgorithmUnsupported)
    );
}

struct WithoutSha384;

impl Primitives for WithoutSha384 {
    type Hasher = <RustCrypto as Primitives>::Hasher;
    type Hasher384 = std::convert::Infallible;

    fn hasher(&self) -> Self::Hasher {
        RustCrypto.hasher()
    }

    fn hasher384(&self) -> Option<Self::Hasher384> {
        None
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        RustCrypto.supports(algorithm)
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        RustCrypto.verify(key, message, signature)
    }
}

/// One person signs half and another the other half: nobody has signed in full.
#[test]
fn the_halves_of_two_people_are_not_one_signature() {
    let (cast, other) = (Cast::new(HYBRID), Cast::new(HYBRID));
    let mut draft = cast.draft();
    draft.members.retain(|member| member.role != Role::Build);
    for algorithm_of in 0..2 {
        for (holder, person) in [
            ("ana@northwind.example", &cast.ana),
            ("li@northwind.example", &other.ana),
        ] {
            let mut member = Member::of(Role::Build, &person[algorithm_of]);
            member.holder = holder.to_owned();
            draft.members.push(member);
        }
    }
    draft.thresholds = vec![(Role::Build, 2)];
    let [classical, lattice] = &cast.custodian;
    let root = draft
        .signed(&[classical, lattice], &HostPrimitives)
        .unwrap();
    let mut envelope = pack(&request(), &mut &b"firmware"[..], &HostPrimitives)
        .unwrap()
        .envelope;
    for key in [&cast.ana[0], &other.ana[1]] {
        envelope = add_build_signature(&envelope, key, None, &HostPrimitives).unwrap();
    }
    assert_eq!(both(&root, &envelope), Err(Refusal::ThresholdNotMet));
}

/// A hardware module that counts its leaves, as a test may pretend.
struct LeafCounter {
    public: mainstay_artifact::PublicKeyBuf,
}

impl Signer for LeafCounter {
    fn key_id(&self) -> KeyId {
        KeyId::of(&self.public.as_key(), &HostPrimitives)
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.public.as_key()
    }

    fn holder(&self) -> &str {
        "vault.northwind.example"
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(rust_signer::sign(Algorithm::HssLms, [9; 32], message).1)
    }
}

/// The root role is where hash-based keys belong: few signatures, years of life.
#[test]
fn a_root_can_be_signed_by_a_hash_based_key() {
    let (public, _) = rust_signer::sign(Algorithm::HssLms, [9; 32], b"");
    let vault = LeafCounter { public };
    let cast = Cast::new(HYBRID);
    let mut draft = cast.draft();
    draft.members.retain(|member| member.role != Role::Root);
    draft.members.push(Member::of(Role::Root, &vault));
    let root = draft.signed(&[&vault], &HostPrimitives).unwrap();
    assert_eq!(
        both(&root, &cast.release(&root, DigestAlgorithm::Sha256)),
        Ok(())
    );
}
