//! Attacks on what binds a release: SHA-256 where SHA-384 belongs, and halves of the two.

use crate::people::{
    self, Draft, approve, bound_by_sha384, build, engineer, envelope, enveloped, good_envelope_of,
    header, manager, manifest, manifest_bytes, root,
};
use crate::story::{Stage, Story, first, replaced, story, told};
use mainstay_trust::cose::{BLOCK_BYTES_MAX, Block, Protected, ToBeSigned};
use mainstay_trust::{
    Algorithm, Digest384, DigestAlgorithm, Hasher as _, Key, KeyId, Manifest, Primitives as _,
    PublicKey, Refusal, Role, RustCrypto,
};
use p384::ecdsa::signature::Signer as _;
use p384::ecdsa::{Signature, SigningKey};

const IMAGE: &[u8] = b"The image of release 1.1.0, which two hashes bind.";

/// The engineer's key on P-384; its scalar is a byte repeated, as ever.
fn secret() -> SigningKey {
    SigningKey::from_slice(&[2; 48]).expect("a valid scalar")
}

fn key() -> Key<'static> {
    let point = secret().verifying_key().to_sec1_point(false);
    let public = PublicKey::new(Algorithm::Esp384, point.as_bytes().to_vec().leak()).unwrap();
    let id = KeyId::of(&public, &RustCrypto);
    Key {
        id,
        public,
        ..engineer().key
    }
}

/// RFC 6979: the same story gives the same bytes.
fn build_by_p384(payload: &[u8]) -> Vec<u8> {
    let protected = Protected {
        algorithm: Algorithm::Esp384.cose_id(),
        kid: key().id,
        ..header(&engineer())
    };
    let message = ToBeSigned::new(&protected, payload).unwrap();
    let signature: Signature = secret().sign(&message.parts().concat());
    let block = Block {
        protected,
        signature: &signature.to_bytes(),
    };
    people::bytes_of(BLOCK_BYTES_MAX, |buf| block.encode(buf))
}

/// Builders sign in ESP384.
fn stronger_root() -> Draft {
    let mut root = root();
    root.keys.push(key());
    let rule = root.role(Role::Build);
    rule.keys = vec![key().id];
    rule.required_algorithms = vec![Algorithm::Esp384];
    root
}

fn built_by_p384(manifest: &Manifest<'_>) -> Vec<u8> {
    envelope(manifest, |p| vec![build_by_p384(p), approve(&manager(), p)])
}

/// The ordinary people's signatures over manifest bytes, whatever they say, bound by SHA-384.
fn bound(manifest: &[u8]) -> Vec<u8> {
    enveloped(manifest, DigestAlgorithm::Sha384, both)
}

fn both(payload: &[u8]) -> Vec<Vec<u8>> {
    vec![build(&engineer(), payload), approve(&manager(), payload)]
}

fn sha384(bytes: &[u8]) -> Digest384 {
    let mut hasher = RustCrypto.hasher384().unwrap();
    hasher.update(bytes);
    hasher.finish()
}

/// The release of [`IMAGE`], whose manifest says that this is its SHA-384.
fn of_image(sha384: Digest384) -> Manifest<'static> {
    Manifest {
        image_digest: RustCrypto.digest(IMAGE),
        image_bytes: IMAGE.len() as u32,
        image_sha384: Some(sha384),
        ..manifest()
    }
}

/// A genuine release that is bound by SHA-384.
fn ordinary() -> Stage {
    first().with_envelope(good_envelope_of(&bound_by_sha384()))
}

fn with_image() -> Stage {
    let mut stage = first().with_envelope(good_envelope_of(&of_image(sha384(IMAGE))));
    stage.scene.attack.image = Some(stage.file("image.hex", IMAGE.to_vec()));
    stage
}

/// The signed digest without its last byte; the byte strings around it fit.
fn cut_short() -> Vec<u8> {
    let whole = good_envelope_of(&bound_by_sha384());
    let digest = sha384(&framed(&manifest_bytes(&bound_by_sha384())));
    let (long, short) = (digest.as_bytes(), &digest.as_bytes()[..47]);
    let (long, short) = (
        [&b"\x58\x35\x82\x38\x2a\x58\x30"[..], long].concat(),
        [&b"\x58\x34\x82\x38\x2a\x58\x2f"[..], short].concat(),
    );
    let mut cut = replaced(&whole, &long, &short);
    assert_eq!(
        cut[4], 0x59,
        "the byte string around the digest and the blocks"
    );
    let length = u16::from_be_bytes([cut[5], cut[6]]) - 1;
    cut[5..7].copy_from_slice(&length.to_be_bytes());
    cut
}

fn framed(manifest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(manifest.len()).unwrap().to_be_bytes();
    [&[0x59][..], &length, manifest].concat()
}

fn case(
    folder: &'static str,
    (title, attacker): (&str, &str),
    (expected, why): (Refusal, &str),
    stage: Stage,
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let list = "CNSA 2.0: SHA-384 beside ESP384 and ML-DSA-87";
    story(
        folder,
        told(title, list, attacker, expected, why),
        stage,
        spoil,
    )
}

pub fn stories() -> Vec<Story> {
    [strength(), images(), halves()]
        .into_iter()
        .flatten()
        .collect()
}

fn strength() -> Vec<Story> {
    let collision = "a collision of SHA-256";
    let stronger = first()
        .pinned(&stronger_root())
        .with_envelope(built_by_p384(&bound_by_sha384()));
    vec![
        case(
            "digest-too-weak",
            (
                "Builders sign in ESP384, and the release is bound by SHA-256",
                collision,
            ),
            (
                Refusal::DigestTooWeak,
                "A signature is worth no more than the digest under it; both manifests of a collision would have it.",
            ),
            stronger,
            |s| s.envelope(built_by_p384(&manifest())),
        ),
        case(
            "manifest-exchanged-under-sha384",
            (
                "A release bound by SHA-384, and another manifest in it",
                "the server or the network",
            ),
            (
                Refusal::ManifestDigest,
                "The signed digest is compared, whichever hash made it.",
            ),
            ordinary(),
            |s| {
                let other = Manifest {
                    sequence: 13,
                    ..bound_by_sha384()
                };
                let whole = good_envelope_of(&bound_by_sha384());
                let (own, other) = (manifest_bytes(&bound_by_sha384()), manifest_bytes(&other));
                s.envelope(replaced(&whole, &own, &other));
            },
        ),
    ]
}

fn images() -> Vec<Story> {
    let mut flipped = *sha384(IMAGE).as_bytes();
    flipped[20] ^= 1;
    vec![case(
        "image-of-another-sha384",
        (
            "An image with the SHA-256 that was signed, whose SHA-384 differs in one bit",
            "a second image of the same SHA-256",
        ),
        (
            Refusal::PayloadDigest,
            "Both are computed, and both must be the signed ones.",
        ),
        with_image(),
        |s| s.envelope(good_envelope_of(&of_image(Digest384::new(flipped)))),
    )]
}

fn halves() -> Vec<Story> {
    let tool = "a tool of another make, in the hands of both signers";
    let foreign = |why| (Refusal::ForeignProfile, why);
    vec![
        case(
            "sha384-without-the-image",
            (
                "A manifest that is bound by SHA-384 and binds its image by SHA-256 alone",
                tool,
            ),
            foreign("What is bound more weakly somewhere is bound more weakly."),
            ordinary(),
            |s| s.envelope(bound(&manifest_bytes(&manifest()))),
        ),
        case(
            "sha384-of-the-image-alone",
            (
                "A manifest that binds its image by SHA-384 and is bound by SHA-256",
                tool,
            ),
            foreign("What is bound more weakly somewhere is bound more weakly."),
            ordinary(),
            |s| {
                let manifest = manifest_bytes(&bound_by_sha384());
                s.envelope(enveloped(&manifest, DigestAlgorithm::Sha256, both));
            },
        ),
        case(
            "sha384-cut-short",
            (
                "The signed digest says that it is a SHA-384, and has 47 bytes",
                "the server or the network",
            ),
            foreign("Each hash has its length, and no other."),
            ordinary(),
            |s| s.envelope(cut_short()),
        ),
        case(
            "sha384-of-32-bytes",
            (
                "The signed digest says that it is a SHA-384, and is the SHA-256",
                tool,
            ),
            foreign("Each hash has its length, and no other."),
            first(),
            |s| s.envelope(relabelled()),
        ),
    ]
}

/// The ordinary envelope, its digest called one of SHA-384.
fn relabelled() -> Vec<u8> {
    let whole = people::good_envelope();
    let mut longer = replaced(
        &whole,
        b"\x58\x24\x82\x2f\x58\x20",
        b"\x58\x25\x82\x38\x2a\x58\x20",
    );
    let length = u16::from_be_bytes([longer[5], longer[6]]) + 1;
    longer[5..7].copy_from_slice(&length.to_be_bytes());
    longer
}
