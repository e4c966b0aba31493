//! What wrapping writes, and what it refuses.

use mainstay_trust::{Primitives as _, RustCrypto};
use proptest::prelude::*;

use super::fixture::*;
use crate::mcuboot::{IMAGE_BYTES_MAX, ImageVersion, Room, WrapRequest, spki, wrap};
use crate::signer::FakeSigner;
use crate::{SignError, Signer};

/// The whole image in bytes, part by part as the tables of the modules say.
#[test]
fn golden_bytes() {
    let signer = EdSigner::new(1);
    let mut request = request();
    request.header_bytes = 36;
    let (image, said) = wrapped(&request, b"\x07program", &signer).unwrap();
    let hashed = hex::decode(
        "3db8f396000000002400\
         0c00080000000000000001020300\
         0400000000000000\
         ffffffff\
         0770726f6772616d\
         08690c005000040007000000",
    )
    .unwrap();
    let hash = RustCrypto.digest(&hashed);
    let key = RustCrypto.digest(&spki::to_der(&signer.public_key()).unwrap());
    let signature = signer.sign(&hash.0).unwrap();
    let unprotected = [
        &b"\x07\x69\x90\x00"[..],
        b"\x10\x00\x20\x00",
        &hash.0,
        b"\x01\x00\x20\x00",
        &key.0,
        b"\x24\x00\x40\x00",
        &signature,
    ]
    .concat();
    assert_eq!(
        hex::encode(&image),
        hex::encode([hashed, unprotected].concat())
    );
    assert_eq!(
        (said.bytes, said.hash, said.room),
        (image.len() as u64, hash, Room::Added)
    );
}

#[test]
fn room_that_the_build_left_is_used() {
    let signer = FakeSigner::new("boot-line");
    let raw = [&[0; 64][..], PROGRAM].concat();
    let (image, said) = wrapped(&request(), &raw, &signer).unwrap();
    assert_eq!(said.room, Room::Reserved);
    assert_eq!(image[32..64], [0; 32]);
    assert!(image[64..].starts_with(PROGRAM), "the program isn't moved");
    let facts = judged(&image, &signer).unwrap();
    assert_eq!(facts.program_bytes as usize, PROGRAM.len());
}

fn check(change: impl FnOnce(&mut WrapRequest), raw: &[u8], expected: &str) {
    let mut request = request();
    change(&mut request);
    let found = wrapped(&request, raw, &EdSigner::new(1));
    assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
}

#[test]
fn what_can_not_be_wrapped() {
    check(|_| (), PROGRAM, "ok");
    check(|r| r.header_bytes = 32, PROGRAM, "ok");
    check(|r| r.header_bytes = 65532, PROGRAM, "ok");
    check(|r| r.header_bytes = 28, PROGRAM, "mcuboot.header-size");
    check(|r| r.header_bytes = 65, PROGRAM, "mcuboot.header-size");
    check(|_| (), b"", "mcuboot.empty");
    check(|_| (), &[0; 64], "mcuboot.empty");
    check(|_| (), &[0; 40], "mcuboot.header-room");
    check(
        |_| (),
        &image(&EdSigner::new(1)),
        "mcuboot.an-image-already",
    );
}

#[test]
fn a_raw_image_of_another_length_than_said_is_refused() {
    let signer = EdSigner::new(1);
    let len = PROGRAM.len() as u64;
    let id = |said| {
        let mut sink = std::io::sink();
        match wrap(
            &request(),
            &mut &*PROGRAM,
            said,
            &signer,
            &BothCurves,
            &mut sink,
        ) {
            Ok(_) => "ok",
            Err(error) => error.id(),
        }
    };
    assert_eq!(id(len), "ok");
    assert_eq!(id(len - 1), "mcuboot.image-changed");
    assert_eq!(id(len + 1), "mcuboot.image-changed");
    assert_eq!(id(IMAGE_BYTES_MAX), "mcuboot.too-large");
    assert_eq!(id(u64::MAX), "mcuboot.too-large");
}

/// A token that signs something else than it was given.
struct Confused(FakeSigner);

impl Signer for Confused {
    fn key_id(&self) -> mainstay_trust::KeyId {
        self.0.key_id()
    }

    fn public_key(&self) -> mainstay_trust::PublicKey<'_> {
        self.0.public_key()
    }

    fn holder(&self) -> &str {
        self.0.holder()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(b"something else")
    }
}

#[test]
fn a_signature_that_does_not_verify_never_leaves() {
    let refused = wrapped(&request(), PROGRAM, &Confused(FakeSigner::new("boot-line")));
    assert_eq!(refused.unwrap_err().id(), "mcuboot.bad-signature");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_wrapped_reads_back_with_the_same_facts(
        program in prop::collection::vec(1..=255_u8, 1..3000),
        (major, minor, revision, build) in any::<(u8, u8, u16, u32)>(),
        security_counter in any::<u32>(),
        header_words in 8..300_u16,
        reserved in any::<bool>(),
        which in 0..2_usize,
    ) {
        let version = ImageVersion { major, minor, revision, build };
        let header_bytes = 4 * header_words;
        let request = WrapRequest { version, security_counter, header_bytes };
        let room = if reserved { usize::from(header_bytes) } else { 0 };
        let raw = [&vec![0; room][..], &program].concat();
        let signer = &*signers()[which];
        let (image, said) = wrapped(&request, &raw, signer).unwrap();
        let facts = judged(&image, signer).unwrap();
        prop_assert_eq!(facts.version, version.to_string());
        prop_assert_eq!(facts.security_counter, Some(security_counter));
        prop_assert_eq!(facts.header_bytes, header_bytes);
        prop_assert_eq!(facts.program_bytes as usize, program.len());
        prop_assert_eq!(facts.hash, Some(said.hash));
        let key_hash = RustCrypto.digest(&spki::to_der(&signer.public_key()).unwrap());
        prop_assert_eq!(facts.signatures.len(), 1);
        prop_assert_eq!(facts.signatures[0].key_hash, Some(key_hash));
        prop_assert_eq!(facts.signatures[0].kind, ["ecdsa", "ed25519"][which]);
        prop_assert_eq!(said.bytes, image.len() as u64);
        prop_assert!(image[usize::from(header_bytes)..].starts_with(&program));
    }
}
