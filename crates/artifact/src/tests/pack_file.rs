//! One pass gives the very file that packing, signing and framing one after the other give.

use std::io::{Cursor, Seek as _, Write as _};

use mainstay_trust::{DigestAlgorithm, Hasher as _, Primitives as _, RustCrypto, verify};

use super::fixture::{self, PAYLOAD, ana, mia};
use crate::container::{ContainerError, Unfinished, to_bytes};
use crate::inspect::inspect;
use crate::pack::{PackError, PackRequest, pack};
use crate::pack_file::{Builder, into_file};
use crate::{Packed, Signer};

fn packed(
    payload: &[u8],
    announced: u64,
    signer: Option<&dyn Signer>,
) -> Result<(Packed, Vec<u8>), PackError> {
    packed_as(&fixture::request(), payload, announced, signer)
}

fn packed_as(
    request: &PackRequest,
    payload: &[u8],
    announced: u64,
    signer: Option<&dyn Signer>,
) -> Result<(Packed, Vec<u8>), PackError> {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let builder = signer.map(|signer| Builder {
        signer,
        root: &root,
    });
    let mut out = Cursor::new(Vec::new());
    let mut payload = payload;
    let packed = into_file(
        request,
        &mut payload,
        announced,
        builder,
        &mut out,
        &RustCrypto,
    )?;
    Ok((packed, out.into_inner()))
}

const BYTES: u64 = PAYLOAD.len() as u64;

#[test]
fn unsigned_it_is_what_the_steps_give() {
    let (found, file) = packed(PAYLOAD, BYTES, None).unwrap();
    assert_eq!(found, fixture::packed());
    assert_eq!(file, to_bytes(&found.envelope, PAYLOAD).unwrap());
}

#[test]
fn signed_it_is_what_the_steps_give() {
    let (found, file) = packed(PAYLOAD, BYTES, Some(&ana())).unwrap();
    assert_eq!(found.envelope, fixture::signed());
    assert_eq!(file, to_bytes(&fixture::signed(), PAYLOAD).unwrap());
}

/// Two hashes, and still one pass; the same request gives the same bytes each time.
#[test]
fn bound_by_sha384_it_is_what_the_steps_give() {
    let request = PackRequest {
        digest: DigestAlgorithm::Sha384,
        ..fixture::request()
    };
    let (found, file) = packed_as(&request, PAYLOAD, BYTES, None).unwrap();
    assert_eq!(found, pack(&request, &mut &*PAYLOAD, &RustCrypto).unwrap());
    assert_eq!(file, to_bytes(&found.envelope, PAYLOAD).unwrap());
    let (again, _) = packed_as(&request, PAYLOAD, BYTES, Some(&ana())).unwrap();
    let report = inspect(&again.envelope, None, &RustCrypto).unwrap();
    assert_eq!(report.manifest_digest, found.manifest_digest);
    assert_eq!(report.digest, "sha384");
    let hash = |bytes: &[u8]| {
        let mut hasher = RustCrypto.hasher384().unwrap();
        hasher.update(bytes);
        hasher.finish()
    };
    assert_eq!(report.image_sha384, Some(hash(PAYLOAD)));
    assert_eq!(report.image_digest, RustCrypto.digest(PAYLOAD));
}

/// Lengths around which a length head or a piece grows.
#[test]
fn every_length_of_payload_fits_its_frame() {
    for len in [1, 23, 24, 255, 256, 65_535, 65_536, 262_143, 262_145] {
        let payload = vec![7; len];
        let (found, file) = packed(&payload, len as u64, Some(&ana())).unwrap();
        assert_eq!(file, to_bytes(&found.envelope, &payload).unwrap(), "{len}");
    }
}

#[test]
fn what_is_refused() {
    let check = |payload: &[u8], announced, signer: Option<&dyn Signer>, expected| {
        let refused = packed(payload, announced, signer).unwrap_err();
        assert_eq!(refused.id(), expected);
    };
    check(PAYLOAD, 0, None, "artifact.payload-empty");
    check(PAYLOAD, u64::MAX, None, "artifact.payload-too-large");
    check(PAYLOAD, BYTES - 1, None, "artifact.payload-stream");
    check(PAYLOAD, BYTES + 1, None, "artifact.payload-stream");
    check(b"", BYTES, None, "artifact.payload-empty");
    check(PAYLOAD, BYTES, Some(&mia()), "artifact.key-without-role");
}

#[test]
fn an_envelope_of_another_size_does_not_fill_the_room() {
    let mut out = Cursor::new(Vec::new());
    let unfinished = Unfinished::begin(&mut out, 4, 1).unwrap();
    out.write_all(b"p").unwrap();
    let refused = unfinished.finish(&mut out, b"fives").unwrap_err();
    assert!(matches!(
        refused,
        ContainerError::EnvelopeRoom { room: 4, found: 5 }
    ));
    out.rewind().unwrap();
    assert!(!out.into_inner().windows(5).any(|w| w == b"fives"));
}
