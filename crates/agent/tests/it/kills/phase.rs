//! How far an update is, as it can be seen from outside of the agent.

use std::sync::atomic::Ordering;

use mainstay_agent::status::{self, Doing};

use super::device::Device;
use super::release::NEW;
use crate::relay::Relay;

/// A part of an update. Each begins where it can be seen, and ends where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The image is fetched.
    Download,
    /// All of it was sent: it is read back.
    Verify,
    /// It is unpacked, where that is done; then the hook runs.
    Prepare,
    /// The hook has run: whoever starts slots is told.
    Arm,
    /// Into the new image.
    Restart,
    /// The new image proves itself.
    Trial,
    /// It is kept, and the server hears of it.
    Confirm,
    /// Nothing is left to do.
    Done,
}

impl Phase {
    /// All that a cut can come in.
    pub const ALL: [Self; 7] = [
        Self::Download,
        Self::Verify,
        Self::Prepare,
        Self::Arm,
        Self::Restart,
        Self::Trial,
        Self::Confirm,
    ];

    /// The newest phase that has begun; none before the first.
    pub fn of(device: &Device, relay: &Relay, image_bytes: u64) -> Option<Self> {
        let there = |name: &str| device.path(name).exists();
        let status = status::read(&device.bench.path("run")).ok().flatten();
        let running = status.as_ref().and_then(|status| status.running.as_ref());
        let kept = running.is_some_and(|it| it.confirmed && it.version == NEW);
        let doing = |what| status.as_ref().is_some_and(|status| status.doing == what);
        let told = status
            .as_ref()
            .is_some_and(|status| status.unsent_reports == 0);
        if kept {
            return Some(match told && doing(Doing::Idle) {
                true => Self::Done,
                false => Self::Confirm,
            });
        }
        if status.as_ref().is_some_and(|status| status.boot == "trial") {
            return Some(Self::Trial);
        }
        if doing(Doing::Restarting) {
            return Some(Self::Restart);
        }
        if device.bench.path("run/installed").exists() {
            return Some(Self::Arm);
        }
        if there("app/b.new") || there("app/b") {
            return Some(Self::Prepare);
        }
        if relay.returned.load(Ordering::Relaxed) >= image_bytes {
            return Some(Self::Verify);
        }
        doing(Doing::Downloading).then_some(Self::Download)
    }
}

/// When each phase began in an update that nothing disturbed, in milliseconds since the agent's start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timeline([u64; 8]);

impl Timeline {
    /// Notes that `phase` was seen. One that was too short to be seen began with it.
    pub fn note(&mut self, phase: Phase, at_ms: u64) {
        for begun in &mut self.0[..=phase as usize] {
            if *begun == 0 {
                *begun = at_ms.max(1);
            }
        }
    }

    /// How long the whole update took.
    pub fn whole_ms(&self) -> u64 {
        self.0[Phase::Done as usize]
    }

    /// How long a phase took.
    pub fn length_ms(&self, phase: Phase) -> u64 {
        self.0[phase as usize + 1] - self.0[phase as usize]
    }
}
