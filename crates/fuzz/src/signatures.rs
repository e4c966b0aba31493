//! Signatures: whatever the bytes, two libraries say the same of them, and nobody's are forged.

use std::sync::LazyLock;

use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{PublicKeyBuf, Signer as _};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Algorithm, Primitives as _, PublicKey, RustCrypto, lms};
use ml_dsa::{MlDsa65, MlDsa87, MlDsaParams};

use crate::{Fixtures, Target};

pub(crate) const LMS: Target = Target {
    name: "lms",
    bytes_max: 4627 + 64,
    check: check_lms,
    seeds: |_| numbered(TREES.iter().map(|tree| &tree.signature)),
};

pub(crate) const SIGNATURE: Target = Target {
    name: "signature",
    bytes_max: 4627 + 64,
    check: check_signature,
    seeds: |_| numbered(KEYS.iter().map(|(_, signature)| signature)),
};

const MESSAGE: [&[u8]; 2] = [b"what was ", b"signed"];

/// A signature of one hash-based key, as published.
struct Tree {
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

static TREES: LazyLock<Vec<Tree>> = LazyLock::new(|| {
    let fixtures = Fixtures::load();
    let files = |end| fixtures.below("good/trust/lms", end).into_iter();
    let of_keys = files(".pub").zip(files(".message")).zip(files(".sig"));
    let tree = |((key, message), signature)| Tree {
        key,
        message,
        signature,
    };
    of_keys.map(tree).collect()
});

/// A key of each other algorithm, and its signature over [`MESSAGE`].
static KEYS: LazyLock<Vec<(PublicKeyBuf, Vec<u8>)>> = LazyLock::new(|| {
    let message = MESSAGE.concat();
    let fake = FakeSigner::new("ana");
    let point = fake.public_key().bytes().to_vec();
    let signature = fake.sign(&message).expect("a fake signer signs");
    let of = |algorithm, (key, signature): (Vec<u8>, Vec<u8>)| {
        let key = PublicKeyBuf::new(algorithm, &key).expect("a key in its documents' form");
        (key, signature)
    };
    vec![
        of(Algorithm::Esp256, (point, signature)),
        of(Algorithm::Ed25519, ed25519(&message)),
        of(Algorithm::Esp384, esp384(&message)),
        of(Algorithm::MlDsa65, lattice::<MlDsa65>(&message)),
        of(Algorithm::MlDsa87, lattice::<MlDsa87>(&message)),
    ]
});

fn ed25519(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use ed25519_dalek::{Signer as _, SigningKey};
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key().to_bytes();
    (public.to_vec(), key.sign(message).to_bytes().to_vec())
}

fn esp384(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use p384::ecdsa::{Signature, SigningKey, signature::Signer as _};
    let key = SigningKey::from_slice(&[0x5a; 48]).expect("below the group order");
    let signature: Signature = key.sign(message);
    let point = key.verifying_key().to_sec1_point(false);
    (point.as_bytes().to_vec(), signature.to_bytes().to_vec())
}

fn lattice<P: MlDsaParams>(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use ml_dsa::signature::{Keypair as _, Signer as _};
    let key = ml_dsa::SigningKey::<P>::from_seed(&[7; 32].into());
    let signature = key.sign(message).encode();
    (key.verifying_key().encode().to_vec(), signature.to_vec())
}

/// Each behind the number of its key.
fn numbered<'s>(signatures: impl Iterator<Item = &'s Vec<u8>>) -> Vec<Vec<u8>> {
    let seed = |(number, signature): (u8, &Vec<u8>)| [&[number], &signature[..]].concat();
    (0..).zip(signatures).map(seed).collect()
}

/// The key that the first byte chooses, and the signature behind it.
fn chosen<'k, 'b, K>(keys: &'k [K], bytes: &'b [u8]) -> Option<(&'k K, &'b [u8])> {
    let (number, signature) = bytes.split_first()?;
    Some((keys.get(usize::from(*number))?, signature))
}

/// A hash-based signature that holds is the one that was made: a second one would need a collision.
fn check_lms(bytes: &[u8]) {
    let Some((tree, signature)) = chosen(&TREES, bytes) else {
        return;
    };
    let key = PublicKey::new(Algorithm::HssLms, &tree.key).expect("a fixture's key");
    let holds = lms::verify(&RustCrypto, &key, &[&tree.message], signature).is_ok();
    assert_eq!(holds, signature == tree.signature, "forged, or lost");
}

/// A device and a host agree; what holds is as long as the algorithm's signatures are.
fn check_signature(bytes: &[u8]) {
    let Some(((key, made), signature)) = chosen(&KEYS, bytes) else {
        return;
    };
    let key = key.as_key();
    let on_device = RustCrypto.verify(&key, &MESSAGE, signature).is_ok();
    let on_host = HostPrimitives.verify(&key, &MESSAGE, signature).is_ok();
    assert_eq!(on_device, on_host, "two libraries, two answers");
    assert!(
        on_device || signature != made,
        "a good signature was refused"
    );
    assert!(
        !on_device || signature.len() == made.len(),
        "of another length"
    );
}
