//! What a start begins with that something stood in the way of: it is told, once, and decided anew before long.

use std::time::Duration;

use mainstay_protocol::SelfTest;

use crate::agent::Agent;
use crate::come_up::CameUp;
use crate::config::Slots;
use crate::fault::Fault;

/// After so many times the wait before a first retry a start is decided anew: as long as the longest wait between two
/// retries.
const RETRIES: u32 = 32;
/// That wait doubles up to this: a disk that stays as it is is asked by reading whole images.
const WAIT_MAX: Duration = Duration::from_secs(3600);
/// Enough for any wait to reach its most.
const DOUBLED_MAX: u32 = 12;

/// When to decide anew what to start: the last decision couldn't be recorded, was made in doubt, or couldn't be carried
/// out.
#[derive(Debug, Default)]
pub(crate) struct BootAgain {
    at_ms: Option<u64>,
    /// How often in a row that was so, and why last.
    times: u32,
    why: Option<Fault>,
}

impl BootAgain {
    /// Something stood in the way. Returns whether that is news.
    fn hindered(&mut self, fault: &Fault) -> bool {
        self.why.replace(fault.clone()).as_ref() != Some(fault)
    }

    /// Sets the time for it, where the first retry of an exchange waits for `retry`.
    fn later(&mut self, retry: Duration, now_ms: u64) {
        let first = retry.saturating_mul(RETRIES);
        let wait = first.saturating_mul(1 << self.times.min(DOUBLED_MAX));
        let wait = wait.min(WAIT_MAX.max(first));
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.at_ms = Some(now_ms.saturating_add(wait_ms));
        self.times = self.times.saturating_add(1);
    }
}

impl Agent {
    /// What a start begins with. An image on trial that couldn't be started isn't well, whatever runs on and passes the
    /// checks in its place.
    pub(crate) fn begin(&mut self, came_up: CameUp) -> Result<(), Fault> {
        self.name_version();
        self.boot_again.at_ms = None;
        let on_trial = self.core().is_on_trial();
        match (came_up.unsaved, came_up.unstarted) {
            (_, Some(fault)) if on_trial => {
                self.trouble(&fault);
                let now_ms = self.clock.now_ms();
                let given_up = self.core().looked(SelfTest::Failed, now_ms);
                self.settle(given_up)?;
            }
            (Some(fault), _) | (None, Some(fault)) => self.begin_hindered(&fault)?,
            (None, None) => self.boot_again = BootAgain::default(),
        }
        self.note_outcome();
        Ok(())
    }

    fn begin_hindered(&mut self, fault: &Fault) -> Result<(), Fault> {
        // Another boot loader has started what runs: it decides anew when the device restarts.
        if matches!(self.settings.slots, Slots::Directory { .. }) {
            let now_ms = self.clock.now_ms();
            self.boot_again.later(self.settings.server.retry, now_ms);
        }
        match self.boot_again.hindered(fault) {
            true => self.hinder(fault),
            false => {
                self.trouble(fault);
                Ok(())
            }
        }
    }

    /// When to decide anew what to start. An installation that is under way is left to its end: at its restart all is
    /// decided anew.
    pub(crate) fn boot_again_at_ms(&mut self) -> Option<u64> {
        let is_free = self.is_free();
        self.boot_again.at_ms.filter(|_| is_free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_and_tells_the_same_once() {
        let mut again = BootAgain::default();
        let fault = |id| Fault::new(id, "x", "y");
        let mut waits = Vec::new();
        for _ in 0..6 {
            again.later(Duration::from_secs(10), 1000);
            waits.extend(again.at_ms.map(|at_ms| (at_ms - 1000) / 1000));
        }
        assert_eq!(waits, [320, 640, 1280, 2560, 3600, 3600]);
        assert!(again.hindered(&fault("agent.storage-full")));
        assert!(!again.hindered(&fault("agent.storage-full")));
        assert!(again.hindered(&fault("agent.storage-failed")));
        // Whoever retries rarely isn't made to hurry.
        let mut slow = BootAgain::default();
        slow.later(Duration::from_secs(600), 0);
        assert_eq!(slow.at_ms, Some(19_200_000));
    }
}
