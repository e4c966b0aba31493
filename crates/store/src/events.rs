//! What happened, as it is told outwards. Read [`Events`].
//!
//! An event is written in the transaction that makes it true, by whatever writes that, and has its number from one row that is locked until
//! the commit: so numbers rise in the order of the commits, have no gaps, and who reads up to one has missed none below it. How an event
//! reads is decided in `mainstay_api::event`.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_api::event::{self, Event, Happened};
use mainstay_plan::PlanDigest;
use mainstay_rollout::Rollout;
use mainstay_telemetry::IncidentId;

use crate::values::from_json;
use crate::{NextStep, StageChange, StoreError};

/// So many events are kept, the newest ones: some 25 MB. A release has about twenty on its way, so it is years until an event is forgotten.
pub const EVENTS_MAX: i64 = 50_000;

/// Which events somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsAsked<'a> {
    /// Those with higher numbers.
    pub after: i64,
    /// So many at most.
    pub limit: u32,
    /// Of this kind, if not of any.
    pub kind: Option<&'a str>,
    /// About this, if not about anything.
    pub subject: Option<&'a str>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsFound {
    /// The events, the oldest first.
    pub events: Vec<Event>,
    /// The highest number that was given before they were looked for; 0 before the first.
    pub newest: i64,
    /// The number of the oldest event that was still kept after they were; 0 if none was.
    pub oldest: i64,
}

/// The events.
#[async_trait]
pub trait Events: Send + Sync {
    /// The next events of those that are asked for.
    async fn events(&self, asked: &EventsAsked<'_>) -> Result<EventsFound, StoreError>;

    /// The highest number that was ever given; 0 before the first.
    async fn newest_event(&self) -> Result<i64, StoreError>;
}

pub(crate) fn event((number, value): (i64, String)) -> Result<Event, StoreError> {
    let happened = from_json("event", &value)?;
    Ok(Event { number, happened })
}

/// What a rollout's start tells.
pub(crate) fn told_of_start(rollout: &Rollout, release: Option<StageChange<'_>>) -> Vec<Happened> {
    let moved =
        release.and_then(|change| event::of_moved_release(change.release, change.expected, None));
    moved
        .into_iter()
        .chain([event::of_start(rollout)])
        .collect()
}

/// What a step tells, with the numbers of the incidents that it opened.
pub(crate) fn told_of_step(
    before: &Rollout,
    step: &NextStep<'_>,
    opened: &[IncidentId],
) -> Vec<Happened> {
    let mut told = event::of_step(before, step.rollout, step.actions, step.at);
    let incidents = opened.iter().zip(step.incidents);
    told.extend(incidents.map(|(id, incident)| event::of_opening(*id, incident)));
    let moved = step
        .release
        .and_then(|change| event::of_moved_release(change.release, change.expected, Some(step.at)));
    told.extend(moved);
    told
}

/// What a plan tells that was put into force.
pub(crate) fn told_of_activation(digest: [u8; 32], by: &Email, at: Timestamp) -> Happened {
    event::of_activation(&PlanDigest(digest).to_string(), by, at)
}
