//! Orders: numbered promises to devices that ask with another update client than ours.
//!
//! Our own agent decides by itself what it installs and says when it runs it. Clients such as SWUpdate get a number with each thing that
//! they are to do, and all that they say names that number. An order is that number, the [`Offer`] that it stands for, and what
//! was heard of it. It is opened in the transaction that makes the promise, and it is closed once: an order that was closed is
//! never opened again, and its number never comes twice, for a client may remember it and take the second one for done.
//!
//! What a client calls success is that it *installed*. So such an order is [`OrderState::Installed`], not verified, until
//! the device's own version word says that it runs the release; to the rollout the device has begun, and no more.
//!
//! Nothing here knows a wire format: `telemetry` understands what clients say and makes a [`Word`] of it. Read [`Order`], then
//! [`heed()`] (a word changes an order), then [`review()`] (what the rollout decides by now changes it), then [`again_at`] (when what went
//! wrong is ordered once more) and [`begins_anew`] (who waits for a window and a place once more).

mod again;
mod anew;
mod given_up;
mod heed;
pub mod log;
mod number;
mod review;
#[cfg(test)]
mod tests;
mod unknown;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use again::{BREAKS_MAX, ORDERS_LOOKED_AT, again_at, fails_again};
pub use anew::begins_anew;
pub use given_up::waits_until;
pub use heed::{
    BROKE_OFF, CANCELLED, CLOSED_WITHOUT_DOWNLOAD, FAILED_WITHOUT_DOWNLOAD, OrderRefusal, Told,
    Word, asks_for_version, heed,
};
pub use number::{NotAnOrder, OrderNumber};
pub use review::{FETCHES_MAX, Next, cancel, close, is_final, review};
pub use unknown::{ends_unknown, has_nothing, may_run, waited_for_since};

use crate::offer::Offer;
use crate::rollout::RolloutId;
use crate::wait::Wait;

/// One numbered promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub number: OrderNumber,
    /// The rollout that makes the promise.
    pub rollout: RolloutId,
    /// What was promised.
    pub offer: Offer,
    /// When it was made.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: OrderState,
    /// What was seen of it so far.
    pub seen: Seen,
}

/// Where an order stands. All instants are the server's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OrderState {
    /// It was promised, and nothing shows that the client knows more than its number.
    Offered,
    /// The client has read what is to be done.
    Retrieved {
        /// When it first did.
        at: Timestamp,
    },
    /// This server has begun to hand it the payload.
    Fetching {
        /// Since when.
        since: Timestamp,
    },
    /// The client says that it installed the release. Nobody has said yet that the device runs it.
    Installed {
        /// When it said so.
        at: Timestamp,
    },
    /// The client is asked to leave it, and hasn't answered.
    Cancelling {
        /// Since when.
        since: Timestamp,
        /// What stands against it.
        why: Wait,
    },
    /// It is over for good.
    Closed {
        /// When it was closed.
        at: Timestamp,
        /// How it ended.
        how: Ending,
    },
}

impl OrderState {
    /// The stable id, such as `fetching`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Retrieved { .. } => "retrieved",
            Self::Fetching { .. } => "fetching",
            Self::Installed { .. } => "installed",
            Self::Cancelling { .. } => "cancelling",
            Self::Closed { .. } => "closed",
        }
    }
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The device said, by the version that it runs, that it runs the release.
    Verified,
    /// The plan lets this class count as updated on its client's word.
    TakenAtItsWord,
    /// The client says that it installed the release, and the rollout was over before the device said what it runs.
    Unverified,
    /// The client couldn't install it.
    Failed,
    /// The client said that it was done, or that it failed, and had fetched nothing.
    NothingFetched,
    /// The client said that it failed, and had fetched a part of it only.
    BrokeOff,
    /// The client left it, by itself or as it was asked to.
    Cancelled,
    /// Another promise took its place.
    Superseded,
    /// The rollout took it back before the client had fetched anything, or when the device was known to run what it is to go back from.
    Withdrawn,
    /// People gave it up: the client doesn't answer.
    GivenUp,
}

impl Ending {
    /// The stable id, such as `taken-at-its-word`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::TakenAtItsWord => "taken-at-its-word",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
            Self::NothingFetched => "nothing-fetched",
            Self::BrokeOff => "broke-off",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::GivenUp => "given-up",
        }
    }

    /// Whether the device counts as running the release since then.
    #[must_use]
    pub fn is_installed(self) -> bool {
        matches!(self, Self::Verified | Self::TakenAtItsWord)
    }
}

/// What was seen of an order, beside where it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How often this server began to hand out a payload for it. What a client only says isn't counted.
    pub fetches: u32,
    /// Whether the first byte of it was handed out for this order.
    #[serde(default)]
    pub from_start: bool,
    /// Whether its client had the whole payload at least once, from the first byte to the last.
    pub whole: bool,
    /// Where the newest request for the rest of it began, once its last byte had left: who fetches it again asks from no further on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_from: Option<u64>,
    /// How many entries its log has been given.
    pub log: u32,
    /// When the client first fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// Whether the client refused to leave it: it isn't asked again.
    #[serde(default)]
    pub keeps_on: bool,
}

impl Seen {
    /// Whether anything of the payload was handed out.
    #[must_use]
    pub fn has_fetched(&self) -> bool {
        self.fetches > 0 || self.whole
    }
}

impl Order {
    /// A new order.
    #[must_use]
    pub fn open(number: OrderNumber, rollout: RolloutId, offer: Offer, at: Timestamp) -> Self {
        Self {
            number,
            rollout,
            offer,
            opened_at: at,
            state: OrderState::Offered,
            seen: Seen::default(),
        }
    }

    /// Whether it isn't closed. A device has one open order at most.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state, OrderState::Closed { .. })
    }

    /// Whether it stands for this promise.
    #[must_use]
    pub fn promises(&self, rollout: RolloutId, offer: &Offer) -> bool {
        self.rollout == rollout && self.offer == *offer
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match self.state {
            OrderState::Closed { how, .. } => Some(how),
            _ => None,
        }
    }

    fn closed(mut self, at: Timestamp, how: Ending) -> Self {
        self.state = OrderState::Closed { at, how };
        self
    }
}
