//! The numbered promises to devices with other update clients, and what was heard of them. Read [`Orders`].
//!
//! An order is opened by [`crate::Rollouts::promise`] alone, in the transaction that makes the promise.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Running};
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{Order, OrderNumber, OrderRefusal, Told, Word};
use mainstay_rollout::{Candidate, Progress, RolloutId};

use crate::{Known, StoreError};

/// The first number is this one and a drawn one: above all that a client remembers of another server, as far as chance goes.
pub const FIRST_ORDER: u32 = 1_000_000;

/// The drawn part of the first number lies below this.
pub const DRAWN_MAX: u32 = 1 << 24;

/// So many of a device's newest orders keep their log.
pub const LOGS_KEPT: u32 = 8;

/// What became of an order by a word, before it is folded into the device's progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heeded {
    /// The order as it is now.
    pub order: Order,
    /// What the rollout is told.
    pub told: Vec<Told>,
}

/// What an order's news make of a device's progress in the rollout of one candidate. It is called inside a transaction, so it must
/// neither wait nor fail; and again, if that is undone for another one.
pub type OrderFold<'a> =
    dyn Fn(&Heeded, &Candidate, Progress, Known) -> Progress + Send + Sync + 'a;

/// A word about an order, ready to be heeded.
#[derive(Debug, Clone, Copy)]
pub struct HeardWord<'a> {
    /// The device.
    pub device: &'a DeviceId,
    /// The order, one of this device's.
    pub number: OrderNumber,
    /// The word.
    pub word: Word,
    /// Its entry in the order's log, if the client itself spoke.
    pub entry: Option<&'a LogEntry>,
    /// What the device runs, if it said so with it.
    pub running: Option<&'a Running>,
    /// The server's time of it.
    pub at: Timestamp,
}

/// The orders.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Notes where the numbers of orders begin: at [`FIRST_ORDER`] and `drawn`, which is cut to what lies below [`DRAWN_MAX`]. Where they have
    /// begun, nothing changes. Whoever has chance calls it before the first numbered promise.
    async fn begin_order_numbers(&self, drawn: u32) -> Result<(), StoreError>;

    /// The device's open order, if it has one. Orders of unknown devices are none, here and below.
    async fn open_order(&self, device: &DeviceId) -> Result<Option<Order>, StoreError>;

    /// This order, if it is the device's.
    async fn order(
        &self,
        device: &DeviceId,
        number: OrderNumber,
    ) -> Result<Option<Order>, StoreError>;

    /// The number of the device's newest order that ended with the release installed ([`mainstay_rollout::Ending::is_installed`]). It takes as long
    /// however many orders there were.
    async fn newest_installed(&self, device: &DeviceId) -> Result<Option<OrderNumber>, StoreError>;

    /// The device's orders, newest first, at most `limit`.
    async fn recent_orders(&self, device: &DeviceId, limit: u32) -> Result<Vec<Order>, StoreError>;

    /// How many orders of this rollout are installed, and wait for their device's version word.
    async fn unverified(&self, rollout: RolloutId) -> Result<u32, StoreError>;

    /// How many devices were handed something of this rollout, and may run it by now: by an open order; or by one that their clients have left after `since`,
    /// or that was given up after it, where the device has begun and nothing was heard of how that ended.
    async fn in_hand(&self, rollout: RolloutId, since: Timestamp) -> Result<u32, StoreError>;

    /// What the client said about this order, newest first, at most `limit`; nothing if it isn't the device's. The logs of a device's
    /// [`LOGS_KEPT`] newest orders are kept.
    async fn order_log(
        &self,
        device: &DeviceId,
        number: OrderNumber,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// Heeds a word ([`mainstay_rollout::order::heed`]), in one transaction: the order, its log if it was given another entry, what
    /// the device runs, that it was heard, what it tells the rollout as an event of its timeline, and what `fold` makes of its progress
    /// (asked about the same enrolments as by [`crate::Reports::record`]). A word that asks for the device's version lets its attributes be asked for.
    ///
    /// # Errors
    /// [`HeedRefusal::Order`] if the order refuses the word; [`StoreError::NotFound`] if the device has no such order. Nothing is
    /// changed then.
    async fn heed(
        &self,
        heard: &HeardWord<'_>,
        fold: &OrderFold<'_>,
    ) -> Result<Heeded, HeedRefusal>;

    /// Saves an order about which somebody decided: that it is cancelled, or over. `entry` goes to its log. That a client was taken at its word stands in
    /// the device's timeline. Where the end leaves it open what the device runs ([`mainstay_rollout::order::ends_unknown`]), its attributes are asked for.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it isn't as in `before` any more, or is closed; [`StoreError::NotFound`] if the device has no such order.
    async fn save_order(
        &self,
        device: &DeviceId,
        before: &Order,
        after: &Order,
        entry: Option<&LogEntry>,
    ) -> Result<(), StoreError>;
}

/// Whether what was decided on `before` may be saved, where `found` is what is stored: not on an older state, and not to open an order again.
pub(crate) fn check_save(before: &Order, found: &Order, after: &Order) -> Result<(), StoreError> {
    if found == before && after.number == before.number && found.is_open() {
        return Ok(());
    }
    Err(StoreError::Conflict {
        what: "order",
        name: before.number.to_string(),
        because: format!("it was {} and is {}", before.state.id(), found.state.id()),
    })
}

/// Why a word about an order wasn't heeded.
#[derive(Debug, thiserror::Error)]
pub enum HeedRefusal {
    /// The order refuses it.
    #[error(transparent)]
    Order(#[from] OrderRefusal),
    /// The store failed, or there is no such order.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HeedRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Order(refusal) => refusal.id(),
            Self::Store(error) => error.id(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Order(refusal) => refusal.cure(),
            Self::Store(error) => error.cure(),
        }
    }
}
