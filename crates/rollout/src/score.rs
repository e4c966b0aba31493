//! How one device did: judged at its horizon, never before.
//!
//! The horizon counts from the moment the device *began to install*. A failure that is known early
//! still waits for its horizon, because successes can't be known early: feeding the ones early and
//! the others late makes false halts. (What can't wait is the tripwire's business.) Silence is
//! neither healthy nor a failure. Read [`Score`], then [`score()`].

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::pause;
use crate::progress::{FailureCause, Progress};
use crate::rollout::Rollout;
use crate::unit;
use crate::view::{DeviceView, FleetView};
use crate::words::after;

/// How one device did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "score", rename_all = "kebab-case")]
pub enum Score {
    /// Its horizon hasn't come, or it is on its way.
    Pending,
    /// It confirmed, and was heard of at or after its horizon.
    Healthy,
    /// The candidate failed on it.
    Failed {
        /// How.
        cause: FailureCause,
    },
    /// Past its horizon and [`SILENT_POLLS`] more it hasn't confirmed, or hasn't been heard of.
    Silent,
    /// It never began, and its wave has been open for longer than the plan's `give_up_after`.
    Unreached,
    /// It refused the candidate before it began; that says nothing about the candidate's health.
    Refused,
    /// It was sent back, or should have been: the rollout was halted.
    Returned,
}

/// So many polls past its horizon a device is silent: two lost messages in a row are an ordinary
/// bad connection, three are news.
pub const SILENT_POLLS: i32 = 3;

/// How `device` did, as known at `now`.
#[must_use]
pub fn score(rollout: &Rollout, device: &DeviceView, now: Timestamp) -> Score {
    match (&device.progress, horizon(rollout, device)) {
        (Progress::Returning { .. } | Progress::Returned { .. }, _)
        | (Progress::CannotReturn { .. }, _) => Score::Returned,
        (Progress::Refused { began: None, .. }, _) => Score::Refused,
        (_, None) => match unreached_at(rollout, device.wave) {
            Some(end) if now >= end => Score::Unreached,
            _ => Score::Pending,
        },
        (_, Some(horizon)) if now < horizon => Score::Pending,
        (progress, Some(horizon)) => at_horizon(rollout, device, progress, horizon, now),
    }
}

fn at_horizon(
    rollout: &Rollout,
    device: &DeviceView,
    progress: &Progress,
    horizon: Timestamp,
    now: Timestamp,
) -> Score {
    if let Some((_, cause)) = progress.failure() {
        return Score::Failed { cause };
    }
    let confirmed = matches!(progress, Progress::Confirmed { .. });
    let heard = device.last_seen().is_some_and(|seen| seen >= horizon);
    match confirmed && heard {
        true => Score::Healthy,
        false if now >= silent_at(rollout, horizon) => Score::Silent,
        false => Score::Pending,
    }
}

/// From when on a device that should have been heard of at `due` is silent.
pub(crate) fn silent_at(rollout: &Rollout, due: Timestamp) -> Timestamp {
    after(due, silence(rollout.rules.poll))
}

/// For how long a device may say nothing before that is news.
pub(crate) fn silence(poll: SignedDuration) -> SignedDuration {
    poll.saturating_mul(SILENT_POLLS)
}

/// When `device` may be judged; none before it began to install, nor while a pause keeps it from that.
#[must_use]
pub fn horizon(rollout: &Rollout, device: &DeviceView) -> Option<Timestamp> {
    let began = device.progress.began()?;
    let from = match device.made_way() {
        true => began,
        false => pause::counts_from(rollout, began)?,
    };
    Some(after(from, rollout.rules.install.horizon))
}

/// When the members of `wave` that haven't begun become unreached; none before it opens, nor while another class must come
/// first or the rollout is paused, unless they were before.
#[must_use]
pub fn unreached_at(rollout: &Rollout, wave: usize) -> Option<Timestamp> {
    let at = patience_ends(rollout, wave)?;
    let is_held = rollout.held_since.is_some_and(|since| since < at);
    (!is_held).then_some(at)
}

/// When the patience with `wave` ends, if nothing holds it from now on.
pub(crate) fn patience_ends(rollout: &Rollout, wave: usize) -> Option<Timestamp> {
    let wave = rollout.waves.get(wave)?;
    let patience = rollout.rules.give_up_after.saturating_add(wave.held);
    Some(after(wave.opened_at?, patience))
}

/// The members of one wave, counted by score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Drawn into the wave.
    pub members: u32,
    /// What of them counts once: themselves, or the sites at which they stand.
    pub units: u32,
    /// Began to install, whatever came of it.
    pub began: u32,
    /// Healthy at their horizon.
    pub healthy: u32,
    /// Failed, at their horizon.
    pub failed: u32,
    /// Silent past their horizon.
    pub silent: u32,
    /// Of those, the ones that were heard of then, and hadn't confirmed.
    pub unfinished: u32,
    /// Never began in time.
    pub unreached: u32,
    /// Refused the candidate.
    pub refused: u32,
    /// Sent back after a halt.
    pub returned: u32,
    /// Not to be judged yet.
    pub pending: u32,
}

impl Tally {
    /// Counts the members of `wave`. Members that the view doesn't hold are pending.
    #[must_use]
    pub fn of(rollout: &Rollout, view: &FleetView, wave: usize, now: Timestamp) -> Self {
        let mut tally = Self::begin(rollout, wave);
        for device in view.wave(wave) {
            tally.add(rollout, device, now);
        }
        tally.end(unit::count(&rollout.rules, view.wave(wave)))
    }

    /// Of a wave of which no member was counted yet.
    pub(crate) fn begin(rollout: &Rollout, wave: usize) -> Self {
        Self {
            members: rollout.waves.get(wave).map_or(0, |w| w.members),
            ..Self::default()
        }
    }

    /// Counts a member; how it did.
    pub(crate) fn add(&mut self, rollout: &Rollout, device: &DeviceView, now: Timestamp) -> Score {
        let score = score(rollout, device, now);
        self.count(score);
        let heard = || device.last_seen() >= horizon(rollout, device);
        self.unfinished += u32::from(score == Score::Silent && heard());
        self.began += u32::from(device.progress.began().is_some());
        score
    }

    /// All members were counted, and they are so many units.
    pub(crate) fn end(self, units: u32) -> Self {
        Self {
            units,
            pending: self.members.saturating_sub(self.settled()),
            ..self
        }
    }

    fn count(&mut self, score: Score) {
        match score {
            Score::Pending => {}
            Score::Healthy => self.healthy += 1,
            Score::Failed { .. } => self.failed += 1,
            Score::Silent => self.silent += 1,
            Score::Unreached => self.unreached += 1,
            Score::Refused => self.refused += 1,
            Score::Returned => self.returned += 1,
        }
    }

    /// How many are judged, one way or another.
    #[must_use]
    pub fn settled(&self) -> u32 {
        self.healthy + self.failed + self.silent + self.unreached + self.refused + self.returned
    }

    /// Whether every member is judged.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pending == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, at};

    /// Horizon 30 min, poll 10 min, give up after 72 h; times in minutes since the wave opened.
    fn check(progress: Progress, seen: i64, now: i64, expected: Score) {
        let rollout = testing::opened(1);
        let mut device = testing::device(0);
        device.progress = progress;
        device.last_seen = Some(at(seen).into());
        let found = score(&rollout, &device, at(now));
        assert_eq!(
            found, expected,
            "{:?} seen {seen} now {now}",
            device.progress
        );
    }

    #[test]
    fn nothing_is_judged_before_its_horizon() {
        let cause = FailureCause::SelfTest;
        check(testing::confirmed(0), 29, 29, Score::Pending);
        check(testing::failed(0, cause), 29, 29, Score::Pending);
        check(testing::failed(0, cause), 5, 30, Score::Failed { cause });
        check(testing::confirmed(0), 30, 30, Score::Healthy);
    }

    #[test]
    fn silence_is_neither_healthy_nor_a_failure() {
        check(testing::confirmed(0), 29, 59, Score::Pending);
        check(testing::confirmed(0), 29, 60, Score::Silent);
        check(testing::confirmed(0), 61, 61, Score::Healthy);
        check(testing::on_trial(0), 61, 61, Score::Silent);
        check(Progress::Began { at: at(0) }, 61, 61, Score::Silent);
    }

    #[test]
    fn a_device_that_never_began_is_unreached_in_the_end() {
        let end = 72 * 60;
        check(Progress::Waiting, 0, end - 1, Score::Pending);
        check(Progress::Promised { at: at(1) }, 0, end, Score::Unreached);
    }

    #[test]
    fn a_refusal_counts_as_a_failure_only_once_it_had_begun() {
        let refused = |began| Progress::Refused {
            began,
            at: at(1),
            refusal: "trust.held".into(),
        };
        check(refused(None), 1, 99, Score::Refused);
        let cause = FailureCause::InstallFailed;
        check(refused(Some(at(0))), 1, 99, Score::Failed { cause });
    }
}
