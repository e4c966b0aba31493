//! Whether a release is bound as strongly as its signatures are made: SHA-384 where a role signs in ESP384
//! or ML-DSA-87. See [`check`].

use crate::key::Algorithm;
use crate::manifest::{Manifest, Uuid};
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::root::Root;
use crate::suit_digest::DigestAlgorithm;

/// Whether a release is bound by what the root demands of its class. Where neither of the two algorithms
/// can be checked the question costs nothing: such a root's signatures are refused for that.
///
/// # Errors
/// [`Refusal::DigestTooWeak`].
pub fn check(
    manifest: &Manifest<'_>,
    root: &Root<'_>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let of_cnsa = |algorithm: &Algorithm| algorithm.is_of_cnsa();
    let mut strong = Algorithm::ALL.into_iter().filter(of_cnsa);
    let matters = strong.any(|algorithm| primitives.supports(algorithm));
    let is_weak = manifest.image().algorithm() == DigestAlgorithm::Sha256;
    if matters && is_weak && demands_sha384(root, &manifest.class_id) {
        Err(Refusal::DigestTooWeak)
    } else {
        Ok(())
    }
}

/// Whether a role that must stand behind a release of this class signs in one of them.
fn demands_sha384(root: &Root<'_>, class_id: &Uuid) -> bool {
    let mut roles = root.required_roles(class_id).iter();
    roles.any(|role| {
        let mut algorithms = root.role(role).required_algorithms.iter();
        algorithms.any(Algorithm::is_of_cnsa)
    })
}
