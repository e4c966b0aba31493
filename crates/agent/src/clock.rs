//! The one place that reads clocks and draws chance.
//!
//! The machine wants time that runs evenly from its start on (see `mainstay_device::Device::start`): the
//! wall clock is read once, and the monotonic one counts from there.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Unix time that began with the wall clock and runs evenly since.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began_ms: u64,
    began: Instant,
}

impl Clock {
    /// A clock that begins with the wall clock's time.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge to the world: the machine is handed this"
    )]
    pub fn begin() -> Self {
        Self {
            began_ms: wall_ms(),
            began: Instant::now(),
        }
    }

    /// Milliseconds since it began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.began_ms.saturating_add(self.elapsed_ms())
    }
}

/// What the wall clock says now, in Unix milliseconds; 0 before 1970. It may leap, so the machine never sees it:
/// it is for what people agree on by their own clocks, such as a window.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the edge to the world: what people see on their clocks"
)]
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Fresh random bytes of the kernel. It waits for them at boot, as a nonce must.
///
/// # Panics
/// If the kernel has none: it has been there since Linux 3.17.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the kernel gives no randomness: {error}"),
        }
    }
    bytes
}

/// A random part of a wait, from nothing to a tenth of it: a fleet that was switched on together doesn't
/// ask together.
#[must_use]
pub fn jitter(wait: Duration) -> Duration {
    let share = u32::from(u16::from_le_bytes(random()));
    wait / 10 * share / 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_a_tenth_at_most() {
        for _ in 0..100 {
            assert!(jitter(Duration::from_secs(100)) <= Duration::from_secs(10));
        }
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
    }
}
