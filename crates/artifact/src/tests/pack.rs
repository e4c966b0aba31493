//! What may be packed, and that nothing else enters.

use std::io::{self, Read};

use mainstay_trust::{Digest, DigestAlgorithm, Envelope, Hasher, Primitives, RustCrypto};

use super::fixture::{self, PAYLOAD};
use crate::container::PAYLOAD_BYTES_MAX;
use crate::pack::*;

fn check(change: impl FnOnce(&mut PackRequest), expected: &str) {
    let mut request = fixture::request();
    change(&mut request);
    let found = pack(&request, &mut &*PAYLOAD, &RustCrypto);
    assert_eq!(found.map_or_else(|error| error.id(), |_| "ok"), expected);
}

#[test]
fn each_field_has_its_bounds() {
    let digest = |n| Digest([n; 32]);
    check(|_| (), "ok");
    check(|r| r.version = "1.1".to_owned(), "artifact.version");
    check(|r| r.version = String::new(), "artifact.version");
    check(
        |r| r.version = format!("1.1.0+{}", "b".repeat(64)),
        "artifact.version",
    );
    check(|r| r.version = "1.1.0-rc.1+build.7".to_owned(), "ok");
    check(|r| r.sequence = 0, "artifact.sequence");
    check(|r| r.security_floor = r.sequence, "ok");
    check(
        |r| r.security_floor = r.sequence + 1,
        "trust.floor-above-sequence",
    );
    check(|r| r.returns_to = (0..4).map(digest).collect(), "ok");
    check(
        |r| r.returns_to = (0..5).map(digest).collect(),
        "artifact.returns-to",
    );
    check(
        |r| r.returns_to = vec![digest(1), digest(1)],
        "artifact.returns-to",
    );
    check(|r| r.sequence = u64::MAX, "ok");
}

#[test]
fn what_was_asked_is_what_the_manifest_says() {
    let packed = fixture::packed();
    let envelope = Envelope::parse(&packed.envelope).unwrap();
    let manifest = envelope.open(&RustCrypto).unwrap();
    let request = fixture::request();
    assert!(envelope.blocks.is_empty());
    assert_eq!(manifest.digest, packed.manifest_digest);
    assert_eq!(manifest.image_digest, RustCrypto.digest(PAYLOAD));
    assert_eq!(u64::from(manifest.image_bytes), packed.image_bytes);
    assert_eq!(manifest.vendor_id, request.class.vendor_id());
    assert_eq!(manifest.class_id, request.class.class_id());
    assert_eq!((manifest.sequence, manifest.security_floor), (2, 1));
    assert!(manifest.returns_to.iter().eq(request.returns_to));
    assert_eq!(manifest.bootloader_min, request.bootloader_min);
}

#[test]
fn how_the_stream_is_cut_does_not_matter() {
    /// Gives one byte a call, and is interrupted before each.
    struct Dripping<'a>(&'a [u8], bool);
    impl Read for Dripping<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = self.0.len().min(1);
            self.0.read(&mut buf[..n])
        }
    }
    let dripped = pack(
        &fixture::request(),
        &mut Dripping(PAYLOAD, false),
        &RustCrypto,
    );
    assert_eq!(dripped.unwrap(), fixture::packed());
}

/// A hash that costs nothing, for payloads that are only long.
struct NoHash;
impl Hasher for NoHash {
    fn update(&mut self, _: &[u8]) {}
    fn finish(self) -> Digest {
        Digest::ZERO
    }
}
impl Primitives for NoHash {
    type Hasher = NoHash;
    type Hasher384 = std::convert::Infallible;
    fn hasher(&self) -> NoHash {
        NoHash
    }
    fn hasher384(&self) -> Option<Self::Hasher384> {
        None
    }
    fn supports(&self, _: mainstay_trust::Algorithm) -> bool {
        false
    }
    fn verify(
        &self,
        _: &mainstay_trust::PublicKey<'_>,
        _: &[&[u8]],
        _: &[u8],
    ) -> Result<(), mainstay_trust::BadSignature> {
        Err(mainstay_trust::BadSignature)
    }
}

#[test]
fn payloads_have_their_bounds() {
    for (bytes, expected) in [
        (0, "artifact.payload-empty"),
        (1, "ok"),
        (64 * 1024 * 1024 + 1, "ok"),
        // The largest number of 32 bits with a sign.
        (0x7fff_ffff, "ok"),
        (PAYLOAD_BYTES_MAX, "ok"),
        (1 << 31, "artifact.payload-too-large"),
        (PAYLOAD_BYTES_MAX + 1, "artifact.payload-too-large"),
        (1 << 32, "artifact.payload-too-large"),
        (u64::MAX, "artifact.payload-too-large"),
    ] {
        let found = check_size(bytes);
        assert_eq!(
            found.map_or_else(|error| error.id(), |()| "ok"),
            expected,
            "{bytes}"
        );
    }
}

#[test]
fn a_stream_is_measured_to_its_end_and_no_further_than_the_bound() {
    let sha256 = DigestAlgorithm::Sha256;
    let id = |len| match measure(&mut io::repeat(0).take(len), sha256, &NoHash) {
        Ok(image) => {
            assert_eq!(image.bytes, len);
            "ok"
        }
        Err(error) => error.id(),
    };
    assert_eq!(id(0), "artifact.payload-empty");
    assert_eq!(id(1), "ok");
    assert_eq!(id(64 * 1024 * 1024 + 1), "ok");
    assert_eq!(id(u64::MAX), "artifact.payload-too-large");
}

#[test]
fn a_stream_that_fails_is_an_error_of_its_own() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let refused = pack(&fixture::request(), &mut Broken, &RustCrypto).unwrap_err();
    assert_eq!(refused.id(), "artifact.stream");
}
