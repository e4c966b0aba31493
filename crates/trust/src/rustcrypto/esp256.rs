//! ESP256: ECDSA on P-256 with SHA-256 (RFC 9864, section 2.1; FIPS 186-5, section 6.4.2).
//!
//! The equation is written out over the library's arithmetic, for the sake of devices that count
//! kilobytes: the library's own `verify` keeps two tables of multiples on the stack (3 KB), and its
//! multiplication of scalars is long straight code (4 KB of flash). Everything here is public, so it may
//! take longer for some values than for others. Wycheproof's vectors judge it, as they judge the host's
//! library.

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use p256::elliptic_curve::ops::Reduce as _;
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::elliptic_curve::{Field as _, Group as _};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sha2::{Digest as _, Sha256};

/// Both `s` and `n - s` are accepted: RFC 9053, section 2.1 demands no low `s`, and PKCS#11
/// tokens give either. It costs nothing, since no identity here is taken from a signature's bytes:
/// a release is named by its manifest, and a second form of one signature is still one holder's.
#[inline(never)]
pub(super) fn verify(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let [r, s] = scalars(signature)?;
    let mut hasher = Sha256::new();
    message.iter().for_each(|part| hasher.update(part));
    let e = Scalar::reduce(&hasher.finalize());
    let inverse = s.invert().into_option().ok_or(BadSignature)?;
    let (u1, u2) = (times(&e, &inverse), times(&r, &inverse));
    let x = combine(&u1, &u2, &point(key)?).to_affine().x();
    if Scalar::reduce(&x) == r {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

/// The halves of a signature, each from 1 to the order of the group less 1.
fn scalars(signature: &[u8]) -> Result<[Scalar; 2], BadSignature> {
    match signature.as_chunks::<32>() {
        ([r, s], []) => Ok([scalar(r)?, scalar(s)?]),
        _ => Err(BadSignature),
    }
}

/// What reducing changes isn't below the order.
#[inline(never)]
fn scalar(half: &[u8; 32]) -> Result<Scalar, BadSignature> {
    let scalar = Scalar::reduce(&FieldBytes::from(*half));
    if scalar.is_zero_vartime() || scalar.to_bytes().as_slice() != half {
        return Err(BadSignature);
    }
    Ok(scalar)
}

/// Whether the bit at `place`, counted from the highest, is set.
fn bit(scalar: &FieldBytes, place: usize) -> bool {
    scalar[place / 8] >> (7 - place % 8) & 1 == 1
}

/// `a b`, by doubling and adding.
#[inline(never)]
fn times(a: &Scalar, b: &Scalar) -> Scalar {
    let bits = a.to_bytes();
    let mut product = Scalar::ZERO;
    for place in 0..256 {
        product = product.double();
        if bit(&bits, place) {
            product += b;
        }
    }
    product
}

/// `u1 G + u2 Q`, bit by bit for both at once (Straus).
#[inline(never)]
fn combine(u1: &Scalar, u2: &Scalar, q: &ProjectivePoint) -> ProjectivePoint {
    let (u1, u2) = (u1.to_bytes(), u2.to_bytes());
    let both = ProjectivePoint::GENERATOR + q;
    let mut sum = ProjectivePoint::IDENTITY;
    for place in 0..256 {
        sum = sum.double();
        sum += match (bit(&u1, place), bit(&u2, place)) {
            (false, false) => continue,
            (true, false) => &ProjectivePoint::GENERATOR,
            (false, true) => q,
            (true, true) => &both,
        };
    }
    sum
}

/// The point of an uncompressed key, which is the only form that a [`PublicKey`] has. Going by the
/// coordinates keeps the decompression of points, 2 KB of code, out of a device's image.
#[inline(never)]
fn point(key: &PublicKey<'_>) -> Result<ProjectivePoint, BadSignature> {
    let coordinate = |at| key.bytes().get(at..at + 32)?.try_into().ok();
    let (x, y) = coordinate(1).zip(coordinate(33)).ok_or(BadSignature)?;
    let point = AffinePoint::from_coordinates(&x, &y).into_option();
    Ok(point.ok_or(BadSignature)?.into())
}
