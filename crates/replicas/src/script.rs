//! A scripted device: what it wants next, and what an answer makes of it. It has no clock and no network.
//!
//! It follows the order of the real core: a report that it begins before the first byte, then the payload in pieces, a report that it is whole, a restart, a trial,
//! and a confirmation or a way back. What it reports it keeps until that is acknowledged, and sends it again until then. Read [`Script`].

use std::time::Duration;

use jiff::Timestamp;
use mainstay_protocol::{Event as Reported, Report, ReportList, RevertCause};
use mainstay_simulator::simulated_device::unix_ms;
use mainstay_trust::Digest;

use crate::seen::{Event, FACTORY, ReleaseNumber};

/// How long a restart takes.
pub const RESTART: Duration = Duration::from_millis(300);
/// How long a new image is tried.
pub const TRIAL: Duration = Duration::from_millis(700);
/// Bytes that are asked for at once, as by the simulator's real cores.
pub const FETCH_BYTES: usize = 16 * 1024;

/// What a device wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// To check in, with its reports.
    CheckIn,
    /// To tell its reports, without asking for anything.
    Report,
    /// To fetch some bytes of its release from here on.
    Fetch {
        /// Which release.
        release: ReleaseNumber,
        /// The first byte.
        offset: usize,
    },
    /// To be told whether this release, which it tries, works on it.
    Judge(ReleaseNumber),
    /// Nothing before that.
    Sleep(Timestamp),
}

/// What it is in the midst of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    Nothing,
    Fetching {
        release: ReleaseNumber,
        bytes: Vec<u8>,
    },
    /// The image is whole; it comes up at that instant, once it has told so.
    Restarting {
        release: ReleaseNumber,
        up: Timestamp,
    },
    Trying {
        release: ReleaseNumber,
        until: Timestamp,
    },
}

/// A scripted device.
#[derive(Debug)]
pub struct Script {
    runs: ReleaseNumber,
    confirmed: ReleaseNumber,
    work: Work,
    /// What isn't acknowledged yet, by rising numbers.
    reports: Vec<(Report, Event)>,
    last: u32,
    asks: Timestamp,
}

impl Script {
    /// A device as it leaves the factory, which asks first at that instant.
    pub fn new(asks: Timestamp) -> Self {
        Self {
            runs: FACTORY,
            confirmed: FACTORY,
            work: Work::Nothing,
            reports: Vec::new(),
            last: 0,
            asks,
        }
    }

    /// What it runs, and whether it has confirmed that.
    pub fn runs(&self) -> (ReleaseNumber, bool) {
        (self.runs, self.runs == self.confirmed)
    }

    /// Whether it is in the midst of nothing and has told all.
    pub fn is_settled(&self) -> bool {
        self.work == Work::Nothing && self.reports.is_empty()
    }

    /// What it wants now.
    pub fn wants(&mut self, now: Timestamp, manifests: &[Digest]) -> Want {
        match &self.work {
            Work::Nothing if !self.reports.is_empty() || now >= self.asks => Want::CheckIn,
            Work::Nothing => Want::Sleep(self.asks),
            Work::Fetching { .. } | Work::Restarting { .. } if !self.reports.is_empty() => {
                Want::Report
            }
            Work::Fetching { release, bytes } => Want::Fetch {
                release: *release,
                offset: bytes.len(),
            },
            Work::Restarting { up, .. } if now < *up => Want::Sleep(*up),
            Work::Restarting { release, .. } => {
                let release = *release;
                self.try_out(release, now, manifests);
                Want::CheckIn
            }
            Work::Trying { .. } if !self.reports.is_empty() => Want::CheckIn,
            Work::Trying { until, .. } if now < *until => Want::Sleep(*until),
            Work::Trying { release, .. } => Want::Judge(*release),
        }
    }

    /// What it hasn't had acknowledged, as messages carry it.
    pub fn reports(&self) -> ReportList {
        let mut list = ReportList::default();
        // The rest goes with the next message.
        for (report, _) in self.reports.iter().take(list.0.capacity()) {
            let _ = list.0.push(*report);
        }
        list
    }

    /// The same, by number and as they are noted.
    pub fn unacknowledged(&self) -> Vec<(u32, Event)> {
        let each = self.reports.iter();
        each.map(|(report, event)| (report.seq, *event)).collect()
    }

    /// Up to this number all is durable; gives what wasn't known to be until now.
    pub fn take_acknowledged(&mut self, seq: u32) -> Vec<Event> {
        let known = self
            .reports
            .partition_point(|(report, _)| report.seq <= seq);
        self.reports
            .drain(..known)
            .map(|(_, event)| event)
            .collect()
    }

    /// It was told when to ask again.
    pub fn asks_at(&mut self, at: Timestamp) {
        self.asks = at;
    }

    /// It is offered a release. One that it runs, or is in the midst of something, goes on with that.
    pub fn take_offer(&mut self, release: ReleaseNumber, now: Timestamp, manifests: &[Digest]) {
        if self.work == Work::Nothing && release != self.runs {
            let manifest = manifests[release];
            self.report(Reported::DownloadStarted { manifest }, release, now);
            let bytes = Vec::new();
            self.work = Work::Fetching { release, bytes };
        }
    }

    /// Bytes of its release arrived. Once they are the whole of `image`, it restarts; gives whether they are what they should be.
    pub fn take_bytes(
        &mut self,
        more: &[u8],
        image: &[u8],
        now: Timestamp,
        manifests: &[Digest],
    ) -> bool {
        let Work::Fetching { release, bytes } = &mut self.work else {
            return true;
        };
        let is_right = image.get(bytes.len()..bytes.len() + more.len()) == Some(more);
        if !is_right {
            return false;
        }
        bytes.extend_from_slice(more);
        if bytes.len() == image.len() {
            let (release, manifest) = (*release, manifests[*release]);
            self.report(Reported::Installed { manifest }, release, now);
            let up = now + RESTART;
            self.work = Work::Restarting { release, up };
        }
        true
    }

    /// Whether it has fetched some of a release, or is about to.
    pub fn is_fetching(&self) -> bool {
        matches!(self.work, Work::Fetching { .. })
    }

    /// It may not fetch this any more: it runs on with what it has.
    pub fn give_up(&mut self) {
        self.work = Work::Nothing;
    }

    fn try_out(&mut self, release: ReleaseNumber, now: Timestamp, manifests: &[Digest]) {
        let manifest = manifests[release];
        self.runs = release;
        self.report(Reported::TrialBooted { manifest }, release, now);
        let until = now + TRIAL;
        self.work = Work::Trying { release, until };
    }

    /// The release that it tries works, or doesn't.
    pub fn judged(&mut self, works: bool, now: Timestamp, manifests: &[Digest]) {
        let Work::Trying { release, .. } = self.work else {
            return;
        };
        let manifest = manifests[release];
        let event = match works {
            true => Reported::Confirmed { manifest },
            false => Reported::Reverted {
                manifest,
                cause: RevertCause::SelfTest,
            },
        };
        match works {
            true => self.confirmed = release,
            false => self.runs = self.confirmed,
        }
        self.work = Work::Nothing;
        self.report(event, release, now);
    }

    fn report(&mut self, event: Reported, release: ReleaseNumber, now: Timestamp) {
        self.last += 1;
        let report = Report {
            seq: self.last,
            at: unix_ms(now) / 1000,
            event,
        };
        self.reports.push((report, (event.kind(), release)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::SOUND;

    const MANIFESTS: [Digest; 2] = [Digest([1; 32]), Digest([2; 32])];
    const IMAGE: [u8; 5] = [1, 2, 3, 4, 5];

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + ms).unwrap()
    }

    fn kinds(script: &Script) -> Vec<&'static str> {
        let all = script.unacknowledged().into_iter();
        all.map(|(_, (kind, _))| kind).collect()
    }

    /// A device that has fetched the release and told so.
    fn fetched() -> Script {
        let mut script = Script::new(at(0));
        assert_eq!(script.wants(at(0), &MANIFESTS), Want::CheckIn);
        script.asks_at(at(5000));
        script.take_offer(SOUND, at(10), &MANIFESTS);
        assert_eq!(script.wants(at(10), &MANIFESTS), Want::Report);
        assert_eq!(script.take_acknowledged(1), [("download-started", SOUND)]);
        let fetch = |offset| Want::Fetch {
            release: SOUND,
            offset,
        };
        assert_eq!(script.wants(at(10), &MANIFESTS), fetch(0));
        assert!(script.take_bytes(&[1, 2, 3], &IMAGE, at(20), &MANIFESTS));
        assert_eq!(script.wants(at(20), &MANIFESTS), fetch(3));
        assert!(script.take_bytes(&[4, 5], &IMAGE, at(30), &MANIFESTS));
        assert_eq!(script.wants(at(30), &MANIFESTS), Want::Report);
        assert_eq!(script.take_acknowledged(2), [("installed", SOUND)]);
        script
    }

    /// A device that tries the release and has told so.
    fn tries() -> Script {
        let mut script = fetched();
        assert_eq!(script.wants(at(31), &MANIFESTS), Want::Sleep(at(330)));
        assert_eq!(script.wants(at(330), &MANIFESTS), Want::CheckIn);
        assert_eq!(script.runs(), (SOUND, false));
        assert_eq!(kinds(&script), ["trial-booted"]);
        // Until it is acknowledged it is told again.
        assert_eq!(script.wants(at(2000), &MANIFESTS), Want::CheckIn);
        script.take_acknowledged(3);
        assert_eq!(script.wants(at(331), &MANIFESTS), Want::Sleep(at(1030)));
        assert_eq!(script.wants(at(1030), &MANIFESTS), Want::Judge(SOUND));
        script
    }

    #[test]
    fn a_release_that_works_is_kept() {
        let mut script = tries();
        script.judged(true, at(1030), &MANIFESTS);
        assert_eq!(kinds(&script), ["confirmed"]);
        assert_eq!(script.runs(), (SOUND, true));
        assert_eq!(script.wants(at(1030), &MANIFESTS), Want::CheckIn);
        assert!(!script.is_settled());
        script.take_acknowledged(4);
        assert!(script.is_settled());
        assert_eq!(script.wants(at(1031), &MANIFESTS), Want::Sleep(at(5000)));
        script.take_offer(SOUND, at(6000), &MANIFESTS);
        assert!(script.is_settled(), "it runs that already");
    }

    #[test]
    fn one_that_doesnt_is_given_up() {
        let mut script = tries();
        script.judged(false, at(1030), &MANIFESTS);
        assert_eq!(kinds(&script), ["reverted"]);
        assert_eq!(script.runs(), (FACTORY, true));
    }

    #[test]
    fn other_bytes_and_too_many_are_noticed() {
        for more in [&[1, 2, 4][..], &[1, 2, 3, 4, 5, 6]] {
            let mut script = Script::new(at(0));
            script.take_offer(SOUND, at(0), &MANIFESTS);
            assert!(!script.take_bytes(more, &IMAGE, at(1), &MANIFESTS));
        }
    }

    #[test]
    fn an_older_acknowledgement_forgets_nothing() {
        let mut script = Script::new(at(0));
        script.take_offer(SOUND, at(0), &MANIFESTS);
        assert!(script.take_acknowledged(0).is_empty());
        assert_eq!(kinds(&script), ["download-started"]);
    }
}
