//! A plan's dates for people's calendars: releases, freezes, ends of support and notices of them. Read [`PlanCalendar`].

use jiff::Timestamp;
use mainstay_plan::calendar::{Freeze, Notice, Release, SupportDate};
use mainstay_plan::{Cadence, Calendar, Environment, Plan};
use uuid::Uuid;

use crate::icalendar::{self, Event};

/// The dates of a plan, with what is said of them.
#[derive(Debug, Clone, Copy)]
pub struct PlanCalendar<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its dates in the span that is wanted.
    pub calendar: &'a Calendar,
    /// When the document is made.
    pub made: Timestamp,
}

impl PlanCalendar<'_> {
    /// The dates as an iCalendar file (RFC 5545), an entry of whole days for each. An entry keeps
    /// its id from export to export, also when its date moves: a release is known by its track and
    /// month, a freeze by its first day, an end of support by its class, a notice
    /// by its class and the months to the end.
    #[must_use]
    pub fn to_icalendar(&self) -> String {
        let calendar = self.calendar;
        let releases = calendar
            .releases
            .iter()
            .map(|release| self.release(release));
        let freezes = calendar.freezes.iter().map(|freeze| self.freeze(freeze));
        let support = calendar.support.iter().map(|date| self.support(date));
        let notices = calendar.notices.iter().map(|notice| self.notice(notice));
        let all = releases.chain(freezes).chain(support).chain(notices);
        let events: Vec<_> = all.collect();
        icalendar::render(&self.title(), self.made, &events)
    }

    /// How many entries that file has.
    #[must_use]
    pub fn len(&self) -> usize {
        let calendar = self.calendar;
        let ends = calendar.support.len() + calendar.notices.len();
        calendar.releases.len() + calendar.freezes.len() + ends
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn release(&self, release: &Release) -> Event {
        let (track, date) = (release.track, &release.date);
        let month = date.declared.strftime("%Y-%m");
        let cadence = self.plan.tracks.get(track).and_then(|track| track.cadence);
        let every = cadence.map(every);
        let words: Vec<_> = every.into_iter().chain(date.remark()).collect();
        Event {
            uid: self.uid(&format!("release/{track}/{month}")),
            first: date.day(),
            last: date.day(),
            summary: format!("{}: {track} release", self.title()),
            description: words.join("; "),
            category: "RELEASE",
            is_cancelled: date.due().is_none(),
        }
    }

    fn freeze(&self, freeze: &Freeze) -> Event {
        Event {
            uid: self.uid(&format!("freeze/{}", freeze.from)),
            first: freeze.from,
            last: freeze.to,
            summary: format!("{}: no updates ({})", self.title(), freeze.names.join(", ")),
            description: "No device begins a release on these days, by its own clock; \
                the way back after a halt doesn't wait"
                .to_owned(),
            category: "FREEZE",
            is_cancelled: false,
        }
    }

    fn support(&self, date: &SupportDate) -> Event {
        let then = date.then.as_ref();
        Event {
            uid: self.uid(&format!("support/{}/{}", date.class, date.ends.id())),
            first: date.last_day,
            last: date.last_day,
            summary: format!("{}: {}", self.title(), date.phrase()),
            description: then.map_or_else(String::new, |then| format!("Afterwards: {then}")),
            category: "SUPPORT",
            is_cancelled: false,
        }
    }

    fn notice(&self, notice: &Notice) -> Event {
        let then = notice.then.as_ref();
        Event {
            uid: self.uid(&format!("notice/{}/{}", notice.class, notice.months)),
            first: notice.day,
            last: notice.day,
            summary: format!("{}: {}", self.title(), notice.phrase()),
            description: then.map_or_else(String::new, |then| format!("Afterwards: {then}")),
            category: "NOTICE",
            is_cancelled: false,
        }
    }

    /// The plan's name; benches are told apart from customers' devices.
    fn title(&self) -> String {
        match self.plan.environment {
            Environment::Production => self.plan.name.clone(),
            Environment::Staging => format!("{} (staging)", self.plan.name),
        }
    }

    /// An id that follows from the vendor, the environment, the entry and the plan's name (UUID version 5, as RFC
    /// 7986, section 5.3, prefers to names of hosts). The plan's name comes last: it alone may hold
    /// anything.
    fn uid(&self, entry: &str) -> Uuid {
        let Plan { vendor, name, .. } = self.plan;
        let environment = self.plan.environment.id();
        let vendor = Uuid::new_v5(&Uuid::NAMESPACE_DNS, vendor.as_bytes());
        let path = format!("calendar/{environment}/{entry}/{name}");
        Uuid::new_v5(&vendor, path.as_bytes())
    }
}

/// The cadence for somebody who hasn't seen the plan: `Every month on the second Tuesday`.
fn every(cadence: Cadence) -> String {
    match cadence {
        Cadence::Quarterly { .. } => format!("Every {cadence} of its first month"),
        Cadence::Monthly { .. } | Cadence::Emergency => format!("Every {cadence}"),
    }
}
