//! Images for MCUboot, and the keys by which they are signed.

use std::io::{Cursor, Seek as _, SeekFrom};
use std::sync::LazyLock;

use mainstay_artifact::Signer as _;
use mainstay_artifact::mcuboot::header::flag;
use mainstay_artifact::mcuboot::{
    Area, Facts, Image, ImageVersion, Window, WrapRequest, accept, spki, tlv, wrap,
};
use mainstay_artifact::signer::FakeSigner;
use mainstay_trust::{Digest, Primitives, RustCrypto};

use crate::Target;
use crate::policy::{GOLDEN, Lenient};

pub(crate) const MCUBOOT: Target = Target {
    name: "mcuboot",
    bytes_max: 512,
    check: check_image,
    seeds: |_| vec![SIGNED.image.clone(), with_hash(&GOLDEN.manifest_digest())],
};

pub(crate) const BOOT_KEY: Target = Target {
    name: "boot_key",
    bytes_max: 256,
    check: check_key,
    seeds: |_| {
        let key = SIGNED.signer.public_key();
        let der = spki::to_der(&key).expect("a key on P-256");
        let pem = spki::to_pem(&key).expect("a key on P-256");
        vec![der, pem.into_bytes()]
    },
};

/// A program that begins as a Cortex-M's does: stack pointer, entry.
const PROGRAM: &[u8] = b"\x00\x00\x01\x20\x01\x02\x00\x00 and so on, for some bytes more";

/// The only image that the boot line ever signed.
struct SignedImage {
    signer: FakeSigner,
    image: Vec<u8>,
    hash: Digest,
}

static SIGNED: LazyLock<SignedImage> = LazyLock::new(|| {
    let signer = FakeSigner::new("boot-line");
    let request = WrapRequest {
        version: ImageVersion::from_release("1.2.3+4").expect("a version"),
        security_counter: 7,
        header_bytes: 64,
    };
    let (mut image, mut raw) = (Vec::new(), PROGRAM);
    let length = PROGRAM.len() as u64;
    let wrapped = wrap(&request, &mut raw, length, &signer, &RustCrypto, &mut image);
    let hash = wrapped.expect("a small program can be wrapped").hash;
    SignedImage {
        signer,
        image,
        hash,
    }
});

/// The image with another hash in it: the one that [`Lenient`] finds in everything.
fn with_hash(hash: &Digest) -> Vec<u8> {
    let (mut image, old) = (SIGNED.image.clone(), SIGNED.hash.0);
    let at = image.windows(old.len()).position(|window| window == old);
    let at = at.expect("an image holds its hash");
    image[at..at + old.len()].copy_from_slice(&hash.0);
    image
}

/// An image is read in one way only, wherever it lies; what passes is signed, and by nobody else.
fn check_image(bytes: &[u8]) {
    let judged = accept(&mut Cursor::new(bytes), None, &RustCrypto).ok();
    let in_a_file = [b"before", bytes, b"behind"].concat();
    let mut file = Cursor::new(&in_a_file[..]);
    let mut window = Window::new(&mut file, 6, bytes.len() as u64).expect("a place in memory");
    assert_eq!(
        accept(&mut window, None, &RustCrypto).ok(),
        judged,
        "in a file, it differs"
    );
    let end = window.seek(SeekFrom::End(0)).expect("a window's end");
    assert!(
        window.seek(SeekFrom::Start(end + 1)).is_err(),
        "beyond the window"
    );

    if let Ok(image) = Image::from_bytes(bytes) {
        check_layout(&image, bytes);
        Facts::of(&image, &RustCrypto);
    }
    let key = SIGNED.signer.public_key();
    if let Ok(facts) = accept(&mut Cursor::new(bytes), Some(&key), &RustCrypto) {
        assert_eq!(facts.hash, Some(SIGNED.hash), "an image was forged");
        assert_eq!(Some(facts), judged, "with a key, it says something else");
    }
    if let Some(facts) = judged {
        check_rules(bytes, &facts, &RustCrypto);
    }
    if let Ok(facts) = accept(&mut Cursor::new(bytes), None, &Lenient) {
        check_rules(bytes, &facts, &Lenient);
    }
}

/// Header, program and both areas, written again, are the very same bytes (but for the header's
/// padding, which says nothing).
fn check_layout(image: &Image, bytes: &[u8]) {
    const SAID: usize = 28;
    let header = image.header.encode();
    let program = usize::try_from(image.header.tlv_offset()).expect("within a small file");
    let entries = |tlvs: &[tlv::Tlv]| -> Vec<(tlv::TlvType, Vec<u8>)> {
        tlvs.iter().map(|t| (t.kind, t.value.clone())).collect()
    };
    let area = |area: Area, tlvs: &[tlv::Tlv]| {
        let owned = entries(tlvs);
        let borrowed: Vec<_> = owned.iter().map(|(k, v)| (*k, v.as_slice())).collect();
        tlv::encode(area, &borrowed)
    };
    let protected = match image.header.protected_bytes {
        0 => Vec::new(),
        _ => area(Area::Protected, &image.protected),
    };
    let unprotected = area(Area::Unprotected, &image.unprotected);
    let again = [
        &header[..SAID],
        &bytes[SAID..program],
        &protected,
        &unprotected,
    ]
    .concat();
    assert_eq!(again, bytes, "read and written again, it differs");
}

/// What passed is hashed and signed, and a boot loader knows every flag.
fn check_rules(bytes: &[u8], facts: &Facts, primitives: &impl Primitives) {
    let image = Image::from_bytes(bytes).expect("an accepted image");
    let hashed = usize::try_from(image.header.hashed_bytes()).expect("within a small file");
    assert_eq!(facts.hash, Some(primitives.digest(&bytes[..hashed])));
    assert!(!facts.signatures.is_empty(), "nobody signed");
    let flags = image.header.flags;
    let refused = flag::unknown(flags)
        | flags & (flag::PIC | flag::ENCRYPTED_AES128 | flag::ENCRYPTED_AES256);
    assert_eq!(refused, 0, "flags {flags:x}");
}

/// One key has one DER, and its PEM says the same.
fn check_key(bytes: &[u8]) {
    if let Ok(key) = spki::from_der(bytes) {
        let der = spki::to_der(&key.as_key());
        assert_eq!(der.as_deref(), Some(bytes), "a second DER of a key");
    }
    let text = std::str::from_utf8(bytes).ok();
    if let Some(key) = text.and_then(|text| spki::from_pem(text).ok()) {
        let pem = spki::to_pem(&key.as_key()).expect("what was read can be written");
        assert_eq!(spki::from_pem(&pem), Ok(key), "written again, it differs");
    }
}
