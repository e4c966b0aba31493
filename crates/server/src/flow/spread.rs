//! Numbers that lie apart, for those who are told to come back. Read [`spread`].

use std::sync::atomic::{AtomicU32, Ordering};

/// 2^32 over the golden ratio: of the multiples of it, any few in a row lie far from each other, and all of them evenly (Knuth, "The Art of
/// Computer Programming", volume 3, section 6.4). Chance would put some side by side.
const GOLDEN: u32 = 0x9E37_79B9;

/// A number below `end`, or 0; each time another one.
pub(crate) fn spread(end: u32) -> u32 {
    static NTH: AtomicU32 = AtomicU32::new(0);
    nth(NTH.fetch_add(1, Ordering::Relaxed), end)
}

fn nth(nth: u32, end: u32) -> u32 {
    let place = (u64::from(nth.wrapping_mul(GOLDEN)) * u64::from(end)) >> 32;
    u32::try_from(place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_of_them_fill_the_whole_evenly() {
        for first in [0, 7, u32::MAX - 500] {
            let mut tenths = [0; 10];
            for n in 0..1000_u32 {
                tenths[nth(first.wrapping_add(n), 100) as usize / 10] += 1;
            }
            assert!(
                tenths.iter().all(|of| (95..=105).contains(of)),
                "{tenths:?}"
            );
        }
        assert_eq!((nth(3, 0), nth(3, 1)), (0, 0));
    }
}
