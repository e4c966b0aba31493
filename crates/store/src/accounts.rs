//! The accounts with which people sign in. Read [`Accounts`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, PasswordHash, SecondFactor};

use crate::StoreError;

/// The accounts. They are made by setup links ([`SetupLinks`](crate::SetupLinks)), and none is ever removed.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of this address, closed or not.
    async fn account(&self, who: &Email) -> Result<Option<Account>, StoreError>;

    /// All accounts, by address.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Keeps another password, and ends all sessions of its owner.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no open account that has the password `before`.
    async fn save_password(
        &self,
        who: &Email,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// Keeps another second factor, or none from now on, and ends all sessions of its owner.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no open account whose second factor, with the step that was used last, is `before`.
    async fn save_second_factor(
        &self,
        who: &Email,
        before: Option<&SecondFactor>,
        after: Option<&SecondFactor>,
    ) -> Result<(), StoreError>;

    /// Closes an account: its sessions end, its API tokens are revoked, the links that it made or vouched for
    /// are forgotten, and a bearer token that the address has as a person
    /// is found no more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that is open.
    async fn close_account(&self, who: &Email, at: Timestamp) -> Result<(), StoreError>;
}
