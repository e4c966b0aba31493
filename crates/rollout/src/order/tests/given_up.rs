//! How long a client is waited for that has begun.

use super::super::{OrderState, waits_until};
use super::orders;
use crate::testing::opened;

/// However short the horizon is, nobody is given up while a slow line may still bring what was ordered.
#[test]
fn who_fetches_much_is_waited_for_as_long_as_it_takes() {
    let [_, _, fetching, ..] = orders();
    let OrderState::Fetching { since } = fetching.state else {
        panic!("it fetches");
    };
    // However little of the server's line is one device's share: it may be dead, and a newer fix wait for it.
    for (image_bytes, bytes_per_second, minutes) in [
        (64 << 20, 50_000_000, 30 + 30),
        (64 << 20, 1, 30 + 30),
        (2 << 30, 50_000_000, 143),
        (2 << 30, 1, 143),
        (u64::MAX, 1, 24 * 60),
    ] {
        let mut rollout = opened(1);
        rollout.candidate.image_bytes = image_bytes;
        rollout.rules.limits.bytes_per_second = bytes_per_second;
        let until = waits_until(&fetching, &rollout).expect("it fetches");
        let waited = until.duration_since(since).as_mins();
        assert_eq!(waited, minutes, "{image_bytes} over {bytes_per_second}");
    }
}
