//! How long a device may download before it is taken for lost: as long as its payload takes over a slow line.
//!
//! A plan's horizon is chosen for how a release shows what it is worth, and is often shorter than a root file system takes to arrive. Who still
//! downloads then keeps its place and its order; how it is scored stays a matter of the horizon. Read [`time_max`], for places, and [`alone`], for orders.

use jiff::SignedDuration;

use crate::rollout::Rollout;

/// The slowest line that devices are reckoned to have, 2 Mbit/s, as for uploads: 64 MiB take four and a half minutes, 2 GiB two hours and a half.
const BYTES_PER_SECOND: u64 = 250_000;
/// No download is waited for longer, a day: one that takes as long over its share of the plan's line needs another plan, and who died keeps nothing for longer.
const LONGEST_S: u64 = 24 * 3600;

/// How long one download of the candidate may take, where as many devices download as the plan lets, and share its line: for what only others of the same
/// rollout wait for.
#[must_use]
pub(crate) fn time_max(rollout: &Rollout) -> SignedDuration {
    let limits = &rollout.rules.limits;
    let share = limits.bytes_per_second / u64::from(limits.downloads.max(1));
    over(rollout, share.clamp(1, BYTES_PER_SECOND))
}

/// How long one download of the candidate may take over a slow line of the device's own, whatever others take of the server's: for what would keep the
/// device from other things, a fix among them.
#[must_use]
pub(crate) fn alone(rollout: &Rollout) -> SignedDuration {
    over(rollout, BYTES_PER_SECOND)
}

fn over(rollout: &Rollout, pace: u64) -> SignedDuration {
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
        for (image_bytes, bytes_per_second, downloads, seconds, own) in [
            (0, 50_000_000, 100, 0, 0),
            (1, 50_000_000, 100, 1, 1),
            (64 << 20, 50_000_000, 100, 269, 269),
            (2 * gib, 50_000_000, 100, 8590, 8590),
            // A share of 100,000 bytes a second.
            (2 * gib, 10_000_000, 100, 21_475, 8590),
            (2 * gib, 10_000_000, 1, 8590, 8590),
            // One of 10,000, of which 500 MB take 14 hours and 2 GiB two days and a half.
            (500_000_000, 10_000_000, 1000, 50_000, 2000),
            (2 * gib, 10_000_000, 1000, 24 * 3600, 8590),
            (2 * gib, 1, 100, 24 * 3600, 8590),
            (u64::MAX, u64::MAX, 0, 24 * 3600, 24 * 3600),
        ] {
            let mut rollout = testing::opened(1);
            rollout.candidate.image_bytes = image_bytes;
            rollout.rules.limits.bytes_per_second = bytes_per_second;
            rollout.rules.limits.downloads = downloads;
            let found =
                [time_max(&rollout), alone(&rollout)].map(|time| time.as_secs().unsigned_abs());
            assert_eq!(
                found,
                [seconds, own],
                "{image_bytes} over {bytes_per_second}"
            );
        }
    }
}
