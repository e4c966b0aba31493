//! The root document: who holds which key in which role, signed to its own threshold.
//!
//! What makes a root valid is `trust`'s business alone; a draft that it refuses never becomes a
//! document, and says why with the same reason that a device would give. Read [`RootDraft`] first.

use mainstay_trust::root::{KEYS_MAX, ROOT_BYTES_MAX, ROOT_CONTENT_TYPE, RoleRule};
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::{
    Key, KeyId, KeyState, Primitives, Refusal, Role, Root, cose, root_rules, verify,
};

use crate::PublicKeyBuf;
use crate::blocks::{self, BlockError};
use crate::signer::Signer;

/// One key in one role. A key that plays two roles stands here twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The role.
    pub role: Role,
    /// The person or service, without capitals.
    pub holder: String,
    /// Their key.
    pub public_key: PublicKeyBuf,
}

/// A root before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootDraft {
    /// 1 for the first root, then one more each time.
    pub version: u32,
    /// The vendor's domain.
    pub vendor: String,
    /// `production` or `staging`.
    pub environment: String,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// From when nothing is installed under it, in Unix seconds.
    pub expires: u64,
    /// Who plays which role.
    pub members: Vec<Member>,
    /// How many different people each role takes, where that isn't one.
    pub thresholds: Vec<(Role, u8)>,
}

impl RootDraft {
    /// The document without signatures, if `trust` finds nothing wrong with its content.
    pub fn unsigned(&self, primitives: &impl Primitives) -> Result<Vec<u8>, BlockError> {
        let root = self.root(primitives)?;
        root_rules::check(&root, primitives)?;
        let payload = blocks::written(ROOT_BYTES_MAX, |buf| root.encode(buf))?;
        Ok(document(&payload, &[])?)
    }

    /// The document signed by all of `signers`, which must be enough for devices to accept it.
    pub fn signed(
        &self,
        signers: &[&dyn Signer],
        primitives: &impl Primitives,
    ) -> Result<Vec<u8>, BlockError> {
        let mut document = self.unsigned(primitives)?;
        for signer in signers {
            document = add_root_signature(&document, *signer, primitives)?;
        }
        verify::pinned_root(&document, primitives)?;
        Ok(document)
    }

    fn root(&self, primitives: &impl Primitives) -> Result<Root<'_>, Refusal> {
        let mut root = Root {
            version: self.version,
            vendor: &self.vendor,
            environment: &self.environment,
            issued: self.issued,
            expires: self.expires,
            keys: heapless::Vec::new(),
            roles: Default::default(),
            policy: heapless::Vec::new(),
        };
        for member in &self.members {
            let id = KeyId::of(&member.public_key.as_key(), primitives);
            list_key(&mut root.keys, member, id)?;
            self.join(&mut root.roles[member.role as usize], member, id)?;
        }
        Ok(root)
    }

    fn join(&self, rule: &mut RoleRule, member: &Member, id: KeyId) -> Result<(), Refusal> {
        let threshold = self
            .thresholds
            .iter()
            .find(|(role, _)| *role == member.role);
        rule.threshold = threshold.map_or(1, |(_, count)| *count);
        rule.keys.push(id).map_err(|_| Refusal::TooLarge)?;
        let algorithm = member.public_key.algorithm();
        if rule.required_algorithms.contains(&algorithm) {
            return Ok(());
        }
        rule.required_algorithms
            .push(algorithm)
            .map_err(|_| Refusal::TooLarge)
    }
}

/// Lists a member's key once, however many roles it plays; it has one holder only.
fn list_key<'a>(
    keys: &mut heapless::Vec<Key<'a>, KEYS_MAX>,
    member: &'a Member,
    id: KeyId,
) -> Result<(), Refusal> {
    let (holder, public) = (member.holder.as_str(), member.public_key.as_key());
    match keys.iter().find(|key| key.id == id) {
        Some(listed) if listed.holder == holder => Ok(()),
        Some(_) => Err(Refusal::RootKey),
        None => {
            let key = Key {
                id,
                holder,
                public,
                state: KeyState::Active,
            };
            keys.push(key).map_err(|_| Refusal::TooLarge)
        }
    }
}

/// Adds one signature to a root document; the last one needed makes it a root that devices accept,
/// which [`verify::pinned_root`] tells.
pub fn add_root_signature(
    signed: &[u8],
    signer: &dyn Signer,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let signed = Signed::parse(signed)?;
    let root = Root::parse(signed.payload)?;
    crate::sign::check_role(signer, Role::Root, &root)?;
    for bytes in &signed.blocks {
        if cose::Block::parse(bytes)?.protected.kid == signer.key_id() {
            return Err(BlockError::AlreadySigned {
                holder: signer.holder().to_owned(),
            });
        }
    }
    let content_type = Some(ROOT_CONTENT_TYPE);
    let block = blocks::make(signer, content_type, None, signed.payload, primitives)?;
    let all: Vec<&[u8]> = signed.blocks.iter().copied().chain([&block[..]]).collect();
    Ok(document(signed.payload, &all)?)
}

fn document(payload: &[u8], all: &[&[u8]]) -> Result<Vec<u8>, mainstay_trust::EncodeError> {
    let signed = Signed {
        payload,
        blocks: blocks::heapless_blocks(all)?,
    };
    blocks::written(SIGNED_BYTES_MAX, |buf| signed.encode(buf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::FakeSigner;
    use crate::tests::fixture;
    use mainstay_trust::RustCrypto;

    fn check(change: impl FnOnce(&mut RootDraft), expected: &str) {
        let mut draft = fixture::draft();
        change(&mut draft);
        let found = draft.signed(&[&fixture::custodian()], &RustCrypto);
        assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
    }

    fn join(draft: &mut RootDraft, role: Role, signer: &FakeSigner) {
        draft.members.push(fixture::member(role, signer));
    }

    #[test]
    fn trust_decides_what_a_root_may_be() {
        let second_key = || Member {
            public_key: FakeSigner::new("ana's second").public_key().into(),
            ..fixture::member(Role::Release, &fixture::ana())
        };
        check(|_| (), "ok");
        check(
            |draft| join(draft, Role::Release, &fixture::ana()),
            "trust.key-conflict",
        );
        check(
            |draft| join(draft, Role::Operations, &fixture::mia()),
            "trust.key-conflict",
        );
        check(
            |draft| draft.members.push(second_key()),
            "trust.holder-conflict",
        );
        check(
            |draft| join(draft, Role::Build, &fixture::ana()),
            "trust.root-role",
        );
        check(
            |draft| draft.thresholds.push((Role::Release, 2)),
            "trust.root-threshold",
        );
        check(
            |draft| draft.members.retain(|m| m.role != Role::Build),
            "trust.root-threshold",
        );
        check(|draft| draft.expires = draft.issued, "trust.field-invalid");
        check(
            |draft| draft.members[1].holder = "Ana".to_owned(),
            "trust.field-invalid",
        );
        check(|draft| draft.members[0].holder = "x".to_owned(), "ok");
        check(
            |draft| join(draft, Role::Revocation, &fixture::custodian()),
            "ok",
        );
    }

    #[test]
    fn one_key_has_one_holder() {
        check(
            |draft| {
                join(draft, Role::Revocation, &fixture::custodian());
                draft.members[0].holder = "another".to_owned();
            },
            "trust.root-key",
        );
    }

    #[test]
    fn only_root_keys_sign_a_root_each_once() {
        let unsigned = fixture::draft().unsigned(&RustCrypto).unwrap();
        let by = |document: &[u8], signer: FakeSigner| {
            add_root_signature(document, &signer, &RustCrypto)
        };
        let refused = by(&unsigned, fixture::ana()).unwrap_err();
        assert_eq!(refused.id(), "artifact.key-without-role");
        let once = by(&unsigned, fixture::custodian()).unwrap();
        let refused = by(&once, fixture::custodian()).unwrap_err();
        assert_eq!(refused.id(), "artifact.already-signed");
        assert!(verify::pinned_root(&once, &RustCrypto).is_ok());
        assert_eq!(
            verify::pinned_root(&unsigned, &RustCrypto).unwrap_err(),
            Refusal::Unsigned
        );
    }

    #[test]
    fn a_threshold_of_two_waits_for_the_second() {
        let mut draft = fixture::draft();
        join(&mut draft, Role::Root, &fixture::server());
        draft.thresholds.push((Role::Root, 2));
        let refused = draft
            .signed(&[&fixture::custodian()], &RustCrypto)
            .unwrap_err();
        assert_eq!(refused.id(), "trust.threshold-not-met");
        assert!(
            draft
                .signed(&[&fixture::custodian(), &fixture::server()], &RustCrypto)
                .is_ok()
        );
    }
}
