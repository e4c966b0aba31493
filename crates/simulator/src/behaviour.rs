//! How an image behaves when a simulated device runs it.
//!
//! Simulated devices don't execute Thumb code. What they do instead is declared here, by the
//! image's digest; that the declaration is true of the real images is shown by the tests which boot
//! them on an emulated processor (`crates/xtask/tests/firmware_in_qemu.rs`).

use std::collections::BTreeMap;

use mainstay_trust::Digest;

/// What a device notices while it runs an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Works, with the ordinary noise in its logs and battery.
    Healthy,
    /// Works at first; the self-test fails for good after `after_s` seconds of running, and the
    /// error log fills up before.
    FailsAfter {
        /// Seconds of running until the self-test fails.
        after_s: u64,
        /// The hardware revisions on which it fails; empty means all.
        hardware: Vec<String>,
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
            Self::Healthy | Self::Drains { .. } => true,
            Self::FailsAfter { after_s, .. } => uptime_s < *after_s || !self.touches(hardware),
        }
    }

    /// Error-log lines an hour beyond the ordinary noise.
    pub fn extra_error_logs_per_hour(&self, hardware: &str) -> u16 {
        if self.touches(hardware) { 40 } else { 0 }
    }

    /// Battery drain in thousandths a day beyond the ordinary one, of an image that is made for it.
    pub fn extra_drain_permille_per_day(&self) -> u16 {
        match self {
            Self::Drains {
                extra_permille_per_day,
            } => *extra_permille_per_day,
            Self::Healthy | Self::FailsAfter { .. } => 0,
        }
    }

    fn touches(&self, revision: &str) -> bool {
        match self {
            Self::Healthy | Self::Drains { .. } => false,
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
    fn an_undeclared_image_works() {
        assert_eq!(Behaviours::default().of(&Digest::ZERO), &Behaviour::Healthy);
    }
}
