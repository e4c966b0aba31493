//! Signed papers for the stories, and the way to hand them in.

use mainstay_artifact::{Member, RootDraft, Signer, document_file};
use mainstay_keys::{FileSigner, HostPrimitives};
use mainstay_protocol::HeldRevocations;
use mainstay_trust::root::Role;
use mainstay_trust::{Digest, KeyId, List, Minimum, Revocations};
use reqwest::{Response, StatusCode};

use crate::gadget::Gadget;
use crate::house::{House, root_draft, signed_by_custodian, signer, status_key};

/// The holder of role revocation.
pub const REVOKER: &str = "rita@northwind.example";
pub const DAY_S: u64 = 86_400;

/// A later root of the house, in which people can revoke.
pub fn next_root(version: u32) -> RootDraft {
    let mut draft = root_draft(&status_key().signer().unwrap());
    draft.version = version;
    draft.members.push(Member {
        role: Role::Revocation,
        holder: REVOKER.to_owned(),
        public_key: signer(REVOKER).public_key().into(),
    });
    draft
}

pub async fn publish_root(house: &House, draft: &RootDraft) -> Vec<u8> {
    let signed = signed_by_custodian(draft);
    let path = "/api/v1/roots";
    let published = house
        .post(path, &house.tokens.operations, signed.clone())
        .await;
    assert_eq!(published.status(), StatusCode::CREATED);
    signed
}

/// What revocations name, beside their number.
#[derive(Default)]
pub struct Named<'a> {
    pub keys: &'a [KeyId],
    pub releases: &'a [Digest],
    pub minimums: &'a [Minimum],
}

/// Revocations of this moment, for 30 days.
pub fn revocations(house: &House, seq: u64, named: &Named<'_>) -> Vec<u8> {
    revocations_by(&signer(REVOKER), house, seq, named)
}

pub fn revocations_by(by: &FileSigner, house: &House, seq: u64, named: &Named<'_>) -> Vec<u8> {
    let issued = now_s(house);
    let document = Revocations {
        digest: Digest::ZERO,
        epoch: 0,
        seq,
        issued,
        next_update: issued + 30 * DAY_S,
        keys: List::from(named.keys),
        releases: List::from(named.releases),
        minimums: List::from(named.minimums),
    };
    document_file::sign(&document, &[by], &HostPrimitives).unwrap()
}

pub fn now_s(house: &House) -> u64 {
    u64::try_from(house.app.now().as_second()).unwrap()
}

/// Hands revocations in, as the engineer: any courier will do.
pub async fn revoke(house: &House, signed: Vec<u8>) -> Response {
    let path = "/api/v1/revocations";
    house.post(path, &house.tokens.engineer, signed).await
}

impl Gadget {
    /// Takes what it was handed.
    pub fn hold(&mut self, root_version: u32, revocations: Option<u64>) {
        self.root_version = root_version;
        self.revocations = revocations.map(|seq| HeldRevocations { epoch: 0, seq });
    }
}
