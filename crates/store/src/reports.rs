//! What devices report. Read [`Reports`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Running};
use mainstay_rollout::{Candidate, Progress};

use crate::StoreError;

/// What a device's news make of its progress in the rollout of one candidate. It is called inside a transaction, so it must neither
/// wait nor fail; and again, if that is undone for another one.
pub type Fold<'a> = dyn Fn(&Candidate, Progress, Known) -> Progress + Send + Sync + 'a;

/// What is known of a device beside its progress, where news are folded into that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The number of the last report that was recorded before: reports up to it are retries, and must not be folded again.
    pub acknowledged: u32,
    /// Whether it ran nothing at all when it was promised the candidate.
    pub ran_nothing: bool,
}

/// What devices report.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Records what a device said, in one transaction: what it runs (if it said so), that it was
    /// heard at `heard`, and its reports. Returns the number up to which its reports are durable.
    ///
    /// A report whose number isn't above the one returned by an earlier call is a retry and changes
    /// nothing. New ones go to the device's timeline. `fold` is asked, with or without new reports,
    /// about the device's newest enrolment, and about each of its
    /// [`ENROLMENTS_MAX`](crate::rollouts::ENROLMENTS_MAX) newest whose rollout isn't complete, or in which the device is still
    /// under way. In a rollout that was withdrawn
    /// nothing was promised: its enrolments don't count among these.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such device.
    async fn record(
        &self,
        id: &DeviceId,
        running: Option<&Running>,
        heard: Timestamp,
        reports: &[StoredReport],
        fold: &Fold<'_>,
    ) -> Result<u32, StoreError>;
}

/// One report, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// Its number: strictly rising for each device.
    pub seq: u32,
    /// The server's time of it.
    pub at: Timestamp,
    /// What the device said, as JSON.
    pub event: String,
    /// The same in words, for the timeline.
    pub text: String,
}

/// The reports that aren't retries, each once, in the device's own order.
pub(crate) fn fresh(reports: &[StoredReport], acknowledged: u32) -> Vec<&StoredReport> {
    let mut fresh: Vec<_> = reports
        .iter()
        .filter(|report| report.seq > acknowledged)
        .collect();
    fresh.sort_by_key(|report| report.seq);
    fresh.dedup_by_key(|report| report.seq);
    fresh
}

/// Whether a fold is asked about an enrolment: the `place`th of its device's, counted from the newest, in a rollout of this phase.
pub(crate) fn is_asked_about(place: usize, phase: &str, before: &Progress) -> bool {
    let is_under_way = matches!(before, Progress::Began { .. } | Progress::OnTrial { .. });
    place == 0 || phase != "complete" || is_under_way
}
