//! How an image behaves when a simulated device runs it.
//!
//! Simulated devices don't execute Thumb code. What they do instead is declared here, by the
//! image's digest; that the declaration is true of the real images is shown by the tests which boot
//! them on an emulated processor (`crates/xtask/tests/firmware_in_qemu.rs`).

use std::collections::BTreeMap;

use mainstay_trust::Digest;

/// The log of an image whose self-test will fail fills up for so long before: a leak that takes days to show isn't in it
/// from the first hour on.
const SHOWS_BEFORE_S: u64 = 24 * 3600;

/// What a device notices while it runs an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Works, with the ordinary noise in its logs and battery.
    Healthy,
    /// Works at first; the self-test fails for good after `after_s` seconds of running, and the
    /// error log fills up in the day before.
    FailsAfter {
        /// Seconds of running until the self-test fails.
        after_s: u64,
        /// The hardware revisions on which it fails; empty means all.
        hardware: Vec<String>,
    },
    /// Works and is kept; then it is lost, and the device restarts with the image that it ran before.
    SlipsBack {
        /// Seconds of running until it is lost.
        after_s: u64,
    },
    /// Works, passes its self-test for good, and drains the battery.
    Drains {
        /// Thousandths of the battery's capacity a day, beyond the ordinary drain.
        extra_permille_per_day: u16,
    },
}

impl Behaviour {
    /// Whether the self-test passes after `uptime_s` seconds on this hardware.
    pub fn self_test_passes(&self, uptime_s: u64, hardware: &str) -> bool {
        match self {
            Self::Healthy | Self::SlipsBack { .. } | Self::Drains { .. } => true,
            Self::FailsAfter { after_s, .. } => uptime_s < *after_s || !self.touches(hardware),
        }
    }

    /// Error-log lines an hour beyond the ordinary noise, after `uptime_s` seconds of running.
    pub fn extra_error_logs_per_hour(&self, uptime_s: u64, hardware: &str) -> u16 {
        let shows = match self {
            Self::FailsAfter { after_s, .. } => uptime_s + SHOWS_BEFORE_S >= *after_s,
            _ => false,
        };
        if shows && self.touches(hardware) {
            40
        } else {
            0
        }
    }

    /// Battery drain in thousandths a day beyond the ordinary one, of an image that is made for it.
    pub fn extra_drain_permille_per_day(&self) -> u16 {
        match self {
            Self::Drains {
                extra_permille_per_day,
            } => *extra_permille_per_day,
            Self::Healthy | Self::FailsAfter { .. } | Self::SlipsBack { .. } => 0,
        }
    }

    fn touches(&self, revision: &str) -> bool {
        match self {
            Self::Healthy | Self::SlipsBack { .. } | Self::Drains { .. } => false,
            Self::FailsAfter { hardware, .. } => {
                hardware.is_empty() || hardware.iter().any(|name| name == revision)
            }
        }
    }
}

/// The declared behaviour of every image that a run knows. An image that nobody declared works.
#[derive(Debug, Clone, Default)]
pub struct Behaviours(BTreeMap<Digest, Behaviour>);

impl Behaviours {
    /// Declares how the image with this digest behaves.
    pub fn declare(&mut self, image: Digest, behaviour: Behaviour) {
        self.0.insert(image, behaviour);
    }

    /// How the image with this digest behaves.
    pub fn of(&self, image: &Digest) -> &Behaviour {
        self.0.get(image).unwrap_or(&Behaviour::Healthy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_fault_shows_late_and_only_on_its_hardware() {
        let fault = Behaviour::FailsAfter {
            after_s: 240,
            hardware: vec!["B".to_owned()],
        };
        for (uptime_s, hardware, passes) in [
            (0, "B", true),
            (239, "B", true),
            (240, "B", false),
            (9999, "C", true),
        ] {
            assert_eq!(
                fault.self_test_passes(uptime_s, hardware),
                passes,
                "{uptime_s} s on {hardware}"
            );
        }
    }

    #[test]
    fn a_slow_fault_fills_the_log_in_its_last_day() {
        let three_days = 3 * 24 * 3600;
        let fault = Behaviour::FailsAfter {
            after_s: three_days,
            hardware: Vec::new(),
        };
        for (uptime_s, lines) in [
            (0, 0),
            (2 * 24 * 3600 - 1, 0),
            (2 * 24 * 3600, 40),
            (three_days, 40),
        ] {
            let found = fault.extra_error_logs_per_hour(uptime_s, "B");
            assert_eq!(found, lines, "{uptime_s} s");
        }
    }

    #[test]
    fn an_undeclared_image_works() {
        assert_eq!(Behaviours::default().of(&Digest::ZERO), &Behaviour::Healthy);
    }
}
