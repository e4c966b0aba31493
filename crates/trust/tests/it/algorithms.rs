//! Every algorithm against vectors that others published, on the microcontroller's primitives.

use crate::people::unhex;
use mainstay_trust::{Algorithm, KeyId, Primitives, PublicKey, RustCrypto};
use std::path::PathBuf;

fn holds(key: &PublicKey<'_>, message: &[&[u8]], signature: &[u8]) -> bool {
    RustCrypto.verify(key, message, signature).is_ok()
}

/// What is true of a good signature under every algorithm: how the message is cut doesn't matter,
/// and any other message, key, length or bit is refused.
fn check(key: &PublicKey<'_>, other: &PublicKey<'_>, message: &[u8], signature: &[u8]) {
    let name = key.algorithm().id();
    for cut in [0, message.len() / 3, message.len()] {
        let (start, end) = message.split_at(cut);
        assert!(holds(key, &[start, b"", end], signature), "{name}");
    }
    assert!(!holds(key, &[message, b"."], signature), "{name}: message");
    assert!(!holds(other, &[message], signature), "{name}: key");
    let longer = [signature, &[0]].concat();
    for other in [
        &signature[1..],
        &signature[..signature.len() - 1],
        &longer,
        &[],
    ] {
        assert!(
            !holds(key, &[message], other),
            "{name}: length {}",
            other.len()
        );
    }
    let step = 1 + signature.len() / 40;
    for at in (0..signature.len()).step_by(step) {
        let mut flipped = signature.to_vec();
        flipped[at] ^= 1 << (at % 8);
        assert!(!holds(key, &[message], &flipped), "{name}: byte {at}");
    }
}

#[test]
fn this_build_checks_every_algorithm() {
    for algorithm in Algorithm::ALL {
        assert!(RustCrypto.supports(algorithm), "{}", algorithm.id());
    }
}

/// Tests 1 to 3 of RFC 8032, section 7.1: public key, message, signature.
const RFC_8032: [[&str; 3]; 3] = [
    [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn ed25519_as_published() {
    let keys = RFC_8032.map(|[key, ..]| unhex(key));
    for (at, [_, message, signature]) in RFC_8032.into_iter().enumerate() {
        let key = PublicKey::new(Algorithm::Ed25519, &keys[at]).unwrap();
        let other = PublicKey::new(Algorithm::Ed25519, &keys[(at + 1) % 3]).unwrap();
        check(&key, &other, &unhex(message), &unhex(signature));
    }
}

/// RFC 6979, appendix A.2.6, with SHA-384: message, `r`, `s`.
const RFC_6979: [[&str; 3]; 2] = [
    [
        "sample",
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
        "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    ],
    [
        "test",
        "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023db",
        "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5",
    ],
];

/// Two points of P-384: that appendix's public key, and the generator.
const P_384: [[&str; 2]; 2] = [
    [
        "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
        "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
    ],
    [
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ],
];

#[test]
fn esp384_as_published() {
    let points = P_384.map(|[x, y]| [&[4][..], &unhex(x), &unhex(y)].concat());
    let keys = points
        .each_ref()
        .map(|point| PublicKey::new(Algorithm::Esp384, point).unwrap());
    for [message, r, s] in RFC_6979 {
        let signature = [unhex(r), unhex(s)].concat();
        check(&keys[0], &keys[1], message.as_bytes(), &signature);
    }
}

/// The neutral element as key and as `R`, with `S` = 0: it solves the equation for every message,
/// and plain RFC 8032 would accept it.
#[test]
fn an_ed25519_key_of_small_order_signs_nothing() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let key = PublicKey::new(Algorithm::Ed25519, &neutral).unwrap();
    let signature = [neutral, [0; 32]].concat();
    assert!(!holds(&key, &[b"anything"], &signature));
}

fn lms(name: &str, what: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/good/trust/lms");
    std::fs::read(folder.join(format!("{name}.{what}"))).expect("a fixture")
}

const LMS: [&str; 7] = [
    "rfc8554-f1-top",
    "rfc8554-f1-leaf",
    "rfc8554-f2-top",
    "rfc8554-f2-leaf",
    "hbs-lms-w2-h5",
    "hbs-lms-w4-h5",
    "hbs-lms-w8-h5",
];

#[test]
fn lms_as_published_and_as_another_library_signs() {
    for (at, name) in LMS.into_iter().enumerate() {
        let bytes = [name, LMS[(at + 1) % LMS.len()]].map(|name| lms(name, "pub"));
        let keys = bytes
            .each_ref()
            .map(|bytes| PublicKey::new(Algorithm::HssLms, bytes).unwrap());
        let signature = lms(name, "sig");
        check(&keys[0], &keys[1], &lms(name, "message"), &signature);
    }
}

/// The judge library accepts what we accept.
#[test]
fn the_lms_fixtures_are_sound() {
    for name in LMS {
        let [message, signature, key] = ["message", "sig", "pub"].map(|what| lms(name, what));
        let verified = hbs_lms::verify::<hbs_lms::Sha256_256>(&message, &signature, &key);
        assert!(verified.is_ok(), "{name}");
    }
}

/// Each header field of a signature is bound: to one tree, to the key's types, to a leaf below.
#[test]
fn an_lms_signature_of_another_shape_is_refused() {
    let [message, signature, key] =
        ["message", "sig", "pub"].map(|what| lms("rfc8554-f1-leaf", what));
    let key = PublicKey::new(Algorithm::HssLms, &key).unwrap();
    let tree_type = signature.len() - 5 * 32 - 1;
    for (at, value) in [(3, 1), (6, 1), (7, 32), (11, 3), (tree_type, 6)] {
        let mut altered = signature.clone();
        assert_ne!(altered[at], value);
        altered[at] = value;
        assert!(!holds(&key, &[&message], &altered), "byte {at} = {value}");
    }
}

/// A W2 signature of a tree higher than 10 is longer than any document's block may be: such a key
/// could be listed and never used.
#[test]
fn only_lms_keys_whose_signatures_fit_are_keys() {
    let mut bytes = lms("hbs-lms-w2-h5", "pub");
    for (tree, chains, good) in [
        (5, 2, true),
        (6, 2, true),
        (7, 2, false),
        (9, 2, false),
        (9, 3, true),
        (9, 4, true),
        (5, 1, false),
        (4, 4, false),
        (10, 4, false),
        (5, 5, false),
    ] {
        (bytes[7], bytes[11]) = (tree, chains);
        let key = PublicKey::new(Algorithm::HssLms, &bytes);
        assert_eq!(key.is_ok(), good, "tree {tree}, chains {chains}");
    }
}

/// The COSE_Key of each key type as a general CBOR library writes it, hashed.
#[test]
fn key_ids_are_thumbprints() {
    use ciborium::value::{Integer, Value};
    let number = |value: i32| Value::Integer(Integer::from(value));
    for algorithm in Algorithm::ALL {
        let mut bytes = match algorithm {
            Algorithm::HssLms => lms("rfc8554-f1-leaf", "pub"),
            other => (0..other.public_key_bytes()).map(|at| at as u8).collect(),
        };
        if matches!(algorithm, Algorithm::Esp256 | Algorithm::Esp384) {
            bytes[0] = 4;
        }
        let half = bytes.len() / 2;
        let whole = Value::Bytes(bytes.clone());
        let (x, y) = (bytes[1..=half].to_vec(), bytes[half + 1..].to_vec());
        let point = |curve| {
            let (x, y) = (Value::Bytes(x.clone()), Value::Bytes(y.clone()));
            vec![(1, number(2)), (-1, number(curve)), (-2, x), (-3, y)]
        };
        let lattice = |whole| {
            vec![
                (1, number(7)),
                (3, number(algorithm.cose_id())),
                (-1, whole),
            ]
        };
        let members = match algorithm {
            Algorithm::Esp256 => point(1),
            Algorithm::Esp384 => point(2),
            Algorithm::Ed25519 => vec![(1, number(1)), (-1, number(6)), (-2, whole)],
            Algorithm::MlDsa65 | Algorithm::MlDsa87 => lattice(whole),
            Algorithm::HssLms => vec![(1, number(5)), (-1, whole)],
        };
        let map = members
            .into_iter()
            .map(|(label, value)| (number(label), value))
            .collect();
        let mut text = Vec::new();
        ciborium::into_writer(&Value::Map(map), &mut text).unwrap();
        let thumbprint = RustCrypto.digest(&text).to_string();
        let key = PublicKey::new(algorithm, &bytes).unwrap();
        let id = KeyId::of(&key, &RustCrypto).to_string();
        assert_eq!(id, thumbprint[..32], "{}", algorithm.id());
    }
}
