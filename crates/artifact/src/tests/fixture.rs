//! The people, the root and the release that this crate's tests are about.

use mainstay_trust::{BootloaderVersion, Digest, DigestAlgorithm, Role, RustCrypto};

use crate::payload::Payload;
use crate::signer::FakeSigner;
use crate::{
    Approval, ClassName, Member, PackRequest, Packed, RootDraft, add_approval, add_build_signature,
    pack,
};

/// Holds the root key.
pub fn custodian() -> FakeSigner {
    FakeSigner::new("custodian@northwind.example")
}

/// Builds.
pub fn ana() -> FakeSigner {
    FakeSigner::new("ana@northwind.example")
}

/// Builds as well.
pub fn li() -> FakeSigner {
    FakeSigner::new("li@northwind.example")
}

/// Approves.
pub fn mia() -> FakeSigner {
    FakeSigner::new("mia@northwind.example")
}

/// Signs the status.
pub fn server() -> FakeSigner {
    FakeSigner::new("server.northwind.example")
}

pub fn draft() -> RootDraft {
    RootDraft {
        version: 1,
        vendor: "northwind.example".to_owned(),
        environment: "production".to_owned(),
        issued: 1_700_000_000,
        expires: 1_800_000_000,
        members: vec![
            Member::of(Role::Root, &custodian()),
            Member::of(Role::Build, &ana()),
            Member::of(Role::Build, &li()),
            Member::of(Role::Release, &mia()),
            Member::of(Role::Status, &server()),
        ],
        ..RootDraft::default()
    }
}

/// The signed root document.
pub fn root() -> Vec<u8> {
    draft().signed(&[&custodian()], &RustCrypto).unwrap()
}

pub const PAYLOAD: &[u8] = b"firmware 1.1.0";

pub fn request() -> PackRequest {
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
        returns_to: vec![Digest([1; 32])],
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    }
}

pub fn packed() -> Packed {
    pack(&request(), &mut &*PAYLOAD, &RustCrypto).unwrap()
}

pub fn approval() -> Approval {
    Approval {
        plan: Digest([2; 32]),
        evidence: Digest([3; 32]),
    }
}

pub fn signed() -> Vec<u8> {
    add_build_signature(&packed().envelope, &ana(), None, &RustCrypto).unwrap()
}

pub fn approved() -> Vec<u8> {
    approved_under(DigestAlgorithm::Sha256)
}

/// Built by Ana and approved by Mia, bound by that hash.
pub fn approved_under(digest: DigestAlgorithm) -> Vec<u8> {
    let request = PackRequest {
        digest,
        ..request()
    };
    let packed = pack(&request, &mut &*PAYLOAD, &RustCrypto).unwrap();
    approved_of(&packed.envelope)
}

/// The same for two banks: nine bytes of the payload are for bank A.
pub fn approved_for_two_banks() -> Vec<u8> {
    let request = PackRequest {
        bank_a_bytes: Some(9),
        ..request()
    };
    let packed = pack(&request, &mut &*PAYLOAD, &RustCrypto).unwrap();
    approved_of(&packed.envelope)
}

/// Of the right payload, and with parts that it doesn't have.
pub fn approved_with_wrong_parts() -> Vec<u8> {
    let request = PackRequest {
        bank_a_bytes: Some(9),
        ..request()
    };
    let (mut payload, other): (Payload, Payload) = [PAYLOAD, b"firmware 6.6.6"]
        .map(|payload| {
            let mut measuring = request.measuring(&RustCrypto);
            measuring.update(payload);
            measuring.finish()
        })
        .into();
    payload.banks = other.banks;
    let packed = pack::describe(&request, &payload, &RustCrypto).unwrap();
    approved_of(&packed.envelope)
}

fn approved_of(envelope: &[u8]) -> Vec<u8> {
    let signed = add_build_signature(envelope, &ana(), None, &RustCrypto).unwrap();
    let document = root();
    let root = mainstay_trust::verify::pinned_root(&document, &RustCrypto).unwrap();
    add_approval(&signed, &mia(), approval(), &root, &RustCrypto).unwrap()
}
