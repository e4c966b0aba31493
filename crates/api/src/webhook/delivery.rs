//! One event for one subscription: when it is tried, and when no more.
//!
//! Deliveries about one subject are made in their order: the next one waits until the one before was taken, or given up. Those about
//! other subjects don't wait for it. Read [`Delivery::tried`].

use core::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long after a try that failed the next one follows: at first at once, for a receiver that is started anew, and at last once a day.
const WAITS: [SignedDuration; 10] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(24),
];

/// So long after its first try a delivery is given up: what followed about its subject is of more use by then.
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// A wait is up to so many percent longer, by chance: receivers that were down don't hear everything at once.
const JITTER_PERCENT: i32 = 20;

/// What a try came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was answered with this status.
    Status(u16),
    /// It wasn't answered in time.
    Silence,
    /// The connection couldn't be made, or broke off.
    Broken,
    /// Its address is none that may be told.
    Forbidden,
    /// What it is signed with can't be read: the server's key is another one.
    Unreadable,
    /// The event isn't kept any more.
    Forgotten,
}

impl Outcome {
    /// Whether the receiver has it: any answer from 200 to 299.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status @ 300..=399) => {
                write!(
                    f,
                    "it was sent elsewhere with {status}, where nothing is told"
                )
            }
            Self::Status(status) => write!(f, "it was answered with {status}"),
            Self::Silence => f.write_str("it wasn't answered in time"),
            Self::Broken => f.write_str("no connection could be made, or it broke off"),
            Self::Forbidden => f.write_str("its address leads where this server may tell nothing"),
            Self::Unreadable => {
                f.write_str("the secret couldn't be read with the key that this server has")
            }
            Self::Forgotten => f.write_str("the event isn't kept any more"),
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It is to be tried.
    Waits,
    /// The receiver has it.
    Delivered,
    /// It was tried for long enough.
    GivenUp,
}

impl DeliveryState {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Delivered => "delivered",
            Self::GivenUp => "given-up",
        }
    }
}

/// One event for one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it was tried first.
    pub first_at: Option<Timestamp>,
    /// When it is tried next, at the earliest.
    pub next_at: Timestamp,
    /// What the last try came to.
    pub last: Option<Outcome>,
}

impl Delivery {
    /// One that is to be tried at once.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: DeliveryState::Waits,
            tries: 0,
            first_at: None,
            next_at: now,
            last: None,
        }
    }

    /// Whether it is to be tried, now or later.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == DeliveryState::Waits
    }

    /// Whether it is to be tried now. A clock that was set back makes nobody wait for longer than the longest wait.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let longest = WAITS[WAITS.len() - 1] * (100 + JITTER_PERCENT) / 100;
        self.is_open() && (self.next_at <= now || self.next_at.duration_since(now) > longest)
    }

    /// The same once its event isn't kept any more.
    #[must_use]
    pub fn forgotten(self) -> Self {
        Self {
            state: DeliveryState::GivenUp,
            last: Some(Outcome::Forgotten),
            ..self
        }
    }

    /// The same after a try; `chance` is any number, drawn anew each time.
    #[must_use]
    pub fn tried(mut self, outcome: Outcome, now: Timestamp, chance: u32) -> Self {
        let first = *self.first_at.get_or_insert(now);
        let before = usize::try_from(self.tries).unwrap_or(usize::MAX);
        self.tries = self.tries.saturating_add(1);
        self.state = if outcome.is_well() {
            DeliveryState::Delivered
        } else if now.duration_since(first) >= GIVEN_UP_AFTER {
            DeliveryState::GivenUp
        } else {
            self.next_at = now + wait(before, chance);
            DeliveryState::Waits
        };
        self.last = Some(outcome);
        self
    }
}

/// How long is waited after so many tries before this one.
fn wait(before: usize, chance: u32) -> SignedDuration {
    let wait = WAITS[before.min(WAITS.len() - 1)];
    let percent = i32::try_from(chance % 100).unwrap_or(0) * JITTER_PERCENT / 100;
    wait * (100 + percent) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n)
    }

    #[test]
    fn waits_grow_to_a_day_and_differ_by_chance() {
        for (before, chance, seconds) in [
            (0, 0, 5),
            (1, 0, 30),
            (1, 50, 33),
            (1, 1099, 35),
            (9, 0, 86_400),
            (9, 99, 102_816),
            (usize::MAX, 0, 86_400),
        ] {
            let waited = wait(before, chance);
            assert_eq!(waited.as_secs(), seconds, "{before} {chance}");
        }
        assert!(WAITS.is_sorted());
    }

    #[test]
    fn what_is_taken_is_over_and_what_fails_is_tried_for_three_days() {
        let new = Delivery::new(second(10));
        assert!(new.is_due(second(10)) && !new.is_due(second(9)));
        let taken = new.clone().tried(Outcome::Status(200), second(10), 0);
        assert_eq!((taken.state, taken.tries), (DeliveryState::Delivered, 1));
        assert!(!taken.is_due(second(99)));
        let mut failing = new;
        let mut now = second(10);
        while failing.is_open() {
            failing = failing.tried(Outcome::Silence, now, 0);
            assert!(!failing.is_due(now));
            now = failing.next_at;
        }
        assert_eq!(failing.state, DeliveryState::GivenUp);
        // Nine waits to the first day, then one of a day each.
        assert_eq!(failing.tries, 13);
    }

    /// A clock that was wrong by years made a delivery wait for as long.
    #[test]
    fn nobody_waits_for_a_clock_that_was_set_back() {
        let late = Delivery::new(second(400_000_000));
        assert!(late.is_due(second(10)));
    }

    #[test]
    fn only_an_answer_of_two_hundred_and_something_is_well() {
        for (status, is_well) in [
            (199, false),
            (200, true),
            (204, true),
            (299, true),
            (301, false),
            (410, false),
            (500, false),
        ] {
            assert_eq!(Outcome::Status(status).is_well(), is_well, "{status}");
        }
        for ill in [
            Outcome::Silence,
            Outcome::Broken,
            Outcome::Forbidden,
            Outcome::Unreadable,
        ] {
            assert!(!ill.is_well());
        }
    }

    /// As it stands in stores.
    #[test]
    fn a_delivery_is_kept_like_this() {
        let failed = Delivery::new(second(0)).tried(Outcome::Status(503), second(0), 0);
        assert_eq!(
            serde_json::to_string(&failed).expect("numbers"),
            "{\"state\":\"waits\",\"tries\":1,\"first_at\":\"1970-01-01T00:00:00Z\",\"next_at\":\"1970-01-01T00:00:05Z\",\"last\":{\"status\":503}}"
        );
    }
}
