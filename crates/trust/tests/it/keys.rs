//! Digests, key ids and public keys as text and bytes.

use crate::people::{self, unhex};
use mainstay_trust::envelope::{SUIT_DIGEST_BYTES, SUIT_DIGEST_BYTES_MAX};
use mainstay_trust::{Algorithm, Digest, DigestAlgorithm, KeyId, PublicKey, Role, RustCrypto};

/// The example key and thumbprint of RFC 9679, section 6.
#[test]
fn key_id_begins_the_thumbprint() {
    let x = "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d";
    let y = "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c";
    let point = unhex(&format!("04{x}{y}"));
    let key = PublicKey::new(Algorithm::Esp256, &point).unwrap();
    assert_eq!(
        KeyId::of(&key, &RustCrypto).to_string(),
        "496bd8afadf307e5b08c64b0421bf9dc"
    );
}

/// Names that plans, records and servers keep: they never change.
#[test]
fn roles_and_algorithms_have_their_names() {
    let roles = Role::ALL.map(Role::id).join(" ");
    assert_eq!(roles, "root build release operations revocation status");
    let algorithms = Algorithm::ALL.map(Algorithm::id).join(" ");
    assert_eq!(
        algorithms,
        "ESP256 Ed25519 ESP384 ML-DSA-65 ML-DSA-87 HSS-LMS"
    );
    let digests = DigestAlgorithm::ALL.map(DigestAlgorithm::id);
    assert_eq!(digests, ["sha256", "sha384"]);
    assert_eq!((SUIT_DIGEST_BYTES, SUIT_DIGEST_BYTES_MAX), (36, 53));
    let numbers = Algorithm::ALL.map(Algorithm::cose_id);
    assert_eq!(numbers, [-9, -19, -51, -49, -50, -46]);
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_id(algorithm.id()), Some(algorithm));
        assert_eq!(
            Algorithm::from_cose_id(algorithm.cose_id()),
            Some(algorithm)
        );
    }
    assert_eq!(Algorithm::from_id("ES256"), None);
    assert_eq!(Algorithm::from_cose_id(-7), None);
}

#[test]
fn only_uncompressed_points_are_keys() {
    let good = people::engineer().key.public.bytes();
    let (mut compressed, mut short) = (good.to_vec(), good.to_vec());
    compressed[0] = 0x02;
    short.pop();
    assert!(PublicKey::new(Algorithm::Esp256, good).is_ok());
    for bad in [&compressed[..], &compressed[..33], &short, &[]] {
        assert!(PublicKey::new(Algorithm::Esp256, bad).is_err());
    }
}

#[test]
fn hexadecimal_has_one_spelling() {
    let digest = Digest([0xa7; 32]);
    let text = "a7".repeat(32);
    assert_eq!(digest.to_string(), text);
    assert_eq!(Digest::parse_hex(&text), Some(digest));
    for bad in [
        &text[1..],
        &text.to_uppercase(),
        &format!("{text}a7"),
        "",
        &"g7".repeat(32),
        &"é".repeat(32),
    ] {
        assert_eq!(Digest::parse_hex(bad), None, "{bad}");
    }
    let id = people::engineer().key.id;
    assert_eq!(KeyId::parse_hex(&id.to_string()), Some(id));
}

#[test]
fn a_digest_is_text_in_json() {
    let text = format!("\"{}\"", "0f".repeat(32));
    assert_eq!(serde_json::to_string(&Digest([0x0f; 32])).unwrap(), text);
    assert_eq!(
        serde_json::from_str::<Digest>(&text).unwrap(),
        Digest([0x0f; 32])
    );
    assert!(serde_json::from_str::<Digest>("\"0f\"").is_err());
}
