//! Transactions that PostgreSQL undid for the sake of another one. Read [`retried`].

use crate::failure::was_undone;
use crate::{HeedRefusal, IssueFailure, JoinFailure, PromiseRefusal, StoreError};

/// So often a transaction that was undone is tried again. Two that crossed may do so once more, where the one that was undone is quick;
/// each time the other one is a step further.
const RETRIES: u32 = 3;

/// An error that may come from the database.
pub(super) trait MayBeStoreError: From<StoreError> {
    fn store_error(&self) -> Option<&StoreError>;
}

impl MayBeStoreError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl MayBeStoreError for PromiseRefusal {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl MayBeStoreError for JoinFailure {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

impl MayBeStoreError for IssueFailure {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::TooMany(_) | Self::Revoked => None,
        }
    }
}

impl MayBeStoreError for HeedRefusal {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Order(_) => None,
        }
    }
}

/// Makes one whole transaction, and makes it again where PostgreSQL undid it. It is [`StoreError::Busy`] where even the last try was.
pub(super) async fn retried<T, E, F>(attempt: impl Fn() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: MayBeStoreError,
{
    let mut left = RETRIES;
    loop {
        let outcome = attempt().await;
        match &outcome {
            Err(error) if error.store_error().is_some_and(was_undone) => {}
            _ => return outcome,
        }
        if left == 0 {
            return Err(StoreError::Busy.into());
        }
        left -= 1;
    }
}
