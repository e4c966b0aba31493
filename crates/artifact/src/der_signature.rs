//! Between `r || s` (RFC 9053, section 2.1), as COSE and tokens have it, and ASN.1 DER (RFC 3279,
//! section 2.2.3), as DSSE envelopes and MCUboot images have it. Other algorithms' signatures are the
//! same bytes on both sides.

use der::asn1::UintRef;
use der::{Decode as _, Encode as _};
use mainstay_trust::Algorithm;

/// Bytes of each half of a signature, for the algorithms that have halves.
fn half_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Esp256 => Some(32),
        Algorithm::Esp384 => Some(48),
        Algorithm::Ed25519 | Algorithm::MlDsa65 | Algorithm::MlDsa87 | Algorithm::HssLms => None,
    }
}

/// From the signer's form to that on the wire; none if it hasn't the signer's form.
pub fn to_wire(algorithm: Algorithm, raw: &[u8]) -> Option<Vec<u8>> {
    let Some(half) = half_bytes(algorithm) else {
        return Some(raw.to_vec());
    };
    let (r, s) = raw.split_at_checked(half)?;
    if s.len() != half {
        return None;
    }
    // A list of one type is a SEQUENCE OF, and a pair of numbers is one of two.
    let pair = vec![UintRef::new(r).ok()?, UintRef::new(s).ok()?];
    pair.to_der().ok()
}

/// From the form on the wire to the signer's; none if it isn't strict DER, or a half is too long.
pub fn from_wire(algorithm: Algorithm, wire: &[u8]) -> Option<Vec<u8>> {
    let Some(half) = half_bytes(algorithm) else {
        return Some(wire.to_vec());
    };
    let pair = Vec::<UintRef<'_>>::from_der(wire).ok()?;
    if pair.len() != 2 {
        return None;
    }
    let mut raw = Vec::with_capacity(2 * half);
    for number in pair {
        let digits = number.as_bytes();
        let zeros = half.checked_sub(digits.len())?;
        raw.resize(raw.len() + zeros, 0);
        raw.extend_from_slice(digits);
    }
    Some(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ESP256: Algorithm = Algorithm::Esp256;

    #[test]
    fn golden_bytes() {
        let mut raw = [0; 64];
        (raw[31], raw[32], raw[63]) = (0x80, 0x01, 0xff);
        let wire = to_wire(ESP256, &raw).unwrap();
        // r = 0x80 needs a leading zero, lest it be negative; s = 01 00 … ff has its 32 bytes.
        let s = format!("0220{}{}{}", "01", "00".repeat(30), "ff");
        assert_eq!(hex::encode(&wire), format!("302602020080{s}"));
        assert_eq!(from_wire(ESP256, &wire).unwrap(), raw);
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let good = to_wire(ESP256, &[7; 64]).unwrap();
        let longer = [&good[..], &[0]].concat();
        let too_long = hex::decode(format!("3026022101{}020101", "00".repeat(32))).unwrap();
        for wire in [&[][..], &good[1..], &longer, &[7; 64], &too_long] {
            assert_eq!(from_wire(ESP256, wire), None, "{}", hex::encode(wire));
        }
        for raw in [&[][..], &[7; 63], &[7; 65], &[7; 96]] {
            assert_eq!(to_wire(ESP256, raw), None);
        }
    }

    #[test]
    fn another_spelling_of_a_signature_is_none() {
        let der = |hex_digits: &str| from_wire(ESP256, &hex::decode(hex_digits).unwrap());
        assert!(der("3006020105020105").is_some());
        for (bad, why) in [
            ("300602010502010500", "bytes follow"),
            ("308106020105020105", "a longer length than needed"),
            ("300702020005020105", "a zero in front that needn't be"),
            ("3006020185020105", "a negative number"),
            ("3003020105", "one number"),
            ("3009020105020105020105", "three numbers"),
            ("3105020105020105", "no sequence"),
            ("", "nothing"),
        ] {
            assert_eq!(der(bad), None, "{why}");
        }
        let long = format!("302702220100{}020105", "00".repeat(32));
        assert_eq!(der(&long), None, "a number beyond the curve's");
    }

    proptest! {
        #[test]
        fn there_and_back(raw in proptest::collection::vec(any::<u8>(), 64)) {
            let wire = to_wire(ESP256, &raw).unwrap();
            prop_assert_eq!(from_wire(ESP256, &wire), Some(raw));
        }
    }
}
