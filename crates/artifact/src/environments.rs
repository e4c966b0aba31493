//! Staging and production share no key.
//!
//! Staging keys lie where many people and build machines reach them; a production root that lists
//! one of them is only as safe as they are. Read [`two_roots_share_a_key`].

use mainstay_trust::{KeyId, Root};

/// A key that both roots list, in whatever role and state, though they are of different
/// environments. None if there is no such key, or both are of one environment, as the roots of a
/// rotation are.
///
/// The state doesn't matter: a key that is retired or revoked in one of them is the last that should
/// be trusted in the other.
pub fn two_roots_share_a_key(one: &Root<'_>, other: &Root<'_>) -> Option<KeyId> {
    if one.environment == other.environment {
        return None;
    }
    let listed = one.keys.iter().map(|key| key.id);
    listed.into_iter().find(|id| other.key(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{FakeSigner, Signer as _};
    use crate::tests::fixture;
    use crate::{Member, RootDraft};
    use mainstay_trust::Document as _;
    use mainstay_trust::{Role, RustCrypto};

    fn document(environment: &str, change: impl FnOnce(&mut RootDraft)) -> Vec<u8> {
        let mut draft = fixture::draft();
        draft.environment = environment.to_owned();
        for member in &mut draft.members {
            let own = FakeSigner::new(&format!("{environment} {}", member.holder));
            member.public_key = own.public_key().into();
        }
        change(&mut draft);
        draft.unsigned(&RustCrypto).unwrap()
    }

    fn check(one: &[u8], other: &[u8], expected: Option<KeyId>) {
        let payload = |document| {
            mainstay_trust::signed::Signed::parse(document)
                .unwrap()
                .payload
        };
        let roots = [one, other].map(|document| Root::parse(payload(document)).unwrap());
        assert_eq!(two_roots_share_a_key(&roots[0], &roots[1]), expected);
        assert_eq!(two_roots_share_a_key(&roots[1], &roots[0]), expected);
    }

    #[test]
    fn a_key_of_both_environments_is_found() {
        let shared = FakeSigner::new("shared");
        let with_shared = |draft: &mut RootDraft| {
            draft.members.push(Member {
                role: Role::Revocation,
                holder: "carol".to_owned(),
                public_key: shared.public_key().into(),
            });
        };
        let production = document("production", with_shared);
        check(
            &production,
            &document("staging", with_shared),
            Some(shared.key_id()),
        );
        check(&production, &document("staging", |_| ()), None);
        check(&production, &production, None);
    }
}
