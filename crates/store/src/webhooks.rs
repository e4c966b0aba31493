//! Who is told by HTTP what happened, and what of it was told. Read [`Webhooks`].
//!
//! A subscription has a position among the events: up to there each was made out to it as a delivery, or wasn't wanted. Both are written at once, so that
//! no event is made out twice, or not at all, whoever is killed when. What a delivery came to is noted after it was made: a kill between the
//! two means that it is made again, under the same id.

use async_trait::async_trait;
use mainstay_api::webhook::{Delivery, Subscription};

use crate::StoreError;
use crate::values::from_json;

/// So many deliveries wait for a subscription at most; further events are made out when there is room. It is a day of a busy fleet.
pub const OPEN_DELIVERIES_MAX: u32 = 1000;

/// So many deliveries that are over are kept for each subscription, for whoever looks what became of them.
pub const CLOSED_DELIVERIES_MAX: u32 = 200;

/// A subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// Its id.
    pub id: String,
    /// What it is.
    pub subscription: Subscription,
    /// Its secret, encrypted with a key that the store doesn't have.
    pub secret: Vec<u8>,
    /// Up to this event all that it wants was made out to it.
    pub position: i64,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// The event's number.
    pub event: i64,
    /// What the event is about.
    pub subject: String,
    /// Where it stands.
    pub delivery: Delivery,
}

/// The subscriptions and their deliveries.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Adds a subscription, for all that happens from now on; its position is given by the store.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this id; [`StoreError::Conflict`] if there are
    /// [`mainstay_api::webhook::WEBHOOKS_MAX`].
    async fn add_webhook(&self, webhook: &StoredWebhook) -> Result<(), StoreError>;

    /// All subscriptions, by id.
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError>;

    /// The subscription of this id.
    async fn webhook(&self, id: &str) -> Result<Option<StoredWebhook>, StoreError>;

    /// Removes a subscription with its deliveries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none of this id.
    async fn remove_webhook(&self, id: &str) -> Result<(), StoreError>;

    /// Makes events out to a subscription, which is at `from`, and moves it on to `to`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it isn't at `from` any more, or isn't there.
    async fn make_out(
        &self,
        id: &str,
        (from, to): (i64, i64),
        deliveries: &[StoredDelivery],
    ) -> Result<(), StoreError>;

    /// How many deliveries wait for a subscription.
    async fn open_deliveries(&self, id: &str) -> Result<u64, StoreError>;

    /// Of each subject the first delivery to a subscription that waits: the others must not be made before it.
    async fn next_deliveries(&self, id: &str) -> Result<Vec<StoredDelivery>, StoreError>;

    /// Notes what a delivery to a subscription came to, and what became of that. What was removed meanwhile stays removed; of deliveries that are over,
    /// the oldest make room.
    async fn save_delivery(
        &self,
        id: &str,
        delivery: &StoredDelivery,
        subscription: &Subscription,
    ) -> Result<(), StoreError>;

    /// The newest deliveries to a subscription, newest first.
    async fn deliveries(&self, id: &str, limit: u32) -> Result<Vec<StoredDelivery>, StoreError>;
}

/// Id, value, secret, position.
pub(crate) type WebhookRow = (String, String, Vec<u8>, i64);

pub(crate) fn webhook(
    (id, value, secret, position): WebhookRow,
) -> Result<StoredWebhook, StoreError> {
    Ok(StoredWebhook {
        id,
        subscription: from_json("webhook", &value)?,
        secret,
        position,
    })
}

/// Event, subject, value.
pub(crate) type DeliveryRow = (i64, String, String);

pub(crate) fn delivery((event, subject, value): DeliveryRow) -> Result<StoredDelivery, StoreError> {
    Ok(StoredDelivery {
        event,
        subject,
        delivery: from_json("delivery", &value)?,
    })
}

/// Why events can't be made out from there.
pub(crate) fn moved_on(id: &str, from: i64) -> StoreError {
    StoreError::Conflict {
        what: "webhook",
        name: id.to_owned(),
        because: format!("it isn't at event {from} any more, or isn't there"),
    }
}

/// Why there can't be another one.
pub(crate) fn too_many(id: &str, most: usize) -> StoreError {
    StoreError::Conflict {
        what: "webhook",
        name: id.to_owned(),
        because: format!("there are {most} already"),
    }
}
