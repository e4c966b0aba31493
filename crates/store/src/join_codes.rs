//! The codes by which devices join that have no token yet. Read [`JoinCodes`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{JoinCode, JoinRefusal, SecretHash};
use mainstay_fleet::DeviceId;

use crate::values::device_id;
use crate::{Registration, StoreError};

/// The join codes. Of their secrets only hashes are kept.
#[async_trait]
pub trait JoinCodes: Send + Sync {
    /// Adds a code.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this secret.
    async fn add_join_code(&self, code: &JoinCode) -> Result<(), StoreError>;

    /// At most `most` codes, newest first, also those that don't work any more: the newest ones, or those that follow `after` in that
    /// order. Of those of one moment the one with the lower hash comes first.
    async fn join_codes_after(
        &self,
        after: Option<&JoinCode>,
        most: u32,
    ) -> Result<Vec<JoinCode>, StoreError>;

    /// The code of this secret, whether it works or not.
    async fn join_code(&self, hash: &SecretHash) -> Result<Option<JoinCode>, StoreError>;

    /// Takes a code back: from now on nobody joins with it. Who joined stays. Taking it back once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    async fn revoke_join_code(&self, hash: &SecretHash, at: Timestamp) -> Result<(), StoreError>;

    /// Registers a device that shows a code, and counts one more use of that, in one transaction: of several that want the last use,
    /// whatever servers they ask, one gets it. A device that has joined so already, with the same token, takes no use; its timeline tells of the code.
    ///
    /// # Errors
    /// [`JoinFailure::Refused`] if the code admits it no more; [`StoreError::NotFound`] if there is no such code,
    /// [`StoreError::AlreadyExists`] if the name or the token is another device's, [`StoreError::Gateway`] if the gateway that the code names can't be
    /// one any more. No use is taken then.
    async fn join(&self, code: &SecretHash, new: &Registration) -> Result<Joining, JoinFailure>;
}

/// What came of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// The device was registered.
    New,
    /// It had been registered like this before.
    Again,
}

/// Why a device doesn't join.
#[derive(Debug, thiserror::Error)]
pub enum JoinFailure {
    /// Its code admits it no more.
    #[error(transparent)]
    Refused(#[from] JoinRefusal),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for JoinFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What the timeline tells of a device that joined.
pub(crate) fn told(code: &JoinCode) -> String {
    let (name, maker) = (code.name(), &code.maker);
    format!("joined by the code {name}, which {maker} made")
}

/// The gateway that whoever joins by this code stands behind.
pub(crate) fn gateway(code: &JoinCode) -> Result<Option<DeviceId>, StoreError> {
    let gateway = code.terms.gateway.clone().map(device_id);
    gateway.transpose()
}

/// Whether a code was there to be taken back.
pub(crate) fn expect_code(rows: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(no_code()),
        _ => Ok(()),
    }
}

pub(crate) fn no_code() -> StoreError {
    StoreError::not_found("join code", "of this id")
}
