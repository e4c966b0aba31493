//! What happened, as it is told outwards: one line for each thing that people, or programs of theirs, may act on.
//!
//! Events are numbered in the order in which they became true, and a number is never given twice. Nothing is decided by them: whoever missed
//! some reads what is there now. What single devices do is in none of them: there may be a million of those, and what is to be done about them
//! a rollout asks, a halt says or an incident lists. What is an event, and how it reads, is in `told.rs`. Read [`Event`].

mod told;

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use told::{
    of_activation, of_added_release, of_closing, of_hold, of_moved_release, of_opening,
    of_revocations, of_root, of_schedule, of_start, of_step,
};

/// The most events on one page: some hundred kilobytes.
pub const EVENT_PAGE_MAX: u32 = 500;

/// The longest sentence of an event, in bytes. People's words are in it, which are bounded where they are said; it is cut all the same.
pub const WHAT_BYTES_MAX: usize = 1000;

/// The longest subject that can be asked for, in bytes: longer than any name of a release.
pub const SUBJECT_BYTES_MAX: usize = 200;

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A release was handed in.
    ReleaseAdded,
    /// A release came to another stage.
    ReleaseMoved,
    /// A rollout was asked for, whose devices are being drawn: it is started then, or withdrawn.
    RolloutStarting,
    /// A rollout was started: it has its devices.
    RolloutStarted,
    /// A wave opened.
    RolloutWaveOpened,
    /// A rollout asks a person.
    RolloutAsks,
    /// A person answered that it may go on.
    RolloutAnswered,
    /// A person paused a rollout.
    RolloutPaused,
    /// A person let it go on.
    RolloutResumed,
    /// A rollout was halted.
    RolloutHalted,
    /// Every device of a rollout is settled.
    RolloutCompleted,
    /// A rollout was taken back before its first wave opened.
    RolloutWithdrawn,
    /// Devices can't go back from a halted release: somebody has to go there.
    RolloutDevicesStuck,
    /// An incident opened.
    IncidentOpened,
    /// An incident was closed.
    IncidentClosed,
    /// A plan was put into force.
    PlanActivated,
    /// A release is on hold.
    HoldPlaced,
    /// A first person wants to end that.
    HoldReleaseAsked,
    /// A second one agreed.
    HoldReleased,
    /// A root was handed in.
    RootPublished,
    /// Revocations were handed in.
    RevocationsPublished,
    /// A schedule was handed in.
    SchedulePublished,
}

impl EventKind {
    /// All of them, by noun.
    pub const ALL: [Self; 22] = [
        Self::ReleaseAdded,
        Self::ReleaseMoved,
        Self::RolloutStarting,
        Self::RolloutStarted,
        Self::RolloutWaveOpened,
        Self::RolloutAsks,
        Self::RolloutAnswered,
        Self::RolloutPaused,
        Self::RolloutResumed,
        Self::RolloutHalted,
        Self::RolloutCompleted,
        Self::RolloutWithdrawn,
        Self::RolloutDevicesStuck,
        Self::IncidentOpened,
        Self::IncidentClosed,
        Self::PlanActivated,
        Self::HoldPlaced,
        Self::HoldReleaseAsked,
        Self::HoldReleased,
        Self::RootPublished,
        Self::RevocationsPublished,
        Self::SchedulePublished,
    ];

    /// The stable id, `rollout.halted`: what it is about, and what became of that.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ReleaseAdded => "release.added",
            Self::ReleaseMoved => "release.moved",
            Self::RolloutStarting => "rollout.starting",
            Self::RolloutStarted => "rollout.started",
            Self::RolloutWaveOpened => "rollout.wave-opened",
            Self::RolloutAsks => "rollout.asks",
            Self::RolloutAnswered => "rollout.answered",
            Self::RolloutPaused => "rollout.paused",
            Self::RolloutResumed => "rollout.resumed",
            Self::RolloutHalted => "rollout.halted",
            Self::RolloutCompleted => "rollout.completed",
            Self::RolloutWithdrawn => "rollout.withdrawn",
            Self::RolloutDevicesStuck => "rollout.devices-stuck",
            Self::IncidentOpened => "incident.opened",
            Self::IncidentClosed => "incident.closed",
            Self::PlanActivated => "plan.activated",
            Self::HoldPlaced => "hold.placed",
            Self::HoldReleaseAsked => "hold.release-asked",
            Self::HoldReleased => "hold.released",
            Self::RootPublished => "root.published",
            Self::RevocationsPublished => "revocations.published",
            Self::SchedulePublished => "schedule.published",
        }
    }

    /// The kind of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// What happened, before it has its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Happened {
    /// When, by the clock of the server that decided it; a later number may have an earlier moment.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What: "rollout.halted" and so on. A later version may tell of more kinds than are listed.
    pub kind: String,
    /// What it is about: "rollout/3", "release/thermo-v2@1.1.0", "incident/INC-1", "plan", "root", "revocations".
    pub subject: String,
    /// Who did it, by address; none if the rules of the plan did, or the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What happened, as a sentence without its full stop.
    pub what: String,
    /// The same for programs: "release" is a manifest's digest, "version", "class", "stage", "rollout", "wave" (from 0), "revision".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Happened {
    fn new(kind: EventKind, at: Timestamp, subject: String, what: String) -> Self {
        let end = what.floor_char_boundary(WHAT_BYTES_MAX);
        let what = match end < what.len() {
            true => format!(
                "{}...",
                &what[..what.floor_char_boundary(WHAT_BYTES_MAX - 3)]
            ),
            false => what,
        };
        Self {
            at,
            kind: kind.id().to_owned(),
            subject,
            by: None,
            what,
            facts: BTreeMap::new(),
        }
    }

    /// A name that is no address is the server's own.
    fn by(self, who: Option<impl ToString>) -> Self {
        let who = who.map(|who| who.to_string());
        Self {
            by: who.filter(|who| who.contains('@')),
            ..self
        }
    }

    fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

/// What happened, with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Later ones have higher numbers; there may be gaps.
    pub number: i64,
    /// What happened.
    #[serde(flatten)]
    pub happened: Happened,
}

/// Some of the events, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events: of those that were asked for, the next ones.
    pub events: Vec<Event>,
    /// What to ask for as `after` to get those that follow, now or later.
    pub next: i64,
    /// Whether there are more by now.
    pub more: bool,
    /// The number of the oldest event that is kept; 0 if none is. Who asked for what followed an earlier one has missed those between.
    pub oldest: i64,
}

impl EventPage {
    /// The page of what was found `after` a number, `limit` events at most: `newest` is the highest number that was given before these were looked for.
    #[must_use]
    pub fn of(events: Vec<Event>, after: i64, limit: u32, newest: i64, oldest: i64) -> Self {
        let more = events.len() >= limit as usize;
        let last = events.last().map_or(after, |event| event.number);
        // Of a page that isn't full, everything up to the newest was looked at.
        let next = if more { last } else { last.max(newest) };
        Self {
            events,
            next,
            more,
            oldest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: i64) -> Event {
        let subject = "plan".to_owned();
        let happened = Happened::new(
            EventKind::PlanActivated,
            Timestamp::UNIX_EPOCH,
            subject,
            "a plan was put into force".to_owned(),
        );
        Event { number, happened }
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        for (numbers, after, limit, newest, next, more) in [
            (&[][..], 0, 2, 0, 0, false),
            // All that there are were looked at, and none was meant.
            (&[], 3, 2, 9, 9, false),
            (&[4], 3, 2, 9, 9, false),
            (&[4, 6], 3, 2, 9, 6, true),
            // Came while it was looked for.
            (&[10], 3, 2, 9, 10, false),
        ] {
            let events = numbers.iter().copied().map(event).collect();
            let page = EventPage::of(events, after, limit, newest, 1);
            assert_eq!((page.next, page.more), (next, more), "{numbers:?}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_id() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_id(kind.id()), Some(kind));
        }
        assert_eq!(EventKind::from_id("rollout"), None);
    }

    /// Words are cut between two signs.
    #[test]
    fn no_sentence_is_longer_than_any_may_be() {
        for (long, cut) in [("x".repeat(1000), false), ("ü".repeat(501), true)] {
            let happened = Happened::new(
                EventKind::HoldPlaced,
                Timestamp::UNIX_EPOCH,
                "release/a@1".to_owned(),
                long.clone(),
            );
            assert!(happened.what.len() <= WHAT_BYTES_MAX);
            assert_eq!(happened.what != long, cut);
        }
    }

    /// What is kept in stores and sent to receivers.
    #[test]
    fn an_event_reads_like_this() {
        let mut told = event(7);
        told.happened = told
            .happened
            .by(Some("sam@northwind.example"))
            .fact("revision", "ab");
        let json = serde_json::to_string(&told).expect("texts");
        assert_eq!(
            json,
            "{\"number\":7,\"at\":\"1970-01-01T00:00:00Z\",\"kind\":\"plan.activated\",\"subject\":\"plan\",\
             \"by\":\"sam@northwind.example\",\"what\":\"a plan was put into force\",\"facts\":{\"revision\":\"ab\"}}"
        );
        assert_eq!(serde_json::from_str::<Event>(&json).ok(), Some(told));
    }
}
