//! The welcomes by which devices come in that nobody registered. Read [`Welcomes`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{NotWelcome, Welcome, WelcomeId};
use mainstay_fleet::{ControllerId, DeviceId};

use crate::{Fingerprint, Registration, StoreError};

/// The welcomes.
#[async_trait]
pub trait Welcomes: Send + Sync {
    /// Adds a welcome.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this id.
    async fn add_welcome(&self, welcome: &Welcome) -> Result<(), StoreError>;

    /// At most `most` welcomes, newest first, also those that don't work any more: the newest ones, or those that follow `after` in that
    /// order. Of those of one moment the one with the lower id comes first.
    async fn welcomes_after(
        &self,
        after: Option<&Welcome>,
        most: u32,
    ) -> Result<Vec<Welcome>, StoreError>;

    /// Those that aren't revoked, over or used up by the clock of this moment, at most [`LIST_MAX`](crate::LIST_MAX).
    async fn working_welcomes(&self, now: Timestamp) -> Result<Vec<Welcome>, StoreError>;

    /// The welcome of this id, whether it works or not.
    async fn welcome(&self, id: WelcomeId) -> Result<Option<Welcome>, StoreError>;

    /// Takes a welcome back: from now on it lets nobody in. Whom it let in stays. Taking it back once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    async fn revoke_welcome(&self, id: WelcomeId, at: Timestamp) -> Result<(), StoreError>;

    /// What stands against a device, whatever welcomes there are: what [`let_in`](Self::let_in) would answer before it looks at one; none if nothing does. One
    /// read: whoever asks again and again is in no writer's way.
    async fn stands_against(&self, comes: &Comes<'_>) -> Result<Option<LetIn>, StoreError>;

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

/// A device that comes and that nobody registered.
#[derive(Debug, Clone, Copy)]
pub struct Comes<'a> {
    /// What would be its own name.
    pub own: &'a DeviceId,
    /// What its update client is called, if that is another one than ours.
    pub controller: Option<&'a ControllerId>,
    /// The certificate that it shows.
    pub by: &'a Fingerprint,
    /// When.
    pub at: Timestamp,
}

impl<'a> Comes<'a> {
    /// As it would be registered.
    #[must_use]
    pub fn of(new: &'a Registration, by: &'a Fingerprint) -> Self {
        Self {
            own: &new.device.id,
            controller: new.controller.as_ref(),
            by,
            at: new.device.registered_at,
        }
    }

    /// Both names by which it could be another one: its own, and its update client's.
    pub(crate) fn names(&self) -> [&'a str; 2] {
        let own = self.own.as_str();
        [own, self.controller.map_or(own, ControllerId::as_str)]
    }
}

/// What stands against a device, by the number that a database gives it: the lowest that it found.
pub(crate) fn against(found: Option<i64>) -> Option<LetIn> {
    Some(match found? {
        0 => LetIn::NotNew,
        1 => LetIn::Refused(NotWelcome::Given),
        _ => LetIn::Refused(NotWelcome::Kept),
    })
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
