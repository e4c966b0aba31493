//! How one release did on a group of devices. Read [`Carried`], then [`Counts`].

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::TrackName;
use mainstay_rollout::{FailureCause, Phase, Progress, ReleaseDigest, Rollout};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rollout, as far as service levels ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolled {
    /// The release, as people call it.
    pub release: String,
    /// The same, by its identity.
    pub candidate: ReleaseDigest,
    /// Its class.
    pub class: String,
    /// The track that it went by.
    pub track: TrackName,
    /// When its rollout started.
    pub started_at: Timestamp,
    /// When that ended, by a halt or complete.
    pub over_at: Option<Timestamp>,
    /// When it was halted, if it was.
    pub halted_at: Option<Timestamp>,
    /// How many percent of the devices outside the canary its waves reach; none if that is all of them.
    pub ends_at_percent: Option<u8>,
}

impl Rolled {
    /// What is asked of `rollout`, whose release is called `release` and goes by `track`.
    #[must_use]
    pub fn of(rollout: &Rollout, release: String, track: TrackName) -> Self {
        let (over_at, halted_at) = match rollout.phase {
            Phase::Halted { at, .. } => (Some(at), Some(at)),
            Phase::Complete { at } | Phase::Withdrawn { at, .. } => (Some(at), None),
            Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => (None, None),
        };
        Self {
            release,
            candidate: rollout.candidate.release,
            class: rollout.candidate.class.clone(),
            track,
            started_at: rollout.started_at,
            over_at,
            halted_at,
            ends_at_percent: rollout.rules.ends_at_percent(),
        }
    }
}

/// A device's part in a rollout.
#[derive(Debug, Clone, Copy)]
pub struct Enrolled<'a> {
    /// How far it has come.
    pub progress: &'a Progress,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
    /// When it first reported that it had confirmed another release, after it had failed or couldn't go back; asked only of
    /// devices whose progress doesn't tell when they were good again.
    pub confirmed_again: Option<Timestamp>,
    /// Since when it runs another release than this one, if that is verified.
    pub verified_since: Option<Timestamp>,
}

impl Enrolled<'_> {
    /// When it was good again, after what befell it at `befell`. What was written to it from outside it never reported,
    /// and runs.
    fn good_again(&self, befell: Timestamp) -> Option<Timestamp> {
        let since = self.verified_since.filter(|since| *since > befell);
        self.confirmed_again.or(since)
    }
}

/// A rollout with its devices, counted: all of them, and those of each cohort.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The rollout.
    pub rolled: Rolled,
    pub(super) all: Tally,
    /// In the order of the plan's cohorts.
    pub(super) cohorts: Vec<Tally>,
    /// Who was heard of since then can be reached.
    active_since: Option<Timestamp>,
    now: Timestamp,
}

impl Carried {
    /// Of `rolled`, nobody counted yet. A plan has so many `cohorts`; who was heard of within `active_within` is
    /// active, and without that everybody is. What is over is looked at as it was at its end.
    #[must_use]
    pub fn new(
        rolled: Rolled,
        cohorts: usize,
        active_within: Option<SignedDuration>,
        now: Timestamp,
    ) -> Self {
        let seen_from = rolled.over_at.map_or(now, |over| over.min(now));
        Self {
            rolled,
            all: Tally::default(),
            cohorts: vec![Tally::default(); cohorts],
            active_since: active_within.map(|span| before(seen_from, span)),
            now,
        }
    }

    /// Counts a device that is in the cohorts of these places in the plan; places that there aren't are passed over.
    pub fn add(&mut self, device: &Enrolled<'_>, cohorts: impl IntoIterator<Item = usize>) {
        let is_active = is_active(self.active_since, device.last_seen);
        self.all.add(&self.rolled, device, is_active, self.now);
        for index in cohorts {
            if let Some(tally) = self.cohorts.get_mut(index) {
                tally.add(&self.rolled, device, is_active, self.now);
            }
        }
    }
}

/// `span` before `at`; the first instant that there is where that is too early.
pub(super) fn before(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

pub(super) fn is_active(since: Option<Timestamp>, last_seen: Option<Timestamp>) -> bool {
    since.is_none_or(|since| last_seen.is_some_and(|seen| seen >= since))
}

/// Devices of a group by what became of a release on them. A device counts once for each release.
///
/// `devices` is the sum of `not_begun`, `under_way`, `adopted`, `failed` and `sent_back`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Drawn into a wave.
    pub devices: u64,
    /// Of these, not heard of for too long, and never began: they can't be reached. Who began was reached, whatever became of
    /// the device since.
    pub unreachable: u64,
    /// Never began to install it.
    pub not_begun: u64,
    /// Began, and nobody knows yet how it ends.
    pub under_way: u64,
    /// Confirmed it themselves, and didn't go back since.
    pub adopted: u64,
    /// It failed on them.
    pub failed: u64,
    /// Of these, ran it and gave it up by themselves.
    pub reverted: u64,
    /// A halt sent them back, or would have.
    pub sent_back: u64,
}

impl Counts {
    /// Those whose part has come to an end.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.adopted + self.failed + self.sent_back
    }

    /// Those that can be reached, or were.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.devices - self.unreachable
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.devices += other.devices;
        self.unreachable += other.unreachable;
        self.not_begun += other.not_begun;
        self.under_way += other.under_way;
        self.adopted += other.adopted;
        self.failed += other.failed;
        self.reverted += other.reverted;
        self.sent_back += other.sent_back;
    }
}

/// What is kept of one release on one group of devices.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub counts: Counts,
    /// Of the active devices that never began, those that were promised it.
    pub promised: u64,
    /// Seconds from the start to each confirmation, in no order.
    pub adopted_after_s: Vec<u32>,
    /// The first failure that was known by the halt.
    pub first_failure: Option<Timestamp>,
    pub recovery: Recovery,
}

/// Devices that failed, or ran a release that was halted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Recovery {
    /// Told of their failure from what they had gone back to.
    pub by_themselves: u64,
    /// Are good again ...
    pub recovered: u64,
    /// ... after so many seconds in all.
    pub took_s: u64,
    /// Aren't yet ...
    pub out: u64,
    /// ... after so many seconds in all.
    pub out_s: u64,
}

impl Recovery {
    pub fn join(&mut self, other: &Self) {
        self.by_themselves += other.by_themselves;
        self.recovered += other.recovered;
        self.took_s = self.took_s.saturating_add(other.took_s);
        self.out += other.out;
        self.out_s = self.out_s.saturating_add(other.out_s);
    }

    fn add(&mut self, failed: Timestamp, good_again: Option<Timestamp>, now: Timestamp) {
        match good_again {
            Some(at) => {
                self.recovered += 1;
                self.took_s = self.took_s.saturating_add(seconds(failed, at));
            }
            None => {
                self.out += 1;
                self.out_s = self.out_s.saturating_add(seconds(failed, now));
            }
        }
    }
}

impl Tally {
    /// Active devices that may still get it. Once the rollout is complete, nobody else is promised it; but who was may still
    /// begin, and who began may still confirm it.
    pub fn may_follow(&self, rolled: &Rolled) -> u64 {
        match rolled.over_at {
            None => self.counts.active() - self.counts.ended(),
            Some(_) => self.counts.under_way + self.promised,
        }
    }

    fn add(&mut self, rolled: &Rolled, device: &Enrolled<'_>, is_active: bool, now: Timestamp) {
        let progress = device.progress;
        self.counts.devices += 1;
        let was_reached = is_active || progress.began().is_some();
        self.counts.unreachable += u64::from(!was_reached);
        let is_promised = matches!(progress, Progress::Promised { .. });
        self.promised += u64::from(is_active && is_promised);
        self.count(rolled, progress);
        self.fail_first(rolled, progress);
        self.recover(rolled, device, now);
    }

    fn count(&mut self, rolled: &Rolled, progress: &Progress) {
        let counts = &mut self.counts;
        match progress {
            Progress::Confirmed { at, .. } => {
                counts.adopted += 1;
                let after = seconds(rolled.started_at, *at);
                self.adopted_after_s
                    .push(u32::try_from(after).unwrap_or(u32::MAX));
            }
            Progress::Began { .. } | Progress::OnTrial { .. } => counts.under_way += 1,
            Progress::Returning { .. }
            | Progress::Returned { .. }
            | Progress::CannotReturn { .. } => counts.sent_back += 1,
            _ => match progress.failure() {
                Some((_, cause)) => {
                    counts.failed += 1;
                    counts.reverted += u64::from(is_revert(cause));
                }
                None => counts.not_begun += 1,
            },
        }
    }

    fn fail_first(&mut self, rolled: &Rolled, progress: &Progress) {
        let Some((at, _)) = progress.failure() else {
            return;
        };
        if rolled.halted_at.is_none_or(|halted| at <= halted) {
            let first = self.first_failure.map_or(at, |first| first.min(at));
            self.first_failure = Some(first);
        }
    }

    fn recover(&mut self, rolled: &Rolled, device: &Enrolled<'_>, now: Timestamp) {
        let sent_back = |at: &Timestamp| rolled.halted_at.unwrap_or(*at);
        let (befell, good_again) = match device.progress {
            Progress::Returned { at, .. } => (sent_back(at), Some(*at)),
            Progress::Returning { at, .. } => (sent_back(at), None),
            Progress::CannotReturn { at, .. } => (sent_back(at), device.good_again(*at)),
            other => match other.failure() {
                Some((at, cause)) if !is_told_from_before(cause) => (at, device.good_again(at)),
                failure => {
                    self.recovery.by_themselves += u64::from(failure.is_some());
                    return;
                }
            },
        };
        self.recovery.add(befell, good_again, now);
    }
}

/// Whether a device with this failure ran the release, and left it by itself.
fn is_revert(cause: FailureCause) -> bool {
    match cause {
        FailureCause::SelfTest
        | FailureCause::WatchdogRevert
        | FailureCause::BootFailed
        | FailureCause::WentBack => true,
        FailureCause::Bricked
        | FailureCause::Lost
        | FailureCause::InstallFailed
        | FailureCause::SelfTestLater => false,
    }
}

/// Whether a device with this failure tells of it from what it ran before.
fn is_told_from_before(cause: FailureCause) -> bool {
    match cause {
        FailureCause::SelfTest
        | FailureCause::WatchdogRevert
        | FailureCause::BootFailed
        | FailureCause::InstallFailed
        | FailureCause::WentBack => true,
        FailureCause::Bricked | FailureCause::Lost | FailureCause::SelfTestLater => false,
    }
}

/// Whole seconds from one instant to another, begun ones counted; 0 if the other isn't later.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    let micros = to.as_microsecond().saturating_sub(from.as_microsecond());
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000)
}
