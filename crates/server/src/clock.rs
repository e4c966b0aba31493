//! The one place where the server learns what time it is.
//!
//! Never read the ambient clock elsewhere: a whole fleet is replayed from one seed by handing in a
//! [`VirtualClock`]. Start reading at [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the present instant.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge at which time enters"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is set. Clones share the same hands.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock standing at `at`, cut to whole microseconds.
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.as_microsecond())))
    }

    /// Moves the hands to `at`. The caller decides whether time may run backwards.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let us = self.0.load(Ordering::SeqCst);
        Timestamp::from_microsecond(us).expect("only whole timestamps are ever put in")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_hands() {
        let clock = VirtualClock::new(Timestamp::from_second(100).unwrap());
        let other = clock.clone();
        clock.set(Timestamp::from_second(250).unwrap());
        assert_eq!(other.now().as_second(), 250);
    }
}
