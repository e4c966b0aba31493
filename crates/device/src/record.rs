//! What a device knows after a power cut.
//!
//! Its bytes are drawn in `record_wire.rs`; how they survive is the business of `journal.rs`. Read
//! [`Record`].

use heapless::Vec;
use mainstay_protocol::{Event, REPORTS_MAX, Report, RevertCause};
use mainstay_trust::{Counters, Digest};

use crate::slot::Slot;

/// What survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Rises with every record that is written.
    pub number: u32,
    /// The slot whose image is kept; none in safe mode and on a device that was never provisioned.
    pub confirmed: Option<Slot>,
    /// Whether the confirmed release is lost and `confirmed` names what could still be booted in its
    /// place. What the device knows *of* the confirmed release stays: it is what offers are measured
    /// against.
    pub last_resort: bool,
    /// Whether safe mode is due at the next boot, once, to write over the one slot.
    pub overwrite_due: bool,
    /// The image that is being tried out.
    pub trial: Option<Trial>,
    /// The download under way.
    pub download: Option<Download>,
    /// Manifest digest of the confirmed release.
    pub confirmed_manifest: Digest,
    /// Its sequence number, the floor, the newest status and the time.
    pub counters: Counters,
    /// The number that the next report gets.
    pub next_report: u32,
    /// Reports that the server hasn't acknowledged, oldest first.
    pub reports: Vec<Report, REPORTS_MAX>,
}

/// The largest number that is believed of a server: one that lies can't use the numbers up.
const NUMBER_KNOWN_MAX: u32 = u32::MAX / 2;

/// An image that is being tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Where it lies.
    pub slot: Slot,
    /// The release it is.
    pub manifest: Digest,
    /// How many more boots it gets before it is given up.
    pub boots_left: u8,
    /// Why it is to be given up at the next boot; none while it still has its chance.
    pub given_up: Option<RevertCause>,
    /// Whether it came from a bundle, so that no server need be reached for it to be kept.
    pub offline: bool,
}

/// A download under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// Where it goes.
    pub slot: Slot,
    /// The release it belongs to.
    pub manifest: Digest,
    /// Bytes that are in flash for certain.
    pub written: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            number: 0,
            confirmed: None,
            last_resort: false,
            overwrite_due: false,
            trial: None,
            download: None,
            confirmed_manifest: Digest::ZERO,
            counters: Counters::default(),
            next_report: 1,
            reports: Vec::new(),
        }
    }
}

impl Record {
    /// Notes that something happened at `at` (Unix seconds). When the queue is full the oldest report
    /// makes room: what a device is now matters more than what it was.
    pub fn report(&mut self, at: u64, event: Event) {
        if self.reports.is_full() {
            self.reports.remove(0);
        }
        let report = Report {
            seq: self.next_report,
            at,
            event,
        };
        if self.reports.push(report).is_ok() {
            self.next_report = self.next_report.saturating_add(1);
        }
    }

    /// Forgets the reports up to number `seq`.
    ///
    /// A server that knows of reports which were never made here knew this device before its record began anew, and
    /// would take what is told now for old news. So what is still to be told gets numbers behind those; then
    /// returns true, and the record must be saved.
    pub fn acknowledge(&mut self, seq: u32) -> bool {
        if (self.next_report..=NUMBER_KNOWN_MAX).contains(&seq) {
            self.number_after(seq);
            return true;
        }
        self.reports.retain(|report| report.seq > seq);
        false
    }

    fn number_after(&mut self, seq: u32) {
        self.next_report = seq + 1;
        for report in &mut self.reports {
            report.seq = self.next_report;
            self.next_report += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_forgets_the_oldest() {
        let mut record = Record::default();
        for at in 0..20 {
            record.report(at, Event::PowerLost);
        }
        assert_eq!(record.reports.len(), REPORTS_MAX);
        assert_eq!(record.reports.first().map(|report| report.seq), Some(5));
        assert!(!record.acknowledge(19));
        assert_eq!(record.reports.len(), 1);
    }

    #[test]
    fn a_record_that_began_anew_tells_its_news_under_new_numbers() {
        let mut record = Record::default();
        record.report(7, Event::PowerLost);
        record.report(8, Event::PowerLost);
        assert!(record.acknowledge(57));
        let told = record.reports.iter().map(|r| (r.seq, r.at));
        assert!(told.eq([(58, 7), (59, 8)]));
        assert_eq!(record.next_report, 60);
        assert!(!record.acknowledge(59));
        assert!(record.reports.is_empty());
    }

    /// What a server says of numbers that no device ever reaches is no more than an acknowledgement.
    #[test]
    fn a_lying_server_cant_use_the_numbers_up() {
        let mut record = Record::default();
        record.report(7, Event::PowerLost);
        assert!(!record.acknowledge(u32::MAX));
        assert_eq!(record.next_report, 2);
        assert!(record.acknowledge(NUMBER_KNOWN_MAX));
        record.report(8, Event::PowerLost);
        assert_eq!(
            record.reports.first().map(|r| r.seq),
            Some(NUMBER_KNOWN_MAX + 1)
        );
    }
}
