//! The approval: a release manager says "this may go out, under this plan, on this evidence".
//!
//! A second COSE_Sign1 block over the same digest; the digests of the plan revision and of the
//! evidence stand in its protected header, so they are signed, and the manifest stays as it was
//! built. See [`add_approval`].

use mainstay_trust::{Primitives, Role, Root, Verified, verify};

use crate::blocks::{self, BlockError};
use crate::sign::{append, check_new, check_role};
use crate::signer::Signer;

pub use mainstay_trust::cose::Approval;

/// Adds the approval of `signer` to a release that role build has signed to its threshold.
///
/// Refused are a release without (enough) good build signatures, a key that the root doesn't list
/// in role release, and a person who has signed this release before, be it as its builder. What is
/// given out is a release that devices accept, or one that only waits for further people.
pub fn add_approval(
    envelope: &[u8],
    signer: &dyn Signer,
    approval: Approval,
    root: &Verified<Root<'_>>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let (envelope, _) = blocks::open(envelope, primitives)?;
    check_role(signer, Role::Release, root.get())?;
    check_new(&envelope, signer, Some(root))?;
    blocks::check_build(&envelope, root, primitives)?;
    let approved = append(&envelope, signer, Some(approval), primitives)?;
    match verify::release(&approved, root, primitives) {
        Err(refusal) if !blocks::only_too_few(refusal) => Err(refusal.into()),
        _ => Ok(approved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::FakeSigner;
    use crate::tests::fixture::{self, ana, mia};
    use crate::{Member, RootDraft, add_build_signature};
    use mainstay_trust::RustCrypto;

    fn approve(envelope: &[u8], signer: &dyn Signer, draft: &RootDraft) -> Result<Vec<u8>, String> {
        let document = draft.signed(&[&fixture::custodian()], &RustCrypto).unwrap();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        add_approval(envelope, signer, fixture::approval(), &root, &RustCrypto)
            .map_err(|error| error.id().to_owned())
    }

    fn check(envelope: &[u8], signer: &dyn Signer, expected: &str) {
        let found = approve(envelope, signer, &fixture::draft());
        assert_eq!(found.map_or_else(|id| id, |_| "ok".to_owned()), expected);
    }

    #[test]
    fn who_may_approve_and_when() {
        let (packed, signed) = (fixture::packed().envelope, fixture::signed());
        check(&signed, &mia(), "ok");
        check(&packed, &mia(), "trust.unsigned");
        check(&signed, &ana(), "artifact.key-without-role");
        check(&fixture::approved(), &mia(), "artifact.already-signed");
        check(
            &signed,
            &FakeSigner::new("stranger"),
            "artifact.key-without-role",
        );
        check(&signed[1..], &mia(), "trust.malformed");
    }

    #[test]
    fn a_strangers_build_signature_is_none() {
        let stranger = FakeSigner::new("stranger");
        let packed = fixture::packed().envelope;
        let envelope = add_build_signature(&packed, &stranger, None, &RustCrypto).unwrap();
        check(&envelope, &mia(), "trust.build-missing");
    }

    #[test]
    fn a_broken_build_signature_is_not_approved() {
        let mut envelope = fixture::signed();
        let envelope_before = envelope.clone();
        let manifest = mainstay_trust::Envelope::parse(&envelope_before)
            .unwrap()
            .manifest;
        let last_of_signature = envelope.len() - manifest.len() - 4;
        envelope[last_of_signature] ^= 1;
        check(&envelope, &mia(), "trust.bad-signature");
    }

    #[test]
    fn a_threshold_of_two_builders_holds_approval_back() {
        let mut draft = fixture::draft();
        draft.thresholds.push((Role::Build, 2));
        let one = fixture::signed();
        assert_eq!(
            approve(&one, &mia(), &draft).unwrap_err(),
            "trust.threshold-not-met"
        );
        let two = add_build_signature(&one, &fixture::li(), None, &RustCrypto).unwrap();
        assert!(approve(&two, &mia(), &draft).is_ok());
    }

    #[test]
    fn one_person_does_not_approve_with_a_second_key() {
        let mut draft = fixture::draft();
        let second = FakeSigner::new("mia's second");
        let member = Member::of(Role::Release, &second);
        draft.members.push(Member {
            holder: mia().holder().to_owned(),
            ..member
        });
        let approved = approve(&fixture::signed(), &mia(), &draft).unwrap();
        assert_eq!(
            approve(&approved, &second, &draft).unwrap_err(),
            "artifact.already-signed"
        );
    }

    #[test]
    fn a_release_that_devices_would_refuse_anyway_is_not_approved() {
        let mut draft = fixture::draft();
        let noa = FakeSigner::new("noa@northwind.example");
        draft.members.push(Member::of(Role::Release, &noa));
        // Without a root nobody keeps an approver from signing as if she had built it.
        let envelope = add_build_signature(&fixture::signed(), &mia(), None, &RustCrypto).unwrap();
        assert_eq!(
            approve(&envelope, &noa, &draft).unwrap_err(),
            "trust.approval-unbound"
        );
    }
}
