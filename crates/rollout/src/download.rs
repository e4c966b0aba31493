//! How long a device may download before it is taken for lost: as long as its payload takes over a slow line.
//!
//! A plan's horizon is chosen for how a release shows what it is worth, and is often shorter than a root file system takes to arrive. Who still
//! downloads then keeps its place and its order; how it is scored stays a matter of the horizon. Read [`time_max`].

use jiff::SignedDuration;

use crate::rollout::Rollout;

/// The slowest line that devices are reckoned to have, 2 Mbit/s, as for uploads: 64 MiB take four and a half minutes, 2 GiB two hours and a half.
const BYTES_PER_SECOND: u64 = 250_000;
/// No download is waited for longer, a week: one that takes as long over its share of the plan's line needs another plan.
const LONGEST_S: u64 = 7 * 24 * 3600;

/// How long one download of the candidate may take, where as many devices download as the plan lets, and share its line.
#[must_use]
pub(crate) fn time_max(rollout: &Rollout) -> SignedDuration {
    let limits = &rollout.rules.limits;
    let share = limits.bytes_per_second / u64::from(limits.downloads.max(1));
    let pace = share.clamp(1, BYTES_PER_SECOND);
    let seconds = rollout.candidate.image_bytes.div_ceil(pace).min(LONGEST_S);
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn it_follows_from_the_size_and_the_share_of_the_line() {
        let gib = 1 << 30;
        for (image_bytes, bytes_per_second, downloads, seconds) in [
            (0, 50_000_000, 100, 0),
            (1, 50_000_000, 100, 1),
            (64 << 20, 50_000_000, 100, 269),
            (2 * gib, 50_000_000, 100, 8590),
            // A share of 100,000 bytes a second.
            (2 * gib, 10_000_000, 100, 21_475),
            (2 * gib, 10_000_000, 1, 8590),
            (2 * gib, 1, 100, LONGEST_S),
            (u64::MAX, u64::MAX, 0, LONGEST_S),
        ] {
            let mut rollout = testing::opened(1);
            rollout.candidate.image_bytes = image_bytes;
            rollout.rules.limits.bytes_per_second = bytes_per_second;
            rollout.rules.limits.downloads = downloads;
            let found = time_max(&rollout).as_secs();
            assert_eq!(
                found.unsigned_abs(),
                seconds,
                "{image_bytes} over {bytes_per_second}"
            );
        }
    }
}
