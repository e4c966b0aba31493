//! The welcomes by which devices come in that nobody registered. Read [`Welcomes`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{NotWelcome, Welcome, WelcomeId};
use mainstay_fleet::ControllerId;

use crate::{Fingerprint, Registration, StoreError};

/// The welcomes.
#[async_trait]
pub trait Welcomes: Send + Sync {
    /// Adds a welcome.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this id.
    async fn add_welcome(&self, welcome: &Welcome) -> Result<(), StoreError>;

    /// The newest welcomes first, also those that don't work any more, at most [`LIST_MAX`](crate::LIST_MAX).
    async fn welcomes(&self) -> Result<Vec<Welcome>, StoreError>;

    /// Those that aren't revoked, over or used up by the clock of this moment, at most [`LIST_MAX`](crate::LIST_MAX).
    async fn working_welcomes(&self, now: Timestamp) -> Result<Vec<Welcome>, StoreError>;

    /// The welcome of this id, whether it works or not.
    async fn welcome(&self, id: WelcomeId) -> Result<Option<Welcome>, StoreError>;

    /// Takes a welcome back: from now on it lets nobody in. Whom it let in stays. Taking it back once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    async fn revoke_welcome(&self, id: WelcomeId, at: Timestamp) -> Result<(), StoreError>;

    /// Registers a device that shows the certificate `by`, and counts one more use of the welcome, in one transaction: of several that want the last use,
    /// whatever servers they ask, one gets it; and one that asks at two servers is one. Its timeline tells of the welcome and of the certificate.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such welcome, [`StoreError::AlreadyExists`] if the token is another device's.
    async fn let_in(
        &self,
        welcome: WelcomeId,
        new: &Registration,
        by: &Fingerprint,
    ) -> Result<LetIn, StoreError>;
}

/// What came of a device that nobody registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetIn {
    /// It was registered.
    New,
    /// One of its names is a device's or an update client's by now, or its certificate is revoked: nothing was changed.
    NotNew,
    /// It isn't welcome: nothing was changed.
    Refused(NotWelcome),
}

/// What the timeline tells of a device that was let in.
pub(crate) fn told(welcome: &Welcome, by: &Fingerprint) -> String {
    let Welcome { id, maker, .. } = welcome;
    let by = hex::encode(by);
    format!("let in by the welcome {id}, which {maker} made, with the certificate {by}")
}

/// Both names by which a device that comes now could be another one: its own, and its update client's.
pub(crate) fn names(new: &Registration) -> [&str; 2] {
    let own = new.device.id.as_str();
    let controller = new.controller.as_ref().map(ControllerId::as_str);
    [own, controller.unwrap_or(own)]
}

/// Whether a welcome was there to be taken back.
pub(crate) fn expect_welcome(rows: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(no_welcome()),
        _ => Ok(()),
    }
}

pub(crate) fn no_welcome() -> StoreError {
    StoreError::not_found("welcome", "of this id")
}
