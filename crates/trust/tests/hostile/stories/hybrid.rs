//! Attacks on releases that their builders sign in two algorithms, of which one may be broken.

use crate::people::{
    self, Draft, approve, build, engineer, envelope, header, manager, manifest, root,
};
use crate::story::{Stage, Story, first, replaced, story, told};
use mainstay_trust::cose::{BLOCK_BYTES_MAX, Block, Protected, ToBeSigned};
use mainstay_trust::{Algorithm, Key, KeyId, PublicKey, Refusal, Role, RustCrypto};
use ml_dsa::signature::{Keypair as _, Signer as _};
use ml_dsa::{MlDsa65, SigningKey};

/// The engineer's key of the second algorithm; its seed is a byte repeated, as ever.
fn second_secret() -> SigningKey<MlDsa65> {
    SigningKey::from_seed(&[2; 32].into())
}

fn second_key() -> Key<'static> {
    let bytes = second_secret().verifying_key().encode().to_vec().leak();
    let public = PublicKey::new(Algorithm::MlDsa65, bytes).unwrap();
    let id = KeyId::of(&public, &RustCrypto);
    Key {
        id,
        public,
        ..engineer().key
    }
}

/// Signing draws no chance: the same story gives the same bytes.
fn second_block(payload: &[u8]) -> Vec<u8> {
    let protected = Protected {
        algorithm: Algorithm::MlDsa65.cose_id(),
        kid: second_key().id,
        ..header(&engineer())
    };
    let message = ToBeSigned::new(&protected, payload).unwrap();
    let signature = second_secret().sign(&message.parts().concat()).encode();
    let block = Block {
        protected,
        signature: &signature,
    };
    people::bytes_of(BLOCK_BYTES_MAX, |buf| block.encode(buf))
}

/// Builders sign in both.
fn two_algorithms() -> Draft {
    let mut root = root();
    root.keys.push(second_key());
    let rule = root.role(Role::Build);
    rule.keys.push(second_key().id);
    rule.required_algorithms.push(Algorithm::MlDsa65);
    root
}

fn built_twofold() -> Vec<u8> {
    envelope(&manifest(), |p| {
        vec![
            build(&engineer(), p),
            second_block(p),
            approve(&manager(), p),
        ]
    })
}

fn twofold() -> Stage {
    first()
        .pinned(&two_algorithms())
        .with_envelope(built_twofold())
}

pub fn stories() -> Vec<Story> {
    let list = "Mainstay: hybrid signatures";
    vec![
        story(
            "hybrid-stripped",
            told(
                "Builders sign in two algorithms; the lattice block was taken away",
                list,
                "a quantum computer that forges ESP256",
                Refusal::HybridIncomplete,
                "The root says which algorithms, so leaving one out can't go unnoticed.",
            ),
            twofold(),
            |s| s.scene.attack.envelope = Some("good/envelope.hex".to_owned()),
        ),
        story(
            "hybrid-without-the-older",
            told(
                "Builders sign in two algorithms; the elliptic-curve block was taken away",
                list,
                "a break of ML-DSA",
                Refusal::HybridIncomplete,
                "Neither stands for the other.",
            ),
            twofold(),
            |s| {
                s.envelope(envelope(&manifest(), |p| {
                    vec![second_block(p), approve(&manager(), p)]
                }));
            },
        ),
        story(
            "hybrid-half-forged",
            told(
                "Builders sign in two algorithms; the lattice block is of another release",
                list,
                "a quantum computer that forges ESP256",
                Refusal::BadSignature,
                "Both are checked.",
            ),
            twofold(),
            |s| {
                let payload = mainstay_trust::envelope::suit_digest(&manifest().digest);
                let (own, other) = (second_block(&payload), second_block(&[0; 36]));
                s.envelope(replaced(&built_twofold(), &own, &other));
            },
        ),
    ]
}
