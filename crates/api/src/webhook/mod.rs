//! Webhooks: who is told by HTTP what happened, and what became of telling them.
//!
//! Pure: what is signed and how ([`sign`]), which addresses may be told ([`address`]), and when a delivery that failed is tried again
//! ([`delivery`]). Read [`Subscription`], then [`Delivery`].

pub mod address;
pub mod delivery;
pub mod sign;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{EventKind, Happened};
pub use delivery::{Delivery, DeliveryState, Outcome};

/// The most subscriptions of a server: each event is made out to each of them, and few programs must be told.
pub const WEBHOOKS_MAX: usize = 32;

/// As many kinds as there are.
pub const KINDS_MAX: usize = EventKind::ALL.len();

/// The longest address, in bytes.
pub const URL_BYTES_MAX: usize = 1000;

/// A subscription to which nothing got through for so long is switched off: whoever should hear has been asked on many occasions, and somebody has to
/// look.
pub const OFF_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// What somebody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where: an address that begins with https.
    #[schemars(length(min = 1, max = URL_BYTES_MAX))]
    pub url: String,
    /// Which kinds of events, such as rollout.halted; all if none is named.
    #[serde(default)]
    #[schemars(length(max = KINDS_MAX))]
    pub kinds: Vec<String>,
}

/// Who is told of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Where.
    pub url: String,
    /// Which kinds of events; all if none is named.
    pub kinds: Vec<String>,
    /// Who wanted it, by address.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Since when nothing got through, if the last try didn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// That it was switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
}

/// That nobody is told any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Off {
    /// Since when.
    pub at: Timestamp,
    /// Why, as a sentence without its full stop.
    pub because: String,
}

impl Subscription {
    /// Whether it is to hear of this.
    #[must_use]
    pub fn wants(&self, happened: &Happened) -> bool {
        self.off.is_none() && (self.kinds.is_empty() || self.kinds.contains(&happened.kind))
    }

    /// The same after a try to tell it something.
    #[must_use]
    pub fn tried(mut self, outcome: &Outcome, now: Timestamp) -> Self {
        if outcome.is_well() {
            self.failing_since = None;
            return self;
        }
        let since = *self.failing_since.get_or_insert(now);
        if now.duration_since(since) >= OFF_AFTER && self.off.is_none() {
            let because = format!("nothing got through since {since:.0}; the last time {outcome}");
            self.off = Some(Off { at: now, because });
        }
        self
    }
}

/// A subscription as the API shows it. Its secret is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where.
    pub url: String,
    /// Which kinds of events; all if none is named.
    pub kinds: Vec<String>,
    /// Who wanted it.
    pub by: String,
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Since when nothing got through, if the last try didn't.
    #[schemars(with = "Option<Moment>")]
    pub failing_since: Option<Timestamp>,
    /// Since when it is switched off, if it is.
    #[schemars(with = "Option<Moment>")]
    pub off_since: Option<Timestamp>,
    /// Why.
    pub off_because: Option<String>,
    /// How many deliveries wait.
    pub waiting: u64,
}

impl WebhookView {
    /// The view of a subscription.
    #[must_use]
    pub fn of(id: &str, subscription: &Subscription, waiting: u64) -> Self {
        let off = subscription.off.as_ref();
        Self {
            id: id.to_owned(),
            url: subscription.url.clone(),
            kinds: subscription.kinds.clone(),
            by: subscription.by.clone(),
            at: subscription.at,
            failing_since: subscription.failing_since,
            off_since: off.map(|off| off.at),
            off_because: off.map(|off| off.because.clone()),
            waiting,
        }
    }
}

/// A subscription that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeWebhook {
    /// What was made.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What its deliveries are signed with, as libraries for Standard Webhooks take it. It is never shown again.
    pub secret: String,
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryView {
    /// The event's number.
    pub event: i64,
    /// What it is about.
    pub subject: String,
    /// "waits", "delivered" or "given-up".
    pub state: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, at the earliest; none if it isn't any more.
    #[schemars(with = "Option<Moment>")]
    pub next_at: Option<Timestamp>,
    /// What the last try came to.
    pub last: Option<String>,
}

impl DeliveryView {
    /// The view of a delivery.
    #[must_use]
    pub fn of(event: i64, subject: &str, delivery: &Delivery) -> Self {
        Self {
            event,
            subject: subject.to_owned(),
            state: delivery.state.id().to_owned(),
            tries: delivery.tries,
            next_at: delivery.is_open().then_some(delivery.next_at),
            last: delivery.last.as_ref().map(ToString::to_string),
        }
    }
}

/// What came of telling a subscription something that didn't happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookTest {
    /// Whether it was taken.
    pub delivered: bool,
    /// What came of it, as a clause.
    pub outcome: String,
}

/// Every kind that is named must be one.
///
/// # Errors
/// The first one that isn't.
pub fn check_kinds(kinds: &[String]) -> Result<(), &str> {
    let unknown = kinds.iter().find(|kind| EventKind::from_id(kind).is_none());
    unknown.map_or(Ok(()), |kind| Err(kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> Subscription {
        Subscription {
            url: "https://hooks.example/mainstay".to_owned(),
            kinds: vec!["rollout.halted".to_owned()],
            by: "kim@northwind.example".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            failing_since: None,
            off: None,
        }
    }

    #[test]
    fn what_nobody_takes_for_three_days_is_switched_off() {
        let hour = |n: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(n);
        let (well, ill) = (Outcome::Status(204), Outcome::Status(500));
        let failing = subscription().tried(&ill, hour(1)).tried(&ill, hour(72));
        assert_eq!(
            (failing.failing_since, failing.off.is_some()),
            (Some(hour(1)), false)
        );
        let mended = failing.clone().tried(&well, hour(72)).tried(&ill, hour(73));
        assert_eq!(mended.failing_since, Some(hour(73)));
        let off = failing.tried(&ill, hour(73));
        let said = off.off.clone().expect("three days");
        assert_eq!(said.at, hour(73));
        assert_eq!(
            said.because,
            "nothing got through since 1970-01-01T01:00:00Z; the last time it was answered with 500"
        );
    }

    #[test]
    fn only_kinds_that_were_asked_for_are_told_and_nothing_once_it_is_off() {
        let happened = |kind: EventKind| Happened {
            at: Timestamp::UNIX_EPOCH,
            kind: kind.id().to_owned(),
            subject: "rollout/1".to_owned(),
            by: None,
            what: "x".to_owned(),
            facts: Default::default(),
        };
        let halted = happened(EventKind::RolloutHalted);
        let paused = happened(EventKind::RolloutPaused);
        let some = subscription();
        let all = Subscription {
            kinds: Vec::new(),
            ..subscription()
        };
        assert!(some.wants(&halted) && !some.wants(&paused));
        assert!(all.wants(&halted) && all.wants(&paused));
        let off = Off {
            at: Timestamp::UNIX_EPOCH,
            because: "x".to_owned(),
        };
        let off = Subscription {
            off: Some(off),
            ..all
        };
        assert!(!off.wants(&halted));
        assert_eq!(check_kinds(&some.kinds), Ok(()));
        assert_eq!(check_kinds(&["rollout".to_owned()]), Err("rollout"));
    }
}
