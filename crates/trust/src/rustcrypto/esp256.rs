//! ESP256: ECDSA on P-256 with SHA-256 (RFC 9864, section 2.1; FIPS 186-5, section 6.4.2).
//!
//! The equation is written out over the library's arithmetic, because the library's own `verify` keeps
//! two tables of multiples on the stack, 3 KB that a small device needs. Wycheproof's vectors judge
//! it, as they judge the host's library.

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use p256::ecdsa::Signature;
use p256::elliptic_curve::Group as _;
use p256::elliptic_curve::ops::Reduce as _;
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{AffinePoint, ProjectivePoint, Scalar};
use sha2::{Digest as _, Sha256};

/// Both `s` and `n - s` are accepted: RFC 9053, section 2.1 demands no low `s`, and PKCS#11
/// tokens give either. It costs nothing, since no identity here is taken from a signature's bytes:
/// a release is named by its manifest, and a second form of one signature is still one holder's.
///
/// The equation (FIPS 186-5, section 6.4.2) is written out over the library's arithmetic, because
/// its own `verify` keeps two tables of multiples on the stack, 3 KB that a small device needs.
pub(super) fn verify(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    let (r, s) = signature.split_scalars();
    let mut hasher = Sha256::new();
    message.iter().for_each(|part| hasher.update(part));
    let e = Scalar::reduce(&hasher.finalize());
    let inverse: Option<Scalar> = s.invert_vartime().into();
    let inverse = inverse.ok_or(BadSignature)?;
    let point = combine(&(e * inverse), &(*r * inverse), &point(key)?);
    let x = point.to_affine().x();
    if Scalar::reduce(&x) == *r {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

/// `u1 G + u2 Q`, bit by bit for both at once (Straus). Everything here is public, so it may take
/// longer for some values than for others.
fn combine(u1: &Scalar, u2: &Scalar, q: &ProjectivePoint) -> ProjectivePoint {
    let (u1, u2) = (u1.to_bytes(), u2.to_bytes());
    let both = ProjectivePoint::GENERATOR + q;
    let mut sum = ProjectivePoint::IDENTITY;
    for place in 0..8 * u1.len() {
        sum = sum.double();
        let bit = |scalar: &[u8]| scalar[place / 8] >> (7 - place % 8) & 1 == 1;
        match (bit(&u1), bit(&u2)) {
            (false, false) => {}
            (true, false) => sum += ProjectivePoint::GENERATOR,
            (false, true) => sum += q,
            (true, true) => sum += both,
        }
    }
    sum
}

/// The point of an uncompressed key, which is the only form that a [`PublicKey`] has. Going by the
/// coordinates keeps the decompression of points, 2 KB of code, out of a device's image.
fn point(key: &PublicKey<'_>) -> Result<ProjectivePoint, BadSignature> {
    let coordinate = |at| key.bytes().get(at..at + 32)?.try_into().ok();
    let (x, y) = coordinate(1).zip(coordinate(33)).ok_or(BadSignature)?;
    let point = AffinePoint::from_coordinates(&x, &y).into_option();
    Ok(point.ok_or(BadSignature)?.into())
}
