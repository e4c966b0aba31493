//! What devices report. Read [`Reports`].

use std::borrow::Cow;

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

impl Known {
    /// Whether a report of this number is one that wasn't recorded before, and can be one: see [`LEAP_MAX`].
    #[must_use]
    pub fn is_new(self, seq: u32) -> bool {
        is_new(seq, self.acknowledged)
    }
}

/// So far beyond the last recorded report a new one's number may be; what is beyond that is left aside, so that nobody who speaks for a device for a while
/// uses up at once the numbers that it has. A device counts each report, also those that it has thrown away by the time somebody hears of it: this is one a
/// minute for two years without a network, and no device makes so many. Of a device of which none is recorded, any number is new: one that came from another
/// server, or whose numbers count anew, has gone on counting.
pub const LEAP_MAX: u32 = 1 << 20;

/// What a gateway said of one of its children at a check-in, beside reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidThrough {
    /// It in words, for the timeline, with the gateway.
    pub text: String,
    /// When the timeline tells it.
    pub told: Telling,
}

/// When a timeline tells what a gateway said of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Now: the child runs something else than it did.
    Surely,
    /// Where the newest such entry says something else, or it moves the child in a rollout: that it isn't well is said at each check-in.
    Once,
    /// Where it moves the child in a rollout.
    IfItMoves,
}

/// What devices report.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Records what a device said, in one transaction: what it runs (if it said so), that it was
    /// heard at `heard`, and its reports. Returns the number up to which its reports are durable.
    ///
    /// A report whose number isn't above the one returned by an earlier call is a retry and changes
    /// nothing; nor does one that is further beyond it than [`LEAP_MAX`]. New ones go to the device's timeline, which
    /// also tells where some in between never came. `fold` is asked, with or without new reports, about the device's newest enrolment, and about each of its
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
    ) -> Result<u32, StoreError> {
        self.record_through(id, running, heard, reports, None, fold)
            .await
    }

    /// The same of a device whose words a gateway may have carried: what was `said` beside reports goes to the timeline in the same transaction, where that
    /// is to tell it.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    async fn record_through(
        &self,
        id: &DeviceId,
        running: Option<&Running>,
        heard: Timestamp,
        reports: &[StoredReport],
        said: Option<&SaidThrough>,
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

/// Whether a report of this number is new to whoever has recorded all up to `acknowledged`.
fn is_new(seq: u32, acknowledged: u32) -> bool {
    seq > acknowledged && (acknowledged == 0 || seq - acknowledged <= LEAP_MAX)
}

/// The reports that are new, each once, in the device's own order; each as the timeline is to tell it.
pub(crate) fn fresh(reports: &[StoredReport], acknowledged: u32) -> Vec<Cow<'_, StoredReport>> {
    let mut fresh: Vec<_> = reports
        .iter()
        .filter(|report| is_new(report.seq, acknowledged))
        .collect();
    fresh.sort_by_key(|report| report.seq);
    fresh.dedup_by_key(|report| report.seq);
    let mut last = acknowledged;
    let told = fresh.into_iter().map(|report| {
        let before = std::mem::replace(&mut last, report.seq);
        after_unheard(report, unheard(before, report.seq))
    });
    told.collect()
}

/// How many reports a device made between two of which a server heard one after the other, and then threw away: it keeps the newest ones alone as
/// long as nobody takes them. Of what it made before it was heard for the first time nothing is known.
fn unheard(before: u32, seq: u32) -> u32 {
    match before {
        0 => 0,
        before => seq - before - 1,
    }
}

fn after_unheard(report: &StoredReport, unheard: u32) -> Cow<'_, StoredReport> {
    let reports = match unheard {
        0 => return Cow::Borrowed(report),
        1 => "1 report".to_owned(),
        many => format!("{many} reports"),
    };
    Cow::Owned(StoredReport {
        text: format!("{}; {reports} before it never came", report.text),
        ..report.clone()
    })
}

/// Whether a fold is asked about an enrolment: the `place`th of its device's, counted from the newest, in a rollout of this phase.
pub(crate) fn is_asked_about(place: usize, phase: &str, before: &Progress) -> bool {
    let is_under_way = matches!(before, Progress::Began { .. } | Progress::OnTrial { .. });
    place == 0 || phase != "complete" || is_under_way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_as_far_as_a_device_can_have_come() {
        let far = 7 + LEAP_MAX;
        for (seq, acknowledged, expected) in [
            (0, 0, false),
            (1, 0, true),
            (u32::MAX, 0, true),
            (6, 7, false),
            (7, 7, false),
            (8, 7, true),
            (far, 7, true),
            (far + 1, 7, false),
            (u32::MAX, 7, false),
            (u32::MAX, u32::MAX - 1, true),
            (u32::MAX, u32::MAX, false),
        ] {
            assert_eq!(
                is_new(seq, acknowledged),
                expected,
                "{seq} after {acknowledged}"
            );
        }
    }
}
