//! The root document: who holds which key in which role, signed to its own threshold.
//!
//! What makes a root valid is `trust`'s business alone; a draft that it refuses never becomes a
//! document, and says why with the same reason that a device would give. Read [`RootDraft`] first.

use std::collections::BTreeMap;

use mainstay_trust::manifest::Uuid;
use mainstay_trust::root::ClassPolicy;
use mainstay_trust::{
    Algorithm, Key, KeyId, KeyState, List, Primitives, Refusal, Role, RoleRule, Root, root_rules,
    verify,
};

use crate::PublicKeyBuf;
use crate::blocks::BlockError;
use crate::document_file;
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

impl Member {
    /// Whoever signs with `signer`, in a role.
    #[must_use]
    pub fn of<S: Signer + ?Sized>(role: Role, signer: &S) -> Self {
        Self {
            role,
            holder: signer.holder().to_owned(),
            public_key: signer.public_key().into(),
        }
    }
}

/// A key that the root lists by itself, whether or not it plays a role: so a revoked one stays known,
/// and what it signs is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The person or service, without capitals.
    pub holder: String,
    /// Their key.
    pub public_key: PublicKeyBuf,
}

/// A root before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Keys that are listed first, in this order; those of `members` that aren't among them follow.
    pub listed: Vec<Listed>,
    /// Who plays which role.
    pub members: Vec<Member>,
    /// How many different people each role takes, where that isn't one.
    pub thresholds: Vec<(Role, u8)>,
    /// In which algorithms a role must reach its threshold, where that isn't each in which it has
    /// a key.
    pub algorithms: Vec<(Role, Vec<Algorithm>)>,
    /// Epochs of roles, where that isn't 0.
    pub epochs: Vec<(Role, u32)>,
    /// Keys that aren't active.
    pub states: Vec<(KeyId, KeyState)>,
    /// Classes that need other roles than build and release, by class id.
    pub policy: BTreeMap<Uuid, Vec<Role>>,
}

impl RootDraft {
    /// The document without signatures, if `trust` finds nothing wrong with its content.
    pub fn unsigned(&self, primitives: &impl Primitives) -> Result<Vec<u8>, BlockError> {
        let keys = self.keys(primitives)?;
        let rules = Role::ALL.map(|role| self.rule(role, primitives));
        let roles = rules.each_ref().map(OwnedRule::borrowed);
        let policy = self.policy.iter().map(|(class, roles)| ClassPolicy {
            class: *class,
            roles: List::from(&roles[..]),
        });
        let policy: Vec<_> = policy.collect();
        let root = Root {
            version: self.version,
            vendor: &self.vendor,
            environment: &self.environment,
            issued: self.issued,
            expires: self.expires,
            keys: List::from(&keys[..]),
            roles: List::from(&roles[..]),
            policy: List::from(&policy[..]),
        };
        root_rules::check(&root, primitives)?;
        document_file::unsigned(&root)
    }

    /// The document signed by all of `signers`, which must be enough for devices to accept it.
    pub fn signed(
        &self,
        signers: &[&dyn Signer],
        primitives: &impl Primitives,
    ) -> Result<Vec<u8>, BlockError> {
        let mut document = self.unsigned(primitives)?;
        for signer in signers {
            document = add_root_signature(&document, *signer, None, primitives)?;
        }
        verify::pinned_root(&document, primitives)?;
        Ok(document)
    }

    /// Each key once, however often it is named; it has one holder only.
    fn keys(&self, primitives: &impl Primitives) -> Result<Vec<Key<'_>>, Refusal> {
        let listed = self.listed.iter().map(|key| (&key.holder, &key.public_key));
        let members = self
            .members
            .iter()
            .map(|key| (&key.holder, &key.public_key));
        let mut keys: Vec<Key<'_>> = Vec::new();
        for (holder, public_key) in listed.chain(members) {
            let public = public_key.as_key();
            let id = KeyId::of(&public, primitives);
            match keys.iter().find(|key| key.id == id) {
                Some(listed) if listed.holder == *holder => {}
                Some(_) => return Err(Refusal::RootKey),
                None => keys.push(Key {
                    id,
                    holder,
                    public,
                    state: of(&self.states, &id).unwrap_or(KeyState::Active),
                }),
            }
        }
        Ok(keys)
    }

    fn rule(&self, role: Role, primitives: &impl Primitives) -> OwnedRule {
        let members = || self.members.iter().filter(|member| member.role == role);
        let keys = members().map(|member| KeyId::of(&member.public_key.as_key(), primitives));
        let used = each_once(members().map(|member| member.public_key.algorithm()));
        let held = u8::from(!used.is_empty());
        OwnedRule {
            keys: keys.collect(),
            threshold: of(&self.thresholds, &role).map_or(held, |count| count * held),
            algorithms: of(&self.algorithms, &role).unwrap_or(used),
            epoch: of(&self.epochs, &role).unwrap_or(0),
        }
    }
}

/// The value of `key` in a short list of pairs.
fn of<K: PartialEq, V: Clone>(pairs: &[(K, V)], key: &K) -> Option<V> {
    let found = pairs.iter().find(|(other, _)| other == key);
    found.map(|(_, value)| value.clone())
}

/// The algorithms that a role demands if nobody says otherwise: each in which it has a key.
pub(crate) fn each_once(algorithms: impl Iterator<Item = Algorithm>) -> Vec<Algorithm> {
    let mut used: Vec<_> = algorithms.collect();
    used.sort_unstable();
    used.dedup();
    used
}

struct OwnedRule {
    keys: Vec<KeyId>,
    threshold: u8,
    algorithms: Vec<Algorithm>,
    epoch: u32,
}

impl OwnedRule {
    fn borrowed(&self) -> RoleRule<'_> {
        RoleRule {
            keys: List::from(&self.keys[..]),
            threshold: self.threshold,
            required_algorithms: List::from(&self.algorithms[..]),
            epoch: self.epoch,
        }
    }
}

/// Adds one signature to a root document; the last one needed makes it a root that devices accept,
/// which [`verify::pinned_root`] and [`verify::next_root`] tell. The signer has role root in the new
/// root, or in `current`, the one before it.
pub fn add_root_signature(
    signed: &[u8],
    signer: &dyn Signer,
    current: Option<&Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let root: Root<'_> = document_file::read(signed)?;
    if crate::sign::check_role(signer, Role::Root, &root).is_err() {
        crate::sign::check_role(signer, Role::Root, current.unwrap_or(&root))?;
    }
    document_file::add_signature::<Root<'_>>(signed, signer, primitives)
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
        draft.members.push(Member::of(role, signer));
    }

    #[test]
    fn trust_decides_what_a_root_may_be() {
        let second_key = || Member {
            public_key: FakeSigner::new("ana's second").public_key().into(),
            ..Member::of(Role::Release, &fixture::ana())
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
            add_root_signature(document, &signer, None, &RustCrypto)
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
