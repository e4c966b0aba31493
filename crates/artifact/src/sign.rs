//! The build signature: an engineer says "I built this".
//!
//! It is one COSE_Sign1 block over the release's digest. It never changes the manifest, says
//! nothing of quality, and alone puts nothing on a device. See [`add_build_signature`].

use mainstay_trust::cose::{Approval, Block};
use mainstay_trust::envelope::SUIT_DIGEST_BYTES_MAX;
use mainstay_trust::{Envelope, KeyId, Primitives, Role, Root, Verified, strength};

use crate::blocks::{self, BlockError};
use crate::signer::Signer;

/// Adds the block of `signer` to an envelope that is whole. With a root at hand, a key that isn't
/// of role build and a release bound too weakly are refused here already, rather than by every device.
pub fn add_build_signature(
    envelope: &[u8],
    signer: &dyn Signer,
    root: Option<&Verified<Root<'_>>>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let (envelope, manifest) = blocks::open(envelope, primitives)?;
    if let Some(root) = root {
        strength::check(&manifest, root.get(), primitives)?;
        check_role(signer, Role::Build, root.get())?;
    }
    check_new(&envelope, signer, root)?;
    append(&envelope, signer, None, primitives)
}

/// The root lists the signer's key in `role`.
pub(crate) fn check_role(
    signer: &dyn Signer,
    role: Role,
    root: &Root<'_>,
) -> Result<(), BlockError> {
    let key_id = signer.key_id();
    if root.role(role).keys.contains(&key_id) {
        return Ok(());
    }
    Err(BlockError::WithoutRole {
        holder: signer.holder().to_owned(),
        key_id,
        role,
    })
}

/// Neither this key has signed the release, nor (by the root) another of its holder's of the same
/// algorithm: a second one counts for nobody. Of another algorithm it is the other half of a hybrid.
pub(crate) fn check_new(
    envelope: &Envelope<'_>,
    signer: &dyn Signer,
    root: Option<&Verified<Root<'_>>>,
) -> Result<(), BlockError> {
    let listed = |kid: KeyId| {
        let key = root.and_then(|root| root.get().key(&kid));
        key.map(|key| (key.holder, key.public.algorithm()))
    };
    let own = signer.key_id();
    for bytes in envelope.blocks.iter() {
        let kid = Block::parse(bytes)?.protected.kid;
        let same_person = listed(kid).is_some() && listed(kid) == listed(own);
        if kid == own || same_person {
            return Err(BlockError::AlreadySigned {
                holder: signer.holder().to_owned(),
            });
        }
    }
    Ok(())
}

/// The same envelope with one block more.
pub(crate) fn append(
    envelope: &Envelope<'_>,
    signer: &dyn Signer,
    approval: Option<Approval>,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let mut payload = [0; SUIT_DIGEST_BYTES_MAX];
    let payload = envelope.digest.encode(&mut payload);
    let block = blocks::make(signer, None, approval, payload, primitives)?;
    let all: Vec<&[u8]> = envelope.blocks.iter().chain([&block[..]]).collect();
    Ok(blocks::with_blocks(envelope, &all)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture::{self, ana, li, mia};
    use mainstay_trust::{RustCrypto, verify};

    fn check(envelope: &[u8], signer: &dyn Signer, with_root: bool, expected: &str) {
        let document = fixture::root();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        let found = add_build_signature(envelope, signer, with_root.then_some(&root), &RustCrypto);
        assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
    }

    #[test]
    fn who_may_sign_and_when() {
        let (packed, signed) = (fixture::packed().envelope, fixture::signed());
        check(&packed, &ana(), true, "ok");
        check(&packed, &mia(), true, "artifact.key-without-role");
        check(&packed, &mia(), false, "ok");
        check(&signed, &ana(), true, "artifact.already-signed");
        check(&signed, &ana(), false, "artifact.already-signed");
        check(&signed, &li(), true, "ok");
        check(b"no envelope", &ana(), true, "trust.malformed");
        check(&[], &ana(), true, "trust.malformed");
    }

    #[test]
    fn a_changed_manifest_is_not_signed() {
        let mut envelope = fixture::packed().envelope;
        let at = envelope.windows(5).position(|w| w == b"1.1.0").unwrap();
        envelope[at] = b'9';
        check(&envelope, &ana(), false, "trust.manifest-digest");
    }

    #[test]
    fn the_manifest_stays_what_it_was() {
        let before = fixture::packed().envelope;
        let after = fixture::approved();
        let manifest = |bytes| Envelope::parse(bytes).map(|e| (e.digest, e.manifest.to_vec()));
        assert_eq!(manifest(&before), manifest(&after));
    }

    #[test]
    fn one_block_more_than_the_most_is_refused() {
        let mut envelope = fixture::packed().envelope;
        let sign = |envelope: &[u8], n: u32| {
            let signer = crate::signer::FakeSigner::new(&format!("engineer-{n}"));
            add_build_signature(envelope, &signer, None, &RustCrypto)
        };
        for n in 0..mainstay_trust::cose::BLOCKS_MAX {
            envelope = sign(&envelope, n).unwrap();
        }
        assert_eq!(sign(&envelope, 99).unwrap_err().id(), "trust.too-large");
    }

    /// A token that answers with another key's signature.
    struct Faulty(crate::signer::FakeSigner);

    impl Signer for Faulty {
        fn key_id(&self) -> KeyId {
            self.0.key_id()
        }

        fn public_key(&self) -> mainstay_trust::PublicKey<'_> {
            self.0.public_key()
        }

        fn holder(&self) -> &str {
            self.0.holder()
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, crate::SignError> {
            li().sign(message)
        }
    }

    #[test]
    fn a_faulty_token_is_found_before_its_block_is_given_out() {
        check(
            &fixture::packed().envelope,
            &Faulty(ana()),
            true,
            "artifact.key-did-not-sign",
        );
    }
}
